"""Makes one bad request from a number. The same seed and number make the same request."""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from urllib.parse import quote

from . import nasty
from .site import HOST, Site


@dataclass(frozen=True)
class RawRequest:
    """A request in bytes."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    # Bytes that Content-Length promises and that never come.
    missing: int = 0
    is_chunked: bool = False
    path: str = field(default="", compare=False)

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")
        if self.is_chunked:
            parts = [part for part in (self.body[:7], self.body[7:]) if part]
            end = [] if self.missing else [b""]
            return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, *end])
        return head + self.body

    def __str__(self) -> str:
        return f"{self.method} {self.target[:300]} {dict(self.headers)!r:.600} {self.body[:200]!r}"


@dataclass(frozen=True)
class Target:
    """What can be asked: the paths of our URLs, as templates, and the parameters that they read."""

    paths: Sequence[str]
    parameters: Sequence[str]


def make_request(number: int, seed: int, site: Site, target: Target) -> RawRequest:
    """Make a request: to one of our URLs, mostly with a valid login, else wrong in one to three ways."""
    random = Random(f"{seed}/{number}")
    path = random.choice(target.paths)
    is_writing = path.endswith("/sessions") and random.random() < 0.7
    method = "POST" if is_writing else "GET" if random.random() < 0.8 else random.choice(nasty.METHODS)
    headers = {"Host": f"{HOST}:{site.port}", **_login(random, site)}
    for name in random.sample(list(nasty.OTHER_HEADERS), random.choice((0, 0, 1, 2))):
        headers[name] = random.choice(nasty.OTHER_HEADERS[name])
    body, missing, is_chunked = b"", 0, False
    if is_writing or random.random() < 0.1:
        body = nasty.json_body(random)
        body = _encoded(random, body, headers)
        is_chunked = random.random() < 0.1
        missing = random.choice((0,) * 20 + (1, 500))
        if is_chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body) + missing)
    if is_writing and random.random() < 0.85:
        headers["Content-Type"] = "application/json"
    elif random.random() < 0.4:
        headers["Content-Type"] = _content_type(random)
    query = _query(random, target.parameters) if random.random() < 0.9 else ""
    wanted = _filled(random, path) + (f"?{query}" if query else "")
    return RawRequest(method, wanted, tuple(headers.items()), body, missing, is_chunked, path)


def _login(random: Random, site: Site) -> dict[str, str]:
    kind = random.random()
    if kind < 0.45:
        return {"Authorization": f"Token {site.token}", "Cookie": f"sessionid={site.session}"}
    if kind < 0.85:
        cookie = f"sessionid={site.session}; csrftoken={site.csrf_cookie}"
        return {"Cookie": cookie, "X-CSRFToken": site.csrf}
    headers = {}
    if random.random() < 0.7:
        headers["Authorization"] = random.choice(nasty.AUTHORIZATIONS)
    if random.random() < 0.5:
        headers["Cookie"] = random.choice(nasty.COOKIES)
    return headers


def _encoded(random: Random, body: bytes, headers: dict[str, str]) -> bytes:
    kind = random.random()
    if kind < 0.1:
        headers["Content-Encoding"] = "gzip"
        return gzip.compress(body, 1, mtime=0)[: random.choice((None, None, 15, -4))]
    if kind < 0.13:
        headers["Content-Encoding"] = "gzip"
        return _gzip_bomb()
    return body


@cache
def _gzip_bomb() -> bytes:
    return gzip.compress(b" " * 30_000_000, 1, mtime=0)


def _content_type(random: Random) -> str:
    media_type = random.choice(nasty.CONTENT_TYPES)
    return f"{media_type}; charset={random.choice(nasty.CHARSETS)}" if random.random() < 0.6 else media_type


def _query(random: Random, names: Sequence[str]) -> str:
    if random.random() < 0.01:
        return "&".join(f"x{number}=1" for number in range(1_100))
    parts = [_parameter(random, random.choice(names)) for _ in range(random.choice((1, 1, 2, 2, 3, 5, 8)))]
    return "&".join(parts)


def _parameter(random: Random, name: str) -> str:
    if random.random() < 0.05:
        name = quote(random.choice(nasty.TEXTS).encode("utf-8", "surrogatepass"))
    kind = random.random()
    if kind < 0.1:
        return f"{name}={random.choice(nasty.RAW)}"
    if kind < 0.13:
        return name
    values = random.choice((nasty.INTEGERS, nasty.TIMES, nasty.DATES, nasty.TEXTS, _LIKELY))
    return f"{name}={quote(random.choice(values).encode('utf-8', 'surrogatepass'), safe=random.choice(('', ',/:')))}"


def _filled(random: Random, path: str) -> str:
    """The path with something for each of its places, and now and then not quite the path."""
    values = ("1", "0", "-1", "me", "9" * 40, "%00", "%ff", "..", "%2F", "a" * 600, "%F0%9F%98%80", "x'--", "None")
    filled = re.sub(r"<[^>]*>", lambda _: random.choice(values), path)
    if random.random() < 0.03:
        return random.choice(
            (f"{filled}/", f"/{filled}", filled.upper(), f"{filled}%00", f"{filled};x=1", f"{filled}.json")
        )
    return filled


# Values that pages know.
_LIKELY = (
    *("7d", "30d", "90d", "this_week", "custom", "cost", "-cost", "sessions", "duration", "table", "chart", "1", "on"),
    *("started", "-title", "requests", "input_tokens", "-", "me", "1,2", "Platform"),
    *("person", "team", "repo", "provider", "model", "day", "week", "false", "0", "codex", "acme/api", "2026-06-17"),
)
