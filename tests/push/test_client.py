"""The protocol with a real server on loopback: requests, answers and faults."""

import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from org_analytics.push import challenge
from org_analytics.push.client import Client, ServerOutcome, TooLargeError, parse_outcomes, parse_prices, printable
from org_analytics.push.errors import AuthError, PushError, ServerError, TokenError, UsageError
from org_analytics.push.retries import ATTEMPTS, LONGEST_ASKED, Retries, retry_after
from tests.push.server import TOKEN, Reply, Team

BODY = b'{"sessions":[{"provider":"codex","external_id":"a"}]}'


class Pauses(list[float]):
    """The sleeps that were asked for, the jitter being the longest that is allowed."""

    def retries(self, **options: Callable[[str], None]) -> Retries:
        return Retries(sleep=self.append, jitter=lambda low, high: high, **options)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def plain_http() -> Iterator[str]:
    """The https address of a server that answers the first bytes of anything in plain http."""

    class Plain(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Plain) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def client(team: Team, pauses: Pauses, token: str = TOKEN, scheme: str = "Token") -> Client:
    return Client(team.url, token, scheme, pauses.retries())


def test_request_is_packed_json_with_the_token(team: Team, pauses: Pauses) -> None:
    assert client(team, pauses).send(BODY, 1) == [ServerOutcome("created")]
    (request,) = team.requests
    assert (request.path, request.body) == ("/api/v1/org/sessions", BODY)
    assert request.headers["Authorization"] == f"Token {TOKEN}"
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("org-analytics/")


