"""One spelling for each server, TLS except for this machine, and no address that may contain a secret."""

import pytest

from org_analytics.push.config import is_loopback, server_url
from org_analytics.push.errors import UsageError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://team.example", "https://team.example"),
        (" HTTPS://Team.Example:443/ ", "https://team.example"),
        ("https://team.example:8443/tools/", "https://team.example:8443/tools"),
        ("https://tèam.example/é b", "https://xn--tam-6la.example/%C3%A9%20b"),
        ("https://team.example/a%20b", "https://team.example/a%20b"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_address_has_one_spelling(given: str, expected: str) -> None:
    assert server_url(given) == expected
    assert server_url(expected) == expected


@pytest.mark.parametrize(
    "given",
    [
        "", "team.example", "localhost:8000", "ftp://team.example", "https://", "https:///path", "https://a b.example",
        "http://team.example", "http://localhost.team.example", "http://10.0.0.1", "http://0.0.0.0", "http://127.0.0.1.nip.example",
        "https://user:s3cret@team.example", "https://s3cret@team.example", "https://team.example?key=s3cret",
        "https://team.example#s3cret", "https://team.example:s3cret", "https://team.example:99999", "https://[s3cret",
        "https://" + "s3cret" * 20 + ".example",
    ],
)  # fmt: skip
def test_other_addresses_are_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(UsageError) as refused:
        server_url(given)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("127.0.0.1:8160", "http://127.0.0.1:8160"),
        ("localhost:8160/s3cret", "http://localhost:8160"),
        ("[::1]:8160", "http://[::1]:8160"),
        ("me:s3cret@localhost", "http://localhost"),
        ("team.example", "https://team.example"),
        ("s3cret", "https://team.example"),
        ("localhost:s3cret", "https://team.example"),
    ],
)
def test_address_without_a_scheme_is_told_what_to_type(given: str, meant: str) -> None:
    with pytest.raises(UsageError, match="must start with https://") as refused:
        server_url(given)
    assert f"'{meant}'" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["team.example", "10.0.0.1", "localhost.example", "::2", ""])
def test_other_machines_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)
