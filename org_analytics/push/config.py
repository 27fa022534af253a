"""Configuration: which server, with which token. Options take priority over the environment, then the config file."""

import contextlib
import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from .errors import UsageError
from .files import PRIVATE_FILE, is_private, write_atomically

DEFAULT_SCHEME = "Token"
_VARIABLES = {
    "server": "ORG_ANALYTICS_SERVER",
    "token": "ORG_ANALYTICS_TOKEN",
    "auth_scheme": "ORG_ANALYTICS_AUTH_SCHEME",
}
SCHEME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TOKEN = re.compile(r"[!-~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNQUOTED_IN_PATHS = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """The values from one place, which `origin` names; None where it has no value."""

    server: str | None = None
    token: str | None = field(default=None, repr=False)
    auth_scheme: str | None = None
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Config:
    """The combined and checked values. The token is not part of the representation."""

    server: str | None
    token: str | None = field(repr=False)
    auth_scheme: str = DEFAULT_SCHEME
    token_origin: str = field(default="", compare=False)


def resolve(sources: Iterable[ConfigSource]) -> Config:
    """Combine the sources: the first value counts, but a token is sent only to the server it was given with."""
    sources = list(sources)
    server = next((server_url(source.server) for source in sources if source.server), None)
    scheme = next((source.auth_scheme for source in sources if source.auth_scheme), DEFAULT_SCHEME)
    chosen = next((source for source in sources if source.token and _is_for(source, server)), ConfigSource())
    if not SCHEME.fullmatch(scheme):
        raise UsageError("The authentication scheme must be one word, such as Token or Bearer.")
    if chosen.token is not None and not _TOKEN.fullmatch(chosen.token):
        raise UsageError("The token must be one word of ASCII letters, digits and signs.")
    return Config(server, chosen.token, scheme, chosen.origin)


def _is_for(source: ConfigSource, server: str | None) -> bool:
    return not source.server or server_url(source.server) == server


def from_environment() -> ConfigSource:
    """Read `ORG_ANALYTICS_SERVER`, `ORG_ANALYTICS_TOKEN` and `ORG_ANALYTICS_AUTH_SCHEME`; empty means not set."""
    values = {name: os.environ.get(variable) or None for name, variable in _VARIABLES.items()}
    return ConfigSource(**values, origin=f"the environment variable {_VARIABLES['token']}")


def from_file(path: Path, *, required: bool = False) -> ConfigSource:
    """Read the config file. A missing file has no values; if it is required, a missing file is an error."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise UsageError(f"There is no config file {path}.") from None
        return ConfigSource()
    except OSError as error:
        raise UsageError(f"The config file {path} cannot be read: {error.strerror}.") from None
    except ValueError:  # broken TOML or not UTF-8; the parser's message may quote the token
        raise UsageError(f"The config file {path} is not valid TOML.") from None
    for name in _VARIABLES:
        if not isinstance(values.get(name, ""), str):
            raise UsageError(f"{name} in the config file {path} must be text in quotes.")
    return ConfigSource(**{name: values.get(name) or None for name in _VARIABLES}, origin=f"the config file {path}")


def permission_warning(path: Path) -> str | None:
    """Return a warning if other users can read the config file."""
    if not path.exists() or is_private(path):
        return None
    return f"Other users of this machine can read your token. Run chmod 600 {path}"


def save(path: Path, config: Config) -> None:
    """Write the config file, readable by the user alone."""
    values = {"server": config.server, "token": config.token}
    if config.auth_scheme != DEFAULT_SCHEME:
        values["auth_scheme"] = config.auth_scheme
    # JSON strings of printable ASCII are TOML strings too.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    write_atomically(path, "".join(lines).encode(), new_mode=PRIVATE_FILE)


def server_url(text: str) -> str:
    """Return the one spelling of a server's address. Errors never repeat the text: it may contain a password.

    >>> server_url("HTTPS://Team.example:443/app/")
    'https://team.example/app'
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except ValueError:
        raise UsageError("The server address is not a URL.") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or not host.isprintable() or " " in host:
        raise UsageError(f"The server address must start with https:// and name a host{_suggestion(text.strip())}.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageError("The server address must not contain a user, password, query or fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError("The server address must start with https://; http:// is for this machine only (localhost).")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{quote(parts.path.rstrip('/'), safe=_UNQUOTED_IN_PATHS)}"


def _suggestion(text: str) -> str:
    """Suggest what to type. Of the text, only the name of this machine and the port are repeated."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(f"//{text}")
        host = parts.hostname or ""
        if is_loopback(host):
            shown_host = f"[{host}]" if ":" in host else host
            return f"; for this machine type 'http://{shown_host}{f':{parts.port}' if parts.port else ''}'"
    return ", such as 'https://team.example'"


def is_loopback(host: str) -> bool:
    """Whether the name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