def test_scheme_can_be_another(team: Team, pauses: Pauses) -> None:
    client(team, pauses, scheme="Bearer").send(BODY, 1)
    assert team.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_proxies_of_the_environment_are_not_used_for_loopback(
    team: Team, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert client(team, pauses).send(BODY, 1) == [ServerOutcome("created")]


def test_proxies_of_the_environment_are_used_for_other_servers(
    team: Team, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", team.url)
    with pytest.raises(ServerError, match="Cannot reach"):
        Client("https://team.example", TOKEN, "Token", pauses.retries()).send(BODY, 1)
    assert not team.requests  # a CONNECT, which the server does not know: nothing was sent in clear text


def test_429_waits_as_long_as_the_server_asks(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(429, {"error": "Rate limit exceeded"}, {"Retry-After": "17"})]
    assert client(team, pauses).send(BODY, 1) == [ServerOutcome("created")]
    assert pauses == [17]


def test_429_that_asks_for_too_long_ends_the_run(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(429, {}, {"Retry-After": str(int(LONGEST_ASKED) + 1)})]
    with pytest.raises(ServerError, match="301 s"):
        client(team, pauses).send(BODY, 1)
    assert pauses == []


def test_pauses_grow_and_end(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(503, {"error": "Query took too long"})] * ATTEMPTS
    with pytest.raises(ServerError, match=r"503 \(Query took too long\); gave up after 6 attempts"):
        client(team, pauses).send(BODY, 1)
    assert pauses == [1, 2, 4, 8, 16]
    assert len(team.requests) == ATTEMPTS


def test_pauses_are_told(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(500, b"<html>"), None]
    told: list[str] = []
    Client(team.url, TOKEN, "Token", pauses.retries(tell=told.append)).send(BODY, 1)
    assert told == [f"{team.url} answers 500 (Internal Server Error); trying again in 1 s."]


def test_connection_reset_is_tried_again(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(0), Reply(0)]
    assert client(team, pauses).send(BODY, 1) == [ServerOutcome("created")]
    assert pauses == [1, 2]


def test_answer_cut_off_is_tried_again_and_the_server_says_unchanged(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(200, b"{", {"Content-Length": "99"}, after_storing=True)]
    assert client(team, pauses).send(BODY, 1) == [ServerOutcome("unchanged")]
    assert pauses == [1]


def test_error_answer_cut_off_has_the_standard_phrase(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(400, b"{", {"Content-Length": "99"})]
    with pytest.raises(ServerError, match=r"400 \(Bad Request\)"):
        client(team, pauses).send(BODY, 1)


def test_server_that_is_not_there_is_a_server_error(pauses: Pauses) -> None:
    with pytest.raises(ServerError, match=r"Cannot reach http://127.0.0.1:9 \(ConnectionRefusedError\); gave up"):
        Client("http://127.0.0.1:9", TOKEN, "Token", pauses.retries()).send(BODY, 1)


def test_untrusted_certificate_is_not_tried_again(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    def untrusted(*args: object, **options: object) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr("http.client.HTTPSConnection.connect", untrusted)
    with pytest.raises(ServerError, match=r"certificate of https://team.example is not trusted: self-signed"):
        Client("https://team.example", TOKEN, "Token", pauses.retries()).send(BODY, 1)
    assert pauses == []


def test_plain_http_at_an_https_address_is_said_at_once(plain_http: str, pauses: Pauses) -> None:
    with pytest.raises(ServerError) as refused:
        Client(plain_http, TOKEN, "Token", pauses.retries()).send(BODY, 1)
    assert str(refused.value).startswith(f"No TLS connection to {plain_http} (")
    assert "plain http" in str(refused.value)
    assert pauses == []


def test_tls_connection_that_was_cut_is_tried_again(pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*args: object, **options: object) -> None:
        raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    monkeypatch.setattr("http.client.HTTPSConnection.connect", cut)
    with pytest.raises(ServerError, match="gave up after 6 attempts"):
        Client("https://team.example", TOKEN, "Token", pauses.retries()).send(BODY, 1)
    assert len(pauses) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (401, TokenError, "does not accept this token (Not a member)"),
        (403, AuthError, "not allow you to write (Not a member)"),
        (404, ServerError, "organization analytics is enabled"),
        (413, TooLargeError, "a request of this size (Not a member)"),
        (400, ServerError, "400 (Not a member)"),
        (415, ServerError, "415 (Not a member)"),
    ],
)
def test_refusals_are_not_tried_again(
    team: Team, pauses: Pauses, status: int, kind: type[PushError], text: str
) -> None:
    team.replies = [Reply(status, {"error": "Not a member"})]
    with pytest.raises(kind) as refused:
        client(team, pauses).send(BODY, 1)
    assert text in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert (len(team.requests), pauses) == (1, [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("/login?next=/", "redirects."),
        ("https://elsewhere.example/?s3cret", "redirects to elsewhere.example."),
        ("http://[", "redirects."),
    ],
)
def test_redirects_are_never_followed(team: Team, pauses: Pauses, status: int, location: str, text: str) -> None:
    team.replies = [Reply(status, b"", {"Location": location})]
    with pytest.raises(UsageError) as refused:
        client(team, pauses).send(BODY, 1)
    assert text in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert len(team.requests) == 1


def test_redirect_to_another_server_does_not_reach_it(team: Team, pauses: Pauses) -> None:
    team.replies = [Reply(307, b"", {"Location": team.url.replace("127.0.0.1", "localhost") + "/elsewhere"})]
    with pytest.raises(UsageError, match="to localhost"):
        client(team, pauses).send(BODY, 1)
    assert [request.path for request in team.requests] == ["/api/v1/org/sessions"]


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"[]", b"{}", b'{"results": []}', b'{"results": 1}', b'{"results": [{}]}', b'{"results": [1]}',
        b'{"results": [{"index": 1, "status": "created"}]}', b'{"results": [{"index": 0, "status": "lost"}]}',
        b'{"results": [{"index": 0, "status": "invalid", "errors": ["x"]}]}',
        b'{"results": [{"index": 0, "status": []}]}',
        b'{"results": [{"index": 0, "status": "invalid", "errors": {"title": 1}}]}', b"\xff", b"[" * 100_000,
        b'{"results": [{"index": 0, "status": "created"}, {"index": 1, "status": "created"}]}',
    ],
)  # fmt: skip
def test_answer_that_is_not_one_result_a_row_acknowledges_nothing(answer: bytes) -> None:
    with pytest.raises(ServerError, match="does not contain one result for each row"):
        parse_outcomes(answer, 1)


