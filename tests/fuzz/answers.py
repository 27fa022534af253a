"""Sends a request and judges the answer."""

import json
import re
import socket
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from .nasty import CANARY
from .requests import RawRequest
from .site import HOST, MAX_SECONDS, REPEATS, SLOWER_THAN_PLAIN, Site

# What a 400 of the API names: a parameter, or a part of the body.
_NAMED = re.compile(
    r"\b(start_ts|end_ts|tz_offset|provider|repos?|include_no_repo|interval|group_by|team|person|cursor|sessions)\b"
    r"|^(Too many parameters|Date range cannot exceed|Invalid JSON|Body must be|Incomplete body|Invalid gzip)"
)
_TRACES = ("Traceback (most recent call last)", 'File "/', "site-packages", "django.core", "OperationalError")


@dataclass(frozen=True)
class Answer:
    """The answer to a request, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


def send(request: RawRequest, site: Site) -> Answer:
    """Send a request on a connection of its own. Raises OSError or HTTPException if there is no answer."""
    start = time.perf_counter()
    with socket.create_connection((HOST, site.port), timeout=60) as connection:
        try:
            connection.sendall(request.encoded())
            connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered, and closed, before it had read all
        response = HTTPResponse(connection, method=request.method)
        response.begin()
        body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body, time.perf_counter() - start)


def findings(request: RawRequest, site: Site) -> tuple[int, list[str]]:
    """The status of the answer (0: there was none), and what is wrong with it."""
    try:
        answer = send(request, site)
    except (OSError, HTTPException) as error:
        if len(request.body) > 100_000:
            return 0, []  # refused before the body was read: the connection was reset before the answer arrived
        return 0, [f"no answer: {error!r}"]
    found = [*_wrong_status(request, answer), *_leaks(answer, site)]
    if answer.seconds > MAX_SECONDS:
        found += _slowness(request, site)
    return answer.status, found


def _slowness(request: RawRequest, site: Site) -> list[str]:
    """What is wrong with a request whose answer was slow; nothing if the whole machine is."""
    plain = plain_request(site)
    times = [(send(request, site).seconds, send(plain, site).seconds) for _ in range(REPEATS)]
    fastest, fastest_plain = map(min, zip(*times, strict=True))
    is_slow = fastest > MAX_SECONDS and fastest > SLOWER_THAN_PLAIN * fastest_plain
    return [f"took {fastest:.2f} s, a plain request {fastest_plain:.2f} s"] if is_slow else []


def plain_request(site: Site) -> RawRequest:
    """The organization page as a reader asks for it."""
    headers = ("Host", f"{HOST}:{site.port}"), ("Cookie", f"sessionid={site.session}")
    return RawRequest("GET", "/organization", headers, path="/organization")


def leaks_in_log(site: Site) -> list[str]:
    """The lines of the server's log that hold a secret or a stack trace."""
    lines = site.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if any(text in line for text in (*site.secrets, CANARY, _TRACES[0]))]


def _wrong_status(request: RawRequest, answer: Answer) -> list[str]:
    if answer.status >= 500:
        return [f"status {answer.status}"]
    is_json = answer.headers.get("content-type") == "application/json"
    if not request.is_api or not is_json or request.method == "HEAD":
        return []
    value = json.loads(answer.body)
    if answer.headers.get("cache-control") != "no-store":
        return ["may be stored"]
    if answer.status >= 400 and list(value) != ["error"]:
        return ["error has another form"]
    if answer.status == 400 and not _NAMED.search(value["error"]):
        return [f"names no parameter: {value['error']!r}"]
    return []


def _leaks(answer: Answer, site: Site) -> list[str]:
    text = answer.body.decode("utf-8", "replace") + "\n".join(answer.headers.values())
    if answer.status == 200 and '"openapi"' in text[:20]:
        return []
    return [f"{what!r} in the answer" for what in (*site.secrets, CANARY, *_TRACES) if what in text]
