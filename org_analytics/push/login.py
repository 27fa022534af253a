"""Ask for a token, try it, and only then write it down."""

import getpass
import sys
from pathlib import Path

from org_analytics.push import config
from org_analytics.push.client import Client
from org_analytics.push.config import Config, Source
from org_analytics.push.errors import UsageError
from org_analytics.push.retries import Retries
from org_analytics.push.servers import server_url


def login(path: Path, sources: list[Source], retries: Retries) -> Config:
    """The new config, which the server has accepted and the file now holds."""
    known = config.resolve(Source(source.server, None, source.auth_scheme) for source in sources)
    server = known.server or server_url(_ask("Server address: ", hidden=False))
    print(f"Make a token at {server}/account/token and paste it here.", file=sys.stderr)
    chosen = config.resolve([Source(server, _ask("Token (not shown): ", hidden=True), known.auth_scheme)])
    if chosen.token is None:
        raise UsageError("No token was given; nothing was written.")
    Client(server, chosen.token, chosen.auth_scheme, retries).check_token()
    config.save(path, chosen)
    return chosen


def _ask(prompt: str, *, hidden: bool) -> str:
    """A line from the terminal, or from standard input where that is none, so that scripts can log in."""
    try:
        if not sys.stdin.isatty():
            return sys.stdin.readline().strip()
        return (getpass.getpass(prompt) if hidden else input(prompt)).strip()
    except EOFError:
        return ""
