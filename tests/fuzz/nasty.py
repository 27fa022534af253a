"""Values that break programs: the stock from which the fuzzer takes."""

import json
from random import Random
from typing import Any

# In the credentials of git addresses that are posted: must come back nowhere.
CANARY = "c4nary-s3cret"

INTEGERS = (
    "0",
    "-1",
    "+1",
    "1e9",
    "0x10",
    " 7",
    "٣",
    "1_000",
    "NaN",
    "Infinity",
    "9" * 20,
    "-" + "9" * 40,
    "9" * 5_000,
)
TIMES = ("1781049600", "1781740800", "-62135424001", "253402128000", "253402127999", "-62135424000", "1781136000")
DATES = ("2026-06-01", "2026-02-30", "0000-00-00", "9999-12-31", "2026-6-1", "2026-06-17T00:00:00Z", "today", "-1-1-1")
TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "null",
    "undefined",
    "true",
    "' OR 1=1 --",
    '"; DROP TABLE auth_user; --',
    "%s%n%(x)s{x}{0.__class__}",
    "{{ 7*7 }}{% debug %}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "acme/api",
    "codex",
    "cursor,codex,,",
    "\u202eabc\u200b",
    "ﬃ İı ß",
    "e\u0301" * 60,
    "😀" * 40,
    "\ud800",
    "\x1b[2J",
    "a\r\nSet-Cookie: x=1",
    "x" * 600,
    ",".join(["codex"] * 51),
    ",".join(f"acme/{number}" for number in range(60)),
    "," * 3_000,
    "(" * 200,
    "%" * 50,
)
# Percent-encoded as they are, valid or not.
RAW = ("%", "%zz", "%ff%fe", "%ed%a0%80", "%00", "%c0%af", "a%", "%u0041", "+", ";", "=", "&&==", "[]", "[0][x]=1")
CHARSETS = (
    *("utf-8", "utf8", "latin-1", "utf-7", "utf-16", "utf-32", "cp500", "idna", "punycode", "unicode_escape"),
    *("raw_unicode_escape", "hex", "base64", "rot13", "zlib", "bz2", "uu", "quopri", "undefined", "mbcs", "no-such"),
    *("", '"utf-8"', "utf-8\\0", "../x", "x" * 300),
)
CONTENT_TYPES = (
    *("application/json", "application/json; charset=utf-8", "text/plain", "text/html", "application/xml", "*/*"),
    *(
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "",
        ";;;=",
        "\xff",
    ),
)
LANGUAGES = ("de", "zh-hans", "x", "*", "en;q=9", ",".join(["de"] * 500), "\xff", "../de", "de" * 200)
AUTHORIZATIONS = (
    *("", "Token", "Token ", "Token a b", "Token \xff\xfe", "Bearer x", "Basic !!!", "Basic YTpi", "Token " + "0" * 40),
    *("Digest username=x", "Negotiate", "Token " + "x" * 3_000, "token \t", "Token ''"),
)
COOKIES = (
    *(
        "sessionid=",
        "sessionid=x",
        "sessionid=" + "0" * 32,
        "sessionid=../../x",
        "csrftoken=x",
        "django_language=../de",
    ),
    *("=;=;", "sessionid=\xff", "messages=x", "a=" + "b" * 4_000, 'sessionid="\\042"', ";".join(["a=b"] * 200)),
)
OTHER_HEADERS = {
    "Accept": ("text/html", "application/json", "image/*", "*/*;q=0", "\xff", ";", "text/csv;version=9"),
    "Accept-Encoding": ("gzip", "br;q=1.0", "identity;q=0", "*;q=0", "gzip, gzip" * 50),
    "Accept-Language": LANGUAGES,
    "Content-Encoding": ("gzip", "x-gzip", "deflate", "br", "gzip, gzip", "identity", "\xff", ""),
    "HX-Request": ("true", "false", "\xff"),
    "HX-Target": ("x", "<b>", "organization"),
    "If-Modified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT", "never", "Thu, 99 Foo 99999 00:00:00 GMT"),
    "If-None-Match": ("*", '"x"', 'W/"', "\xff"),
    "Origin": ("null", "https://evil.example", "http://[", "\xff"),
    "Range": ("bytes=0-1", "bytes=-", "bytes=9-1", "x=1"),
    "Referer": ("https://evil.example/", "http://[", "\xff", ""),
    "X-CSRFToken": ("", "x", "\xff", "a" * 32, "a" * 64),
    "X-Forwarded-For": ("1.1.1.1", "\xff", "::1, " * 100),
    "X-Forwarded-Host": ("evil.example", "a:b:c"),
    "X-Forwarded-Proto": ("https", "x"),
    "X-HTTP-Method-Override": ("DELETE", "PUT", "\xff"),
}
METHODS = ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY", "X-Y")

