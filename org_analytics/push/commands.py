"""What each command does, between the command line and the modules that do the work."""

import contextlib
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from org_analytics.ingest.derive import derive
from org_analytics.ingest.pricing import NoPrices, load_prices
from org_analytics.ingest.state import State
from org_analytics.push import background, config, hooks, locks, memory, places, report, transcripts
from org_analytics.push.acknowledged import Acknowledged
from org_analytics.push.client import Client
from org_analytics.push.config import Config, Source
from org_analytics.push.errors import OK, SOME_REFUSED, TokenError, UsageError
from org_analytics.push.login import login as ask_and_save
from org_analytics.push.memory import Memory
from org_analytics.push.pushing import Counts, Item, Sender, Unsent, again, requests
from org_analytics.push.retries import Retries
from org_analytics.push.rows import Withdrawn

Sleep = Callable[[float], None]


def push(options: Namespace, sleep: Sleep) -> int:
    """Send what the server does not have; 1 if it refused any of it."""
    chosen = _configured(options)
    client = None if options.dry_run else _client(chosen, options, sleep)
    kept = memory.of_account(chosen.server, chosen.token)
    with _locked(kept, options) as is_ours:
        if not is_ours:
            return OK
        return _send(options, kept, client) if client else _show(options, kept)


def _send(options: Namespace, kept: Memory, client: Client) -> int:
    counts = Counts()
    try:
        with kept.opened() as (state, answers):
            Sender(client, state, answers, counts).send(_unsent(options, state, answers, counts))
            if answers.is_empty():  # nothing was sent, now or before: the token is not known to be good
                client.check_token()
    except TokenError as error:
        raise TokenError(f"{error} Run org-analytics login to give another.") from None
    finally:
        _warn(*report.refusals(counts))  # not said again by the next push
    if options.resend:
        counts.known = 0  # they are among those that were sent again
    if not options.quiet:
        print(*report.summary(client.server, counts), sep="\n")
    return SOME_REFUSED if counts.refused else OK


def _show(options: Namespace, kept: Memory) -> int:
    """Print the requests as they would be sent, one a line: each is one line of JSON."""
    with kept.opened_as_copy() as (state, answers):
        is_any = False
        for request in requests(_unsent(options, state, answers, Counts())):
            is_any = True
            print(request.decode("ascii"))
    if not is_any and not options.quiet:
        _warn("Nothing new to send.")
    return OK


def _unsent(options: Namespace, state: State, answers: Acknowledged, counts: Counts) -> Iterator[Item | Withdrawn]:
    """What there is to send, in the order in which it is sent."""
    if options.resend:
        yield from again(answers, with_titles=options.with_titles)
    found = transcripts.sources(options)
    if not found:
        _warn("No transcripts of Claude Code or Codex were found; name their directories with --claude or --codex.")
    prices = load_prices()
    if prices.version == NoPrices.version:
        _warn("No prices are installed, costs stay unknown: pip install 'django-org-analytics[ingest]'")
    progress = report.Progress() if sys.stderr.isatty() and not options.quiet else None
    sessions = derive(
        found, state, since=options.since, with_titles=options.with_titles, prices=prices, progress=progress
    )
    yield from Unsent(state, answers, counts, with_titles=options.with_titles).of(sessions)


def _locked(kept: Memory, options: Namespace) -> contextlib.AbstractContextManager[bool]:
    held = locks.held_in_turn if options.background else locks.held
    return held(kept.lock, locks.PATIENCE)


def _client(chosen: Config, options: Namespace, sleep: Sleep) -> Client:
    if chosen.server is None:
        raise UsageError("No server is known: run org-analytics login, or give --server.")
    if chosen.token is None:
        raise UsageError(f"No token for {chosen.server} is known: run org-analytics login.")
    retries = Retries(sleep) if options.quiet else Retries(sleep, tell=_warn)
    return Client(chosen.server, chosen.token, chosen.auth_scheme, retries)


def login(options: Namespace, sleep: Sleep) -> int:
    """Ask for a token and keep it once the server has accepted it."""
    path = _config_path(options)
    sources = [_from_options(options), config.from_environment()]
    with contextlib.suppress(UsageError):  # a file that is not usable is what login mends
        sources.append(config.from_file(path))
    chosen = ask_and_save(path, sources, Retries(sleep, tell=_warn))
    print(f"{chosen.server} accepts the token; it is kept in {path}.")
    return OK


def install_hook(options: Namespace, sleep: Sleep) -> int:
    """Add the hook to Claude Code's settings, and say how to do it for Codex."""
    arguments = _hook_arguments(options)
    known = _configured(options)
    path = hooks.settings_file(options.claude)
    is_new = hooks.install(path, arguments)
    print(f"{'Added to' if is_new else 'Already in'} {path}: at the end of a session, a push in the background.")
    print(f"Its errors go to {background.log_file()}.")
    if known.server is None or known.token is None:
        print("It has no server and token to push to yet: run org-analytics login.")
    print("For Codex, add this line at the top of ~/.codex/config.toml, before the first [section]:")
    print(f"  notify = {json.dumps(hooks.program(arguments), ensure_ascii=False)}")
    return OK


def uninstall_hook(options: Namespace, sleep: Sleep) -> int:
    """Take the hook out of Claude Code's settings."""
    path = hooks.settings_file(options.claude)
    print(f"{'Removed from' if hooks.uninstall(path) else 'There is no hook in'} {path}.")
    return OK


def hook(options: Namespace, sleep: Sleep) -> int:
    """Start a push and return at once. Whatever happens, the agent is not told."""
    with contextlib.suppress(Exception):
        background.start_push(_hook_arguments(options))
    return OK


def _hook_arguments(options: Namespace) -> list[str]:
    """What the hook passes on to its push."""
    arguments = ["--config", str(Path(options.config).absolute())] if options.config else []
    if options.since:
        arguments += ["--since", options.since.strftime("%Y-%m-%d")]
    return [*arguments, "--with-titles"] if options.with_titles else arguments


def _configured(options: Namespace) -> Config:
    path = _config_path(options)
    if warning := config.warning(path):
        _warn(warning)
    file = config.from_file(path, required=bool(options.config))
    return config.resolve([_from_options(options), config.from_environment(), file])


def _config_path(options: Namespace) -> Path:
    return Path(options.config) if options.config else places.config_file()


def _from_options(options: Namespace) -> Source:
    given = vars(options)
    return Source(given.get("server"), given.get("token"), given.get("auth_scheme"))


def _warn(*messages: str) -> None:
    for message in messages:
        print(message, file=sys.stderr, flush=True)
