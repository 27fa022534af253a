"""Read a 401 answer: which authentication schemes the server offers, and where it says that tokens are created."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from .config import SCHEME

MAX_SCHEMES = 10
# Schemes whose credentials are not one token in the Authorization header.
_NOT_FOR_TOKENS = frozenset({"basic", "cookie", "digest", "hoba", "mutual", "negotiate", "ntlm", "session"})
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s;,="]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]+))?)*)')
_PARAMETER = re.compile(r';\s*([^\s;,="]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;,"]+)))?')


def token_schemes(headers: Iterable[str]) -> tuple[str, ...]:
    """Return the schemes of `WWW-Authenticate` that take a token, in the server's order and spelling.

    >>> token_schemes(['Token, Bearer realm="api, all", error="x"', "Session"])
    ('Token', 'Bearer')
    """
    schemes: dict[str, str] = {}
    for scheme in _schemes(headers):
        if scheme.lower() not in _NOT_FOR_TOKENS:
            schemes.setdefault(scheme.lower(), scheme)
    return tuple(schemes.values())[:MAX_SCHEMES]


def _schemes(headers: Iterable[str]) -> Iterator[str]:
    for header in headers:
        for part in _QUOTED.sub('""', header).split(","):
            first, _, rest = part.strip().partition(" ")
            is_parameter = "=" in first or rest.lstrip().startswith("=")
            if not is_parameter and len(first) <= 40 and SCHEME.fullmatch(first):
                yield first


def help_url(headers: Iterable[str], base: str) -> str | None:
    """Return the address that a `Link` header names with `rel="help"`; None if there is no usable one.

    >>> help_url(['</style.css>; rel="preload", </account/token>; rel="help"'], "https://team.example/api")
    'https://team.example/account/token'
    """
    for header in headers:
        for target, parameters in _LINK.findall(header):
            named = {name.lower(): quoted or word for name, quoted, word in _PARAMETER.findall(parameters)}
            if "help" in named.get("rel", "").lower().split():
                return _printable_url(target.strip(), base)
    return None


def _printable_url(target: str, base: str) -> str | None:
    """Return the absolute address if it can be shown in a terminal and opened in a browser."""
    try:
        url = urljoin(base, target)
        parts = urlsplit(url)
    except ValueError:
        return None
    is_web_page = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    return url if is_web_page and url.isascii() and url.isprintable() and " " not in url and len(url) <= 500 else None
