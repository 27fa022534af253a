"""The command line of `org-analytics`.

Exit codes: 0 done; 1 done, but the server refused some sessions; 2 the command line, the environment or a file is
not usable; 3 the server does not accept the token; 4 the server cannot be reached or sends an unexpected answer;
5 another push is still running; 130 interrupted.
"""

import argparse
import contextlib
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NoReturn

from .. import __version__
from ..ingest.providers import OPTIONS
from . import commands, hook_commands
from .agents import AGENTS
from .errors import INTERRUPTED, OK, PushError, UsageError

_VALUES = re.compile(r"(?<=unrecognized arguments).*|:? *'.*", re.DOTALL)  # in argparse's messages


def main(arguments: Sequence[str] | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """Run one command and return its exit code."""
    try:
        options = parser().parse_args(arguments)
        code: int = options.run(options, sleep)
        sys.stdout.flush()
        return code
    except PushError as error:
        return _failed(str(error), error.exit_code)
    except OSError as error:
        return _os_error(error)
    except sqlite3.Error as error:
        return _failed(f"The state directory is not usable: {error}.", UsageError.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED


def _os_error(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):  # `--dry-run | head`: the reader is gone, so flushing at exit would fail too
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return _failed(f"{error.filename or 'A file'}: {error.strerror or error}.", UsageError.exit_code)


def _failed(message: str, code: int) -> int:
    print(f"org-analytics: {message}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """Does not repeat values that it does not understand: one may be a token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: {_VALUES.sub('', message)}\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and options."""
    top = _Parser(prog="org-analytics", description="Send statistics of your AI coding sessions to your team's server.")
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int], summary: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=f"{summary}.")
        added.set_defaults(run=run)
        return added

    _add_push(command("push", commands.push, "Send the sessions that the server does not have yet"))
    _add_server_options(command("login", commands.login, "Prompt for an API token, verify it and save it"))
    _add_status(command("status", commands.show_status, "Show the last pushes and how many sessions wait to be sent"))
    _add_prices(command("prices", commands.list_unpriced, "List models in your transcripts that have no price"))
    _add_install(command("install-hook", hook_commands.install_hook, "Push automatically when an agent's session ends"))
    uninstall = command("uninstall-hook", hook_commands.uninstall_hook, "Remove the hook from agents' settings")
    _add_agent_options(uninstall, "all agents")
    _add_schedule(command("install-schedule", hook_commands.install_schedule, "Push automatically once a day"))
    command("uninstall-schedule", hook_commands.uninstall_schedule, "Remove the daily push")
    _add_hook(command("hook", hook_commands.hook, "Start a push in the background; installed hooks run this"))
    return top


def _add_push(command: argparse.ArgumentParser) -> None:
    _add_server_options(command)
    command.add_argument(
        "--token",
        help="API token. Other users can see it in the list of processes, so login or ORG_ANALYTICS_TOKEN is safer."
        " Default: ORG_ANALYTICS_TOKEN, then the config file.",
    )
    _add_choice_options(command)
    _add_source_options(command)
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="Print the requests, one a line, and send nothing. Default: send them.",
    )
    command.add_argument(
        "--resend",
        action="store_true",
        help="Also send everything that the server had, for a server that has lost data. Default: send only what is"
        " new or changed.",
    )
    command.add_argument(
        "--quiet", action="store_true", help="Print only errors. Default: also print progress and a summary."
    )
    command.add_argument("--background", action="store_true", help=argparse.SUPPRESS)


def _add_status(command: argparse.ArgumentParser) -> None:
    _add_server_options(command)
    _add_source_options(command)
    command.add_argument("--json", action="store_true", help="Print the status as JSON. Default: print it as text.")
    command.set_defaults(quiet=False)


def _add_prices(command: argparse.ArgumentParser) -> None:
    _add_server_options(command)
    _add_source_options(command)
    command.set_defaults(since=None, with_titles=False, quiet=False)


def _add_server_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--server",
        metavar="URL",
        help="Address of the team's server. Default: ORG_ANALYTICS_SERVER, then the config file.",
    )
    command.add_argument(
        "--auth-scheme",
        metavar="WORD",
        help="Word before the token in the Authorization header, such as Bearer. If the server refuses it, the schemes"
        " that the server names are tried. Default: ORG_ANALYTICS_AUTH_SCHEME, then the config file, then Token.",
    )
    _add_config_option(command)


def _add_config_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config",
        metavar="FILE",
        help="Config file to use. Default: config.toml in the user's configuration directory for org-analytics.",
    )


def _add_source_options(command: argparse.ArgumentParser) -> None:
    for option, provider in OPTIONS.items():
        command.add_argument(
            f"--{option}",
            metavar="DIR",
            action="append",
            help=f"Directory with transcripts of {provider}. May be repeated; then only the named directories are read."
            f" Default: the directories that {provider} uses.",
        )


def _add_choice_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--since",
        metavar="DATE",
        type=_date,
        help="Send only sessions that ended on this day (YYYY-MM-DD) or later. Default: send all sessions.",
    )
    command.add_argument(
        "--with-titles", action="store_true", help="Also send the titles of the sessions. Default: send no titles."
    )


def _date(text: str) -> datetime:
    """Return midnight of the day in the local time zone."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("must be a date such as 2026-11-01") from None


def _add_agent_options(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--agent", choices=sorted(AGENTS), help=f"Agent whose settings are changed. Default: {default}."
    )
    command.add_argument(
        "--dir",
        metavar="DIR",
        help="Directory with the settings of that agent. Default: the directory that the agent itself uses.",
    )


def _add_install(command: argparse.ArgumentParser) -> None:
    _add_agent_options(command, "each agent found on this machine, after a question")
    command.add_argument("--yes", action="store_true", help="Do not ask. Default: ask about each agent that is found.")
    _add_config_option(command)
    _add_choice_options(command)


def _add_schedule(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--at", metavar="HH:MM", type=_time, default=_time("12:30"), help="Time of the daily push. Default: 12:30."
    )
    command.add_argument(
        "--yes", action="store_true", help="Write without asking. Default: show what is written and ask first."
    )
    _add_config_option(command)
    _add_choice_options(command)


def _time(text: str) -> tuple[int, int]:
    """Return hour and minute."""
    try:
        moment = datetime.strptime(text, "%H:%M")
    except ValueError:
        raise argparse.ArgumentTypeError("must be a time such as 12:30") from None
    return moment.hour, moment.minute


def _add_hook(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--agent", choices=sorted(AGENTS), help="Agent that runs the hook. Default: an agent that is not named."
    )
    command.add_argument("payload", nargs="*", help=argparse.SUPPRESS)  # `notify` of Codex adds one; it is ignored
    _add_config_option(command)
    _add_choice_options(command)
