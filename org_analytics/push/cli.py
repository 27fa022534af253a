"""The command line of `org-analytics`.

Exit codes: 0 done; 1 done, but the server refused some sessions; 2 the command line, the environment or a file is
not usable as it is; 3 the server does not let this token in; 4 the server cannot be reached or does not answer as it
should; 5 another push has not finished; 130 interrupted.
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

from org_analytics.push import commands
from org_analytics.push.errors import INTERRUPTED, OK, PushError, UsageError

from .. import __version__

_VALUES = re.compile(r"(?<=unrecognized arguments).*|:? *'.*", re.DOTALL)  # in argparse's messages


def main(arguments: Sequence[str] | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """Run one command; the answer is its exit code."""
    try:
        options = parser().parse_args(arguments)
        code: int = options.run(options, sleep)
        sys.stdout.flush()
        return code
    except PushError as error:
        return _failed(str(error), error.exit_code)
    except OSError as error:
        return _broken(error)
    except sqlite3.Error as error:
        return _failed(f"The state directory is not usable: {error}.", UsageError.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED


def _broken(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):  # `--dry-run | head`: nobody reads on, and nothing may be flushed at exit
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return _failed(f"{error.filename or 'A file'}: {error.strerror or error}.", UsageError.exit_code)


def _failed(message: str, code: int) -> int:
    print(f"org-analytics: {message}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """Repeats no value that it does not understand: it may be a token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: {_VALUES.sub('', message)}\n")


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = _Parser(prog="org-analytics", description="Send the numbers of your AI coding sessions to the team's server.")
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    adder = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_push(adder.add_parser("push", help="send the sessions that the server does not have yet"))
    _add_login(adder.add_parser("login", help="ask for a token, try it, and keep it in the config file"))
    _add_hooks(adder)
    return top


def _add_push(command: argparse.ArgumentParser) -> None:
    _add_server_options(command)
    command.add_argument("--token", help="the token; better kept with login or in ORG_ANALYTICS_TOKEN")
    _add_choice_options(command)
    command.add_argument("--claude", metavar="DIR", action="append", help="a CLAUDE_CONFIG_DIR to read; repeatable")
    command.add_argument("--codex", metavar="DIR", action="append", help="a CODEX_HOME to read; repeatable")
    command.add_argument("--dry-run", action="store_true", help="print the requests, one a line, and send nothing")
    command.add_argument("--resend", action="store_true", help="send everything again, also what the server has")
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    command.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    command.set_defaults(run=commands.push)


def _add_login(command: argparse.ArgumentParser) -> None:
    _add_server_options(command)
    command.set_defaults(run=commands.login)


def _add_server_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--server", metavar="URL", help="address of the team's server (ORG_ANALYTICS_SERVER)")
    command.add_argument("--auth-scheme", metavar="WORD", help="Token (default), Bearer, … (ORG_ANALYTICS_AUTH_SCHEME)")
    _add_config_option(command)


def _add_config_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", help="config file in place of the usual one")


def _add_choice_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", metavar="DATE", type=_date, help="only sessions that ended on this day or later")
    command.add_argument("--with-titles", action="store_true", help="send the titles of the sessions, too")


def _date(text: str) -> datetime:
    """Midnight of the day, here."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("must be a date such as 2026-11-01") from None


def _add_hooks(adder: "argparse._SubParsersAction[_Parser]") -> None:
    install = adder.add_parser("install-hook", help="push at the end of every Claude Code session")
    uninstall = adder.add_parser("uninstall-hook", help="take the hook out again")
    for command, run in ((install, commands.install_hook), (uninstall, commands.uninstall_hook)):
        command.add_argument("--claude", metavar="DIR", help="where settings.json is (CLAUDE_CONFIG_DIR, ~/.claude)")
        command.set_defaults(run=run)
    hook = adder.add_parser("hook", help="what the hook runs: start a quiet push in the background")
    for command in (install, hook):
        _add_config_option(command)
        _add_choice_options(command)
    hook.add_argument("payload", nargs="*", help=argparse.SUPPRESS)  # Codex adds one; it is not looked at
    hook.set_defaults(run=commands.hook)