_GOOD_ROW = {
    "provider": "codex",
    "external_id": "fuzz",
    "started_at": "2026-06-17T09:58:12Z",
    "ended_at": "2026-06-17T10:58:12Z",
    "title": "A title",
    "git_info": {"repo_url": f"https://user:{CANARY}@git.example/acme/fuzz.git", "branch": "main"},
    "cost_usd": "0.28",
    "duration_ms": 75_000,
    "assistant_ms": 1,
    "user_ms": 2,
    "analyzed": True,
}
_MODEL = {
    "model": "m",
    "requests": 1,
    "input_tokens": 2,
    "output_tokens": 3,
    "cache_write_tokens": None,
    "cache_read_tokens": 0,
    "cost_usd": "0.28",
}
_GIT = (
    {"repo_url": f"https://tok:{CANARY}@h/o/r", "tracking_remote": "u", "remotes": [{"name": "u", "fetch_url": "x/y"}]},
    {"repo_url": f"{CANARY}:{CANARY}@host/o/r"},
    {"repo_url": f"https://h/o/r?private_token={CANARY}"},
    {"repo_url": f"https://h:{CANARY}/o/r"},
    {"path": f"https://{CANARY}@h/o/r"},
    {"path": "acme/fuzz", "upstream_path": "acme/fuzz"},
    {"repo_url": "x" * 5_000, "remotes": {"a": 1}, "tracking_remote": []},
    [],
    "acme/api",
)
_JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 10**30, 2**53, "", "\0", "\ud800", "x" * 600, [], {}, [[]], {"": None}),
    *("1e400", "NaN", "2026-13-01T00:00:00Z", "2026-06-17", "2026-06-17T09:58:12", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59-23:59", "24:00", ["2026-06-17T09:58:12Z"], {"a": [{"b": {}}]}),
)


def row(random: Random) -> Any:
    """A row of the write API: mostly good, with a few fields that are not."""
    if random.random() < 0.05:
        return random.choice(_JSON_VALUES)
    fields: dict[str, Any] = {**_GOOD_ROW, "external_id": f"fuzz-{random.randrange(50)}"}
    if random.random() < 0.4:
        fields["models"] = [_model(random) for _ in range(random.randrange(4))]
    if random.random() < 0.4:
        fields["git_info"] = random.choice(_GIT)
    for name in random.sample([*fields, "user", "id", "x" * 300, "__class__"], random.randrange(3)):
        fields[name] = random.choice(_JSON_VALUES)
    return fields


def _model(random: Random) -> Any:
    if random.random() < 0.1:
        return random.choice(_JSON_VALUES)
    return {**_MODEL, "model": f"m{random.randrange(3)}", random.choice([*_MODEL, "x"]): random.choice(_JSON_VALUES)}


def json_body(random: Random) -> bytes:
    """A body of the write API, or something that only looks like one."""
    kind = random.random()
    if kind < 0.15:
        return random.choice(BROKEN_JSON)
    if kind < 0.25:
        return json.dumps(random.choice(_JSON_VALUES)).encode()
    body: dict[str, Any] = {"sessions": [row(random) for _ in range(random.choice((0, 1, 1, 2, 3, 20)))]}
    if random.random() < 0.1:
        body[random.choice(("x", "session", "sessions "))] = random.choice(_JSON_VALUES)
    encoding = random.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-32", "utf-8-sig"))
    return json.dumps(body).encode(encoding)


BROKEN_JSON = (
    b"",
    b"{",
    b"[" * 2_000,
    b'{"sessions":' * 500,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"sessions": [], "sessions": []}',
    b'{"sessions": [NaN]}',
    b'{"sessions": [1e999999]}',
    b'{"sessions": [' + b"9" * 10_000 + b"]}",
    b'{"sessions": [{"title": "\xff\xfe"}]}',
    b'{"sessions": [{"title": "\\ud800"}]}',
    b"\xef\xbb\xbf{}",
    b"\x00" * 100,
    b"a=b&c=d",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
    b"{" + b" " * (2**21 + 10) + b"}",
)
