"""Commands of `org-analytics` that talk to the server: push, login and status."""

import contextlib
import json
import sqlite3
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..ingest.files import FileReport
from ..ingest.state import MemoryState, State
from . import config, files, locks, report, status
from .client import Client
from .config import Config, ConfigSource
from .console import warn
from .errors import OK, SOME_REFUSED, BusyError, PushError, TokenError, UsageError
from .login import login as ask_and_save
from .outbox import Outbox, PushCounts, QueuedRow, Sender, requests
from .payload import Withdrawn, batches
from .retries import Retries
from .state import ServerState, account_key, server_state
from .transcripts import derivations

Sleep = Callable[[float], None]


def push(options: Namespace, sleep: Sleep) -> int:
    """Send what the server does not have; return 1 if it refused any of it."""
    chosen = configured(options)
    if options.dry_run:
        return _dry_run(options, server_state(chosen.server, chosen.token))
    client = _client(chosen, options, sleep)
    state = server_state(chosen.server, chosen.token)
    held = locks.held_or_queued if options.background else locks.held
    with held(state.lock, locks.PATIENCE) as is_ours:
        if not is_ours:
            return OK
        with _recorded(state, options):
            code = _send(options, state, client)
    if client.auth_scheme != chosen.auth_scheme and not options.quiet:
        print(
            f"The server accepts this token with the scheme {client.auth_scheme}, not {chosen.auth_scheme}."
            f" Pass --auth-scheme {client.auth_scheme}, or run org-analytics login again."
        )
    return code


@contextlib.contextmanager
def _recorded(state: ServerState, options: Namespace) -> Iterator[None]:
    """Save how the push ends, for `org-analytics status`."""
    try:
        yield
    except (PushError, OSError, sqlite3.Error) as error:
        reason = f"{type(error).__name__}" if isinstance(error, sqlite3.Error) else str(error)
        status.update(state.status_file, lambda before: before.failed(datetime.now(UTC), reason))
        raise
    with_titles, since = options.with_titles, options.since
    status.update(state.status_file, lambda before: before.succeeded(datetime.now(UTC), with_titles, since))


def _send(options: Namespace, state: ServerState, client: Client) -> int:
    counts = PushCounts()
    try:
        overrides = client.get_prices()
        state.save_prices(overrides)
        with state.open() as (transcripts, answers):
            outbox = Outbox(transcripts, answers, counts, with_titles=options.with_titles)
            pending = _pending(options, transcripts, outbox, counts, overrides)
            sent = Sender(client, transcripts, answers, counts).send(pending)
            if not sent:  # the server has not seen the token in this push, and may have revoked it
                client.check_token()
    except TokenError as error:
        raise TokenError(f"{error} Run org-analytics login to save another token.") from None
    finally:
        warn(*report.refusals(counts))  # the next push does not repeat them
    if options.resend:
        counts.known = 0  # they are among the sessions that were sent again
    if not options.quiet:
        print(*report.summary(client.server, counts), sep="\n")
    return SOME_REFUSED if counts.refused else OK


def _dry_run(options: Namespace, state: ServerState) -> int:
    """Print the requests that a push would send, one a line: each is one line of JSON."""
    is_empty = True
    counts = PushCounts()
    with locks.held(state.lock, locks.PATIENCE), state.open_copy() as (transcripts, answers):
        outbox = Outbox(transcripts, answers, counts, with_titles=options.with_titles)
        for request in requests(_pending(options, transcripts, outbox, counts, state.saved_prices())):
            is_empty = False
            print(request.decode("ascii"))
    if is_empty and not options.quiet:
        warn("Nothing new to send.")
    return OK


def _pending(
    options: Namespace, state: State, outbox: Outbox, counts: PushCounts, overrides: Mapping[str, Any]
) -> Iterator[QueuedRow | Withdrawn]:
    """Yield what there is to send, in the order in which it is sent."""
    if options.resend:
        yield from outbox.resend_all()
    yield from outbox.pending_from(derivations(options, state, overrides, counts.files))


def _client(chosen: Config, options: Namespace, sleep: Sleep) -> Client:
    if chosen.server is None:
        raise UsageError('No server configured. Run "org-analytics login" or pass --server.')
    if chosen.token is None:
        raise UsageError(f'No token configured for {chosen.server}. Run "org-analytics login".')
    retries = Retries(sleep) if options.quiet else Retries(sleep, tell=warn)
    return Client(chosen.server, chosen.token, chosen.auth_scheme, retries)


def login(options: Namespace, sleep: Sleep) -> int:
    """Prompt for a token and save it when the server has accepted it."""
    path = config_path(options)
    sources = [_from_options(options), config.from_environment()]
    with contextlib.suppress(UsageError):  # login replaces a file that is not usable
        sources.append(config.from_file(path))
    chosen = ask_and_save(path, sources, Retries(sleep, tell=warn))
    print(f"{chosen.server} accepts the token. It is saved in {path}.")
    return OK


def show_status(options: Namespace, sleep: Sleep) -> int:
    """Print the server, the account, the results of the last pushes and how many sessions wait to be sent."""
    chosen = configured(options)
    if chosen.server is None:
        raise UsageError('No server configured. Run "org-analytics login" or pass --server.')
    state = server_state(chosen.server, chosen.token)
    last = status.load(state.status_file)
    values = {
        "server": chosen.server,
        "account": account_key(chosen.server, chosen.token)[:8] if chosen.token else None,
        "token_from": chosen.token_origin or None,
        **status.as_json(last),
        "sessions_waiting": _count_waiting(options, state, last) if chosen.token else None,
    }
    if options.json:
        print(json.dumps(values, indent=2))
    else:
        print(*report.status_lines(values), sep="\n")
    return OK


def _count_waiting(options: Namespace, state: ServerState, last: status.PushStatus) -> int | None:
    """Count the sessions that the next push would send with the options of the last one; None if a push is running."""
    options.with_titles, options.since = last.with_titles, last.since
    options.resend, options.quiet = False, options.json
    counts = PushCounts()
    try:
        with locks.held(state.lock, 0), state.open_copy() as (transcripts, answers):
            outbox = Outbox(transcripts, answers, counts, with_titles=options.with_titles)
            pending = _pending(options, transcripts, outbox, counts, state.saved_prices())
            return sum(len(batch) for batch in batches(pending))
    except BusyError:
        return None


def list_unpriced(options: Namespace, sleep: Sleep) -> int:
    """Print the models of the sessions on this machine for which no price is known."""
    chosen = configured(options)
    overrides = _client(chosen, options, sleep).get_prices() if chosen.server and chosen.token else {}
    models: Counter[str] = Counter()
    for session in derivations(options, MemoryState(), overrides, FileReport()):
        models.update(session.record.unpriced_models if session.record else ())
    print(*report.unpriced_lines(models), sep="\n")
    return OK


def configured(options: Namespace) -> Config:
    """Combine options, environment and config file."""
    path = config_path(options)
    if warning := config.permission_warning(path):
        warn(warning)
    file = config.from_file(path, required=bool(options.config))
    return config.resolve([_from_options(options), config.from_environment(), file])


def config_path(options: Namespace) -> Path:
    """Return the config file that the option names, else the usual one."""
    return Path(options.config) if options.config else files.config_file()


def _from_options(options: Namespace) -> ConfigSource:
    values = vars(options)
    return ConfigSource(values.get("server"), values.get("token"), values.get("auth_scheme"), "the option --token")
