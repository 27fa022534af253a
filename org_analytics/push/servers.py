"""The server's address: one spelling for each server, and TLS unless it is this machine."""

import contextlib
import ipaddress
from urllib.parse import quote, urlsplit

from org_analytics.push.errors import UsageError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_KEPT_IN_PATHS = "/%:@!$&'()*+,;=~"


def server_url(text: str) -> str:
    """`HTTPS://Team.example:443/app/` → `https://team.example/app`. The text is never repeated: it may hold a password.

    >>> server_url("HTTPS://Team.example:443/app/")
    'https://team.example/app'
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except ValueError:
        raise UsageError("The server address is not a URL.") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or not host.isprintable() or " " in host:
        raise UsageError(f"The server address must start with https:// and name a host{_meant(text.strip())}.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageError("The server address must hold no user, password, query or fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError("The server address must start with https://; http:// is for this machine only (localhost).")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{quote(parts.path.rstrip('/'), safe=_KEPT_IN_PATHS)}"


def _meant(text: str) -> str:
    """What to type. Of the text, only the name of this machine and the port are repeated."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(f"//{text}")
        host = parts.hostname or ""
        if is_loopback(host):
            shown_host = f"[{host}]" if ":" in host else host
            return f"; for this machine type 'http://{shown_host}{f':{parts.port}' if parts.port else ''}'"
    return ", such as 'https://team.example'"


def is_loopback(host: str) -> bool:
    """Whether the name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