def test_errors_are_texts_by_field_on_one_line() -> None:
    answer = {"results": [{"index": 0, "status": "invalid", "errors": {"a\x1b[1m": ["x\n y", 1], "b": "one"}}]}
    assert parse_outcomes(json.dumps(answer).encode(), 1) == [
        ServerOutcome("invalid", {"a [1m": ["x y", "1"], "b": ["one"]})
    ]


def test_long_messages_are_cut() -> None:
    assert printable("x" * 300) == "x" * 300
    assert printable("x" * 301) == "x" * 299 + "…"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("²", None), ("0", 0), (" 30 ", 30),
        ("9" * 5000, 9_999_999_999), ("Mon, 23 Nov 2026 12:00:30 GMT", 30), ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", None), ("Mon, 99 Nov 2026 12:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: Any) -> None:
    assert retry_after(value, datetime(2026, 11, 23, 12, tzinfo=UTC)) == seconds


def test_retry_after_counts_from_now() -> None:
    assert retry_after("Mon, 23 Nov 2015 12:00:30 GMT") == 0


def test_scheme_that_the_server_offers_is_tried_after_a_401(team: Team, pauses: Pauses) -> None:
    team.schemes, team.challenge = {"Bearer"}, {"WWW-Authenticate": 'JWT, Basic realm="x, y", Bearer, Token'}
    sender = client(team, pauses)
    assert sender.send(BODY, 1) == [ServerOutcome("created")]
    assert sender.auth_scheme == "Bearer"
    tried = [request.headers["Authorization"].split()[0] for request in team.requests]
    assert tried == ["Token", "JWT", "Bearer"]
    sender.send(BODY, 1)
    assert team.requests[-1].headers["Authorization"].startswith("Bearer ")


def test_refused_token_names_the_schemes_and_the_page_where_tokens_are_created(team: Team, pauses: Pauses) -> None:
    team.challenge = {
        "WWW-Authenticate": "Token, Bearer",
        "Link": '<https://team.example/tokens>; rel="help"',
    }
    with pytest.raises(TokenError) as refused:
        client(team, pauses, token="wr0ng").send(BODY, 1)
    assert str(refused.value) == (
        f"{team.url} does not accept this token (Authentication required)."
        " It offers these authentication schemes (see --auth-scheme): Token, Bearer."
        " Create a token at https://team.example/tokens."
    )
    assert len(team.requests) == 2


def test_repeated_and_endless_schemes_are_tried_once_and_not_without_end(team: Team, pauses: Pauses) -> None:
    names = [f"S{number}" for number in range(50)]
    team.challenge = {"WWW-Authenticate": ", ".join(["token", *names, *names])}
    with pytest.raises(TokenError):
        client(team, pauses, token="wr0ng").send(BODY, 1)
    assert len(team.requests) == challenge.MAX_SCHEMES


def test_answer_over_the_limit_is_a_server_error(team: Team, pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.push.client.MAX_ANSWER_BYTES", 1024)
    team.replies = [Reply(200, b" " * 1024), Reply(200, b" " * 1025)]
    with pytest.raises(ServerError, match="one result for each row"):
        client(team, pauses).send(BODY, 1)
    with pytest.raises(ServerError, match="is larger than"):
        client(team, pauses).send(BODY, 1)
    assert pauses == []


def test_prices_are_read_with_the_token(team: Team, pauses: Pauses) -> None:
    team.prices = {"gpt-99": {"input": "1.5"}}
    assert client(team, pauses).get_prices() == team.prices
    (request,) = team.reads
    assert (request.path, request.headers["Authorization"]) == ("/api/v1/org/prices", f"Token {TOKEN}")


def test_server_without_prices_has_none(team: Team, pauses: Pauses) -> None:
    assert client(team, pauses).get_prices() == {}


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"prices": []}', b'{"prices": {"a": 1}}', b"[" * 100_000])
def test_answer_without_prices_is_a_server_error(answer: bytes) -> None:
    with pytest.raises(ServerError, match="does not contain prices"):
        parse_prices(answer)
