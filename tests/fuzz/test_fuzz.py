"""A short run of `python -m tests.fuzz`, and whether it would see what it looks for."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from . import answers
from .__main__ import fuzz, our_urls
from .answers import Answer, findings, leaks_in_log
from .nasty import CANARY
from .requests import RawRequest, make_request
from .site import Site, served_example

SITE = Site(port=1, log=Path(), token="the-token", session="the-session", csrf="c", csrf_cookie="d")
API = RawRequest("GET", "/api/v1/org/repos", (), path="/api/v1/org/repos")
HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


def test_bad_requests_cause_no_failure_and_no_leak(tmp_path: Path) -> None:
    with served_example(tmp_path) as site:
        statuses, found = fuzz(site, range(300), seed=1)

    assert found == []
    assert {200, 302, 400, 401, 403, 405} <= set(statuses)


def test_the_same_number_makes_the_same_request() -> None:
    target = our_urls()
    requests = [make_request(number, 1, SITE, target) for number in range(200)]

    assert requests == [make_request(number, 1, SITE, target) for number in range(200)]
    assert len(set(map(str, requests))) > 190


@pytest.mark.parametrize(
    ("body", "missing", "sent"),
    [
        (b"0123456789", 0, b"7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n"),
        (b"01", 0, b"2\r\n01\r\n0\r\n\r\n"),
        (b"01", 1, b"2\r\n01\r\n"),
    ],
)
def test_chunks_are_complete_unless_something_is_missing(body: bytes, missing: int, sent: bytes) -> None:
    request = RawRequest("POST", "/", (), body, missing, is_chunked=True)

    assert request.encoded().partition(b"\r\n\r\n")[2] == sent


def test_every_url_and_parameter_is_asked() -> None:
    target = our_urls()
    texts = [f"{request.path} {request.target}" for request in (make_request(n, 1, SITE, target) for n in range(2_000))]

    asked = Counter(text.partition(" ")[0] for text in texts)
    assert set(asked) == set(target.paths)
    assert [name for name in target.parameters if not any(f"{name}=" in text for text in texts)] == []


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (Answer(500, HEADERS, b"{}", 0), "status 500"),
        (Answer(200, HEADERS, b'"the-token"', 0), "'the-token' in the answer"),
        (Answer(200, {**HEADERS, "location": "the-session"}, b"{}", 0), "'the-session' in the answer"),
        (Answer(200, HEADERS, CANARY.encode(), 0), "'c4nary-s3cret' in the answer"),
        (Answer(400, HEADERS, b'{"error": "Bad"}', 0), "names no parameter: 'Bad'"),
        (Answer(400, HEADERS, b'{"detail": "Invalid start_ts"}', 0), "error has another form"),
        (Answer(200, {"content-type": "application/json"}, b"{}", 0), "may be stored"),
    ],
)
def test_each_kind_of_finding_is_seen(answer: Answer, finding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = API if answer.body != CANARY.encode() else RawRequest("GET", "/organization", (), path="/organization")
    monkeypatch.setattr(answers, "send", lambda request, site: answer)

    assert findings(request, SITE) == (answer.status, [finding])


@pytest.mark.parametrize(
    ("seconds", "plain_seconds", "found"),
    [
        ([2.0, 3.0, 2.0, 2.5, 9.0], 0.1, ["took 2.00 s, a plain request 0.10 s"]),
        ([2.0, 3.0, 0.1, 2.0, 2.0], 0.1, []),  # slow only at times
        ([2.0, 3.0, 2.0, 2.5, 9.0], 1.5, []),  # everything is slow
    ],
)
def test_a_slow_answer_is_a_finding_unless_the_machine_is_slow(
    seconds: list[float], plain_seconds: float, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(seconds)

    def answer(request: RawRequest, site: Site) -> Answer:
        return Answer(200, HEADERS, b"{}", next(times) if request is API else plain_seconds)

    monkeypatch.setattr(answers, "send", answer)

    assert findings(API, SITE) == (200, found)


def test_a_missing_answer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def reset(request: Any, site: Site) -> Answer:
        raise ConnectionResetError("reset")

    monkeypatch.setattr(answers, "send", reset)

    assert findings(API, SITE) == (0, ["no answer: ConnectionResetError('reset')"])


def test_a_secret_and_a_stack_trace_in_the_log_are_seen(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("fine\nkey the-token\nTraceback (most recent call last):\n")

    assert leaks_in_log(Site(1, log, "the-token", "s", "c", "d")) == [
        "key the-token",
        "Traceback (most recent call last):",
    ]
