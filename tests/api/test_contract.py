"""The endpoints, exactly as in the contract: parameters, their messages, the order of checks, headers."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from org_analytics.models import CodingSession
from tests.questions import ANALYTICS, DAY, NOW, RANGE, REPOS, START

MakeSession = Callable[..., CodingSession]


UNKNOWN = "must be one of claude-code, codex, opencode, cursor"


@pytest.fixture
def refused(api: Client) -> Callable[..., str]:
    """`refused(start_ts="x")`: the one message of a query that is refused."""

    def get(query: str = "", path: str = ANALYTICS, **parameters: Any) -> str:
        response = api.get(f"{path}?{query or urlencode(parameters, doseq=True)}")
        assert response.status_code == 400, response.content
        assert list(response.json()) == ["error"]
        return response.json()["error"]

    return get


def row_of(answer: dict[str, Any], email: str) -> dict[str, Any]:
    return next(row for row in answer["users"] if row["user"]["email"] == email)


BAD_INTEGERS = [
    "x",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "--1",
    "+",
    "-",
    "٣",
    "1_000",
    "1\n",
    "1,2",
    "9" * 33,
    "9" * 9_999,
]
BEFORE_FIRST = int(datetime(1, 1, 3, tzinfo=UTC).timestamp()) - 1
AFTER_LAST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
@pytest.mark.parametrize("name", ["start_ts", "end_ts", "tz_offset"])
@pytest.mark.parametrize("value", BAD_INTEGERS)
def test_a_bad_integer_is_named(refused: Any, path: str, name: str, value: str) -> None:
    assert refused(path=path, **{**RANGE, name: value}) == f"Invalid {name}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start_ts", BEFORE_FIRST),
        ("end_ts", AFTER_LAST),
        ("start_ts", 10**30),
        ("end_ts", -(10**30)),
        ("tz_offset", 1441),
        ("tz_offset", -1441),
    ],
)
def test_an_integer_out_of_range_is_named(refused: Any, name: str, value: int) -> None:
    assert refused(**{**RANGE, name: value}) == f"Invalid {name}"


@pytest.mark.parametrize(
    ("start", "end", "tz_offset", "shown"),
    [
        (START, START + DAY, 0, ("2026-06-16", "2026-06-16")),
        (f"+{START}", f"+{START + DAY}", "+0", ("2026-06-16", "2026-06-16")),
        (START, START + DAY, -600, ("2026-06-17", "2026-06-17")),
        (START, START + DAY, 1440, ("2026-06-15", "2026-06-15")),
        (START, START + DAY, -1440, ("2026-06-17", "2026-06-17")),
        (START, START + 1, "", ("2026-06-16", "2026-06-15")),
        (-1, 1, 0, ("1969-12-31", "1969-12-31")),
        (BEFORE_FIRST + 1, BEFORE_FIRST + 2, 1440, ("0001-01-02", "0001-01-01")),
        (AFTER_LAST - 2, AFTER_LAST - 1, -1440, ("9999-12-30", "9999-12-29")),
    ],
)
@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_the_date_range_is_the_clients(
    ask: Any, path: str, start: Any, end: Any, tz_offset: Any, shown: tuple[str, str]
) -> None:
    answer = ask(path, start_ts=start, end_ts=end, tz_offset=tz_offset)

    assert answer["date_range"] == {"start_date": shown[0], "end_date": shown[1]}


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        ({}, ("2026-06-10", "2026-06-17")),
        ({"start_ts": "", "end_ts": "", "tz_offset": "", "provider": "", "repos": ""}, ("2026-06-10", "2026-06-17")),
        ({"start_ts": int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())}, ("2026-06-01", "2026-06-17")),
        ({"end_ts": int(datetime(2026, 6, 15, tzinfo=UTC).timestamp())}, ("2026-06-10", "2026-06-14")),
        ({"format": "csv", "page": "9", "zzz": "1"}, ("2026-06-10", "2026-06-17")),
    ],
)
@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_each_missing_or_empty_parameter_has_its_default(
    api: Client, now: datetime, path: str, parameters: dict[str, Any], shown: tuple[str, str]
) -> None:
    answer = api.get(path, parameters).json()

    assert answer["date_range"] == {"start_date": shown[0], "end_date": shown[1]}
    assert answer["computed_at"] == "2026-06-17T15:30:00Z"


def test_the_repository_list_ignores_the_other_parameters(ask: Any, user: Any, make_session: MakeSession) -> None:
    make_session(user, git_info={"repo_url": "acme/api"})

    assert ask(REPOS, provider="windsurf", repos="\0", include_no_repo="maybe")["repos"] == ["acme/api"]


def test_start_is_inclusive_and_end_exclusive(ask: Any, user: Any, make_session: MakeSession) -> None:
    for second in (-1, 0, 59, 60):
        make_session(user, started_at=NOW + timedelta(seconds=second), git_info={"repo_url": f"acme/r{second}"})
    span = {"start_ts": int(NOW.timestamp()), "end_ts": int(NOW.timestamp()) + 60}

    assert ask(**span)["totals"]["session_count"] == 2
    assert ask(REPOS, **span)["repos"] == ["acme/r0", "acme/r59"]


def test_a_fraction_of_a_second_belongs_to_its_second(ask: Any, user: Any, make_session: MakeSession) -> None:
    make_session(user, started_at=NOW - timedelta(microseconds=1))
    start = int(NOW.timestamp())

    assert ask(start_ts=start, end_ts=start + 1)["totals"]["session_count"] == 0
    assert ask(start_ts=start - 1, end_ts=start)["totals"]["session_count"] == 1


@pytest.mark.parametrize(("extra", "is_fine"), [(0, True), (3_600, True), (3_601, False), (DAY, False)])
@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_ninety_days_and_an_hour_pass_and_no_more(api: Client, path: str, extra: int, is_fine: bool) -> None:
    response = api.get(path, {"start_ts": START, "end_ts": START + 90 * DAY + extra})

    assert response.status_code == (200 if is_fine else 400)
    if not is_fine:
        assert response.json() == {"error": "Date range cannot exceed 90 days"}


@pytest.mark.parametrize("seconds", [0, -1])
def test_the_end_must_be_after_the_start(refused: Any, seconds: int) -> None:
    assert refused(start_ts=START, end_ts=START + seconds) == "end_ts must be after start_ts"


@pytest.mark.parametrize(
    ("provider", "quoted"),
    [
        ("windsurf", '"windsurf"'),
        ("codex, WindSurf ,x", '"windsurf"'),
        ("Claude Code", '"claude code"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\a\b\f\n\r\t\vb", r'"a\a\b\f\n\r\t\vb"'),
        ("a\x00b\x1b\x7f", r'"a\x00b\x1b\x7f"'),
        ("\u200bé", '"\\u200bé"'),
        ("x\U000e0001", '"x\\U000e0001"'),
        ("50%", '"50%"'),
        ("%(x)s {y}", '"%(x)s {y}"'),
        ("<b>", '"<b>"'),
    ],
)
def test_the_first_unknown_provider_is_quoted_trimmed_and_lower_cased(refused: Any, provider: str, quoted: str) -> None:
    assert refused(provider=provider) == f"unknown provider {quoted}: {UNKNOWN}"


def test_providers_are_trimmed_lower_cased_and_empties_dropped(ask: Any, user: Any, make_session: MakeSession) -> None:
    make_session(user, provider="codex")
    make_session(user, provider="cursor")
    make_session(user, provider="opencode")

    assert ask(provider=" , CODEX ,cursor,,codex")["totals"]["session_count"] == 2
    assert ask(provider=" , ")["totals"]["session_count"] == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"provider": ",".join(["codex"] * 51)}, "provider filter exceeds maximum of 50 values"),
        ({"repos": ",".join(["acme/api"] * 51)}, "repo filter exceeds maximum of 50 values"),
        ({"repos": "x" * 513}, "repo filter value exceeds maximum length of 512"),
        ({"repos": "é" * 257}, "repo filter value exceeds maximum length of 512"),
        ({"repos": "acme/a\0pi"}, "Invalid repos"),
        ({"include_no_repo": "maybe"}, "Invalid include_no_repo"),
        ({"include_no_repo": "TRUE"}, "Invalid include_no_repo"),
        ({"include_no_repo": " "}, "Invalid include_no_repo"),
        ({"include_no_repo": "2"}, "Invalid include_no_repo"),
    ],
)
def test_a_bad_filter_is_named(refused: Any, parameters: dict[str, str], message: str) -> None:
    assert refused(**parameters) == message


@pytest.mark.parametrize(
    "parameters",
    [
        {"provider": ",".join(["codex"] * 50)},
        {"provider": "," * 200},
        {"repos": ",".join(f"acme/{number}" for number in range(50)) + ",,,"},
        {"repos": "é" * 256},
        {"repos": " " * 600 + "acme/api"},
    ],
)
def test_a_filter_at_its_limit_passes(ask: Any, parameters: dict[str, str]) -> None:
    ask(**parameters)


FAILURES = [
    ("start_ts=x", "Invalid start_ts"),
    ("end_ts=x", "Invalid end_ts"),
    ("tz_offset=x", "Invalid tz_offset"),
    ("start_ts=2&end_ts=1", "end_ts must be after start_ts"),
    ("start_ts=0&end_ts=99999999", "Date range cannot exceed 90 days"),
    ("provider=windsurf", f'unknown provider "windsurf": {UNKNOWN}'),
    (f"provider={','.join(['codex'] * 51)}", "provider filter exceeds maximum of 50 values"),
    (f"repos={','.join(['x' * 513] * 51)}", "repo filter exceeds maximum of 50 values"),
    (f"repos={'x' * 513},%00", "repo filter value exceeds maximum length of 512"),
    ("repos=%00", "Invalid repos"),
    ("include_no_repo=x", "Invalid include_no_repo"),
]


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(range(len(FAILURES)), 2)])
def test_the_first_failure_in_the_contracts_order_answers_alone(refused: Any, first: int, second: int) -> None:
    # The first of a repeated parameter counts: the earlier check's value must come first.
    query = f"{FAILURES[first][0]}&{FAILURES[second][0]}"

    assert refused(query) == FAILURES[first][1]


def test_an_unknown_provider_is_named_before_there_are_too_many(refused: Any) -> None:
    assert refused(provider=",".join(["codex"] * 60 + ["x"])) == f'unknown provider "x": {UNKNOWN}'


def test_the_first_value_of_a_repeated_parameter_counts(api: Client, user: Any, make_session: MakeSession) -> None:
    make_session(user, provider="codex")
    make_session(user, provider="cursor")
    query = (
        f"{urlencode(RANGE)}&start_ts=x&end_ts=1&provider=codex&provider=windsurf&include_no_repo=&include_no_repo=x"
    )

    assert api.get(f"{ANALYTICS}?{query}").json()["totals"]["session_count"] == 1


@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_too_many_parameters_are_refused_after_the_gates(api: Client, path: str, settings: Any) -> None:
    query = "&".join(f"x{number}=1" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))

    response = api.get(f"{path}?{query}")

    assert (response.status_code, response.json()) == (400, {"error": "Too many parameters"})
    assert Client().get(f"{path}?{query}").status_code == 401
    assert api.delete(f"{path}?{query}").status_code == 405


@pytest.mark.parametrize("raw", ["%", "%zz", "%ff%fe", "%ed%a0%80", "repos=%ed%a0%80", "repos=a%2Cb", "&&==", "a;b"])
def test_no_query_string_breaks_anything(api: Client, raw: str) -> None:
    assert api.get(f"{ANALYTICS}?{raw}").status_code == 200


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "cp500", "latin-1", "no-such"])
@pytest.mark.parametrize("raw", ["repos=%2B2AA-", "repos=+2AA-", "provider=codex", "provider=windsurf", "start_ts=x"])
def test_the_charset_of_an_absent_body_does_not_affect_the_query_string(api: Client, charset: str, raw: str) -> None:
    plain = api.get(f"{ANALYTICS}?{raw}")

    odd = api.get(f"{ANALYTICS}?{raw}", headers={"content-type": f"text/plain; charset={charset}"})

    assert odd.status_code == plain.status_code
    assert odd.json().keys() == plain.json().keys()


@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_head_has_the_headers_of_get_and_no_body(api: Client, path: str) -> None:
    get, head = api.get(path, RANGE), api.head(path, RANGE)

    assert head.status_code == 200
    assert head.content == b""
    assert head["Content-Type"] == get["Content-Type"] == "application/json"
    assert head["Cache-Control"] == get["Cache-Control"] == "no-store"
    assert api.head(path, {"start_ts": "x"}).status_code == 400


@pytest.mark.parametrize("path", [ANALYTICS, REPOS])
def test_a_trailing_slash_is_another_url(api: Client, path: str) -> None:
    assert api.get(f"{path}/").status_code == 404
