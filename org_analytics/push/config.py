"""Which server, with which token: options win over the environment, the environment over the config file."""

import json
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from org_analytics.push.errors import UsageError
from org_analytics.push.places import PRIVATE_FILE, is_private, write_atomically
from org_analytics.push.servers import server_url

DEFAULT_SCHEME = "Token"
_VARIABLES = {
    "server": "ORG_ANALYTICS_SERVER",
    "token": "ORG_ANALYTICS_TOKEN",
    "auth_scheme": "ORG_ANALYTICS_AUTH_SCHEME",
}
_SCHEME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Source:
    """What one place says; None where it is silent."""

    server: str | None = None
    token: str | None = field(default=None, repr=False)
    auth_scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What all places together say, checked. The token is not part of the representation."""

    server: str | None
    token: str | None = field(repr=False)
    auth_scheme: str = DEFAULT_SCHEME


def resolve(sources: Iterable[Source]) -> Config:
    """The first source that speaks counts, but a token goes only to the server that it was given with."""
    sources = list(sources)
    server = next((server_url(source.server) for source in sources if source.server), None)
    scheme = next((source.auth_scheme for source in sources if source.auth_scheme), DEFAULT_SCHEME)
    token = next((source.token for source in sources if source.token and _is_for(source, server)), None)
    if not _SCHEME.fullmatch(scheme):
        raise UsageError("The authentication scheme must be one word, such as Token or Bearer.")
    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError("The token must be one word of ASCII letters, digits and signs.")
    return Config(server, token, scheme)


def _is_for(source: Source, server: str | None) -> bool:
    return not source.server or server_url(source.server) == server


def from_environment() -> Source:
    """`ORG_ANALYTICS_SERVER`, `ORG_ANALYTICS_TOKEN`, `ORG_ANALYTICS_AUTH_SCHEME`; empty is absent."""
    return Source(**{name: os.environ.get(variable) or None for name, variable in _VARIABLES.items()})


def from_file(path: Path, *, required: bool = False) -> Source:
    """What the config file says; an absent file says nothing, unless it was asked for by name."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise UsageError(f"There is no config file {path}.") from None
        return Source()
    except OSError as error:
        raise UsageError(f"The config file {path} cannot be read: {error.strerror}.") from None
    except ValueError:  # broken TOML or no UTF-8; the parser's message may quote the token
        raise UsageError(f"The config file {path} is not valid TOML.") from None
    for name in _VARIABLES:
        if not isinstance(values.get(name, ""), str):
            raise UsageError(f"{name} in the config file {path} must be text in quotes.")
    return Source(**{name: values.get(name) or None for name in _VARIABLES})


def warning(path: Path) -> str | None:
    """What is wrong with the config file's permissions, if anything."""
    if not path.exists() or is_private(path):
        return None
    return f"Others on this machine can read your token: run chmod 600 {path}"


def save(path: Path, config: Config) -> None:
    """Write the config file, readable by the user alone."""
    values = {"server": config.server, "token": config.token}
    if config.auth_scheme != DEFAULT_SCHEME:
        values["auth_scheme"] = config.auth_scheme
    # JSON strings of printable ASCII are TOML strings too.
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    write_atomically(path, "".join(lines).encode(), new_mode=PRIVATE_FILE)
