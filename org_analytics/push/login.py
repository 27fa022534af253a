"""Ask for a token, verify it with the server, and only then save it."""

import contextlib
import getpass
import sys
from dataclasses import replace
from pathlib import Path

from . import config
from .client import Client, UnknownTokenError
from .config import Config, ConfigSource
from .errors import AuthError, UsageError
from .retries import Retries


def login(path: Path, sources: list[ConfigSource], retries: Retries) -> Config:
    """Return the new configuration, which the server has accepted and the file now contains."""
    known = config.resolve(ConfigSource(source.server, None, source.auth_scheme) for source in sources)
    server = known.server or config.server_url(_ask("Server address: ", hidden=False))
    print(_instructions(server, _token_page(server, known.auth_scheme, retries)), file=sys.stderr)
    chosen = config.resolve([ConfigSource(server, _ask("Token (not shown): ", hidden=True), known.auth_scheme)])
    if chosen.token is None:
        raise UsageError("No token was given. Nothing was saved.")
    client = Client(server, chosen.token, chosen.auth_scheme, retries)
    client.check_token()
    accepted = replace(chosen, auth_scheme=client.auth_scheme)
    config.save(path, accepted)
    return accepted


def _token_page(server: str, auth_scheme: str, retries: Retries) -> str | None:
    """Ask the server, without a token, where tokens are created; None if it does not say."""
    try:
        Client(server, None, auth_scheme, retries).check_token()
    except UnknownTokenError as refusal:
        return refusal.help_url
    except AuthError:
        return None
    return None


def _instructions(server: str, page: str | None) -> str:
    if page:
        return f"Create a token at {page} and paste it here."
    return f"Paste an API token for {server} here. If you do not have one, ask the server's administrator."


def _ask(prompt: str, *, hidden: bool) -> str:
    """Read a line from the terminal, or from standard input if it is not a terminal, so that scripts can log in."""
    with contextlib.suppress(EOFError):
        if not sys.stdin.isatty():
            return sys.stdin.readline().strip()
        return (getpass.getpass(prompt) if hidden else input(prompt)).strip()
    return ""
