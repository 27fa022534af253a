"""A daily push by the system's own scheduler: a systemd user timer, a launchd agent or a line in the crontab.

The forms are those of systemd.timer(5), systemd.service(5), launchd.plist(5) and crontab(5).
"""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import UsageError
from .files import write_atomically

MARK = "# org-analytics install-schedule"
_NAME = "org-analytics-push"
_LABEL = "org-analytics.push"
_TIME_LIMIT = 60  # seconds for a program of the system


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule that is not installed yet: what is shown to the user, and the action."""

    shown: str
    install: Callable[[], None]


class Scheduler(Protocol):
    """One of the system's schedulers."""

    def plan(self, command: Sequence[str], hour: int, minute: int) -> Plan:
        """Return the plan to run the command every day at this time."""

    def uninstall(self) -> bool:
        """Remove the schedule; False if there is none."""


def for_this_system() -> Scheduler:
    """Return the scheduler of this machine. UsageError if it has none that is supported."""
    if sys.platform == "darwin":
        return LaunchdAgent()
    if shutil.which("systemctl") and _run(["systemctl", "--user", "show-environment"]).returncode == 0:
        return SystemdTimer()
    if shutil.which("crontab"):
        return Crontab()
    raise UsageError(
        'No supported scheduler was found. Let the one of your system run "org-analytics push --quiet" once a day.'
    )


class SystemdTimer:
    """A timer of the user's systemd. It catches up on runs that were missed while the machine was off."""

    def plan(self, command: Sequence[str], hour: int, minute: int) -> Plan:
        files = {
            self._directory / f"{_NAME}.service": (
                "[Unit]\nDescription=Send statistics of AI coding sessions to the team's server\n\n"
                f"[Service]\nType=oneshot\nExecStart={' '.join(map(_systemd_quoted, command))}\n"
            ),
            self._timer: (
                "[Unit]\nDescription=Push AI coding sessions once a day\n\n"
                f"[Timer]\nOnCalendar=*-*-* {hour:02}:{minute:02}:00\nRandomizedDelaySec=15min\nPersistent=true\n\n"
                "[Install]\nWantedBy=timers.target\n"
            ),
        }
        commands = [
            ["systemctl", "--user", "daemon-reload"],
            ["systemctl", "--user", "enable", "--now", f"{_NAME}.timer"],
        ]
        return _file_plan(files, commands)

    def uninstall(self) -> bool:
        if not self._timer.exists():
            return False
        _run_checked(["systemctl", "--user", "disable", "--now", f"{_NAME}.timer"])
        for path in (self._timer, self._directory / f"{_NAME}.service"):
            path.unlink(missing_ok=True)
        _run_checked(["systemctl", "--user", "daemon-reload"])
        return True

    @property
    def _directory(self) -> Path:
        config = os.environ.get("XDG_CONFIG_HOME", "")
        return (Path(config) if os.path.isabs(config) else Path.home() / ".config") / "systemd" / "user"

    @property
    def _timer(self) -> Path:
        return self._directory / f"{_NAME}.timer"


class LaunchdAgent:
    """An agent of the user's launchd on macOS. It runs after waking up if the machine was asleep at the time."""

    def plan(self, command: Sequence[str], hour: int, minute: int) -> Plan:
        content = plistlib.dumps(
            {
                "Label": _LABEL,
                "ProgramArguments": list(command),
                "StartCalendarInterval": {"Hour": hour, "Minute": minute},
            },
            sort_keys=False,
        ).decode()
        return _file_plan({self._file: content}, [["launchctl", "bootstrap", self._domain, str(self._file)]])

    def uninstall(self) -> bool:
        if not self._file.exists():
            return False
        _run_checked(["launchctl", "bootout", f"{self._domain}/{_LABEL}"])
        self._file.unlink()
        return True

    @property
    def _file(self) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"

    @property
    def _domain(self) -> str:
        return f"gui/{os.getuid()}" if sys.platform != "win32" else ""


class Crontab:
    """A line in the user's crontab."""

    def plan(self, command: Sequence[str], hour: int, minute: int) -> Plan:
        escaped = shlex.join(command).replace("%", r"\%")  # cron would take a bare % for the end of the line
        line = f"{minute} {hour} * * * {escaped} {MARK}\n"
        before = _without_our_line(self._read())
        if before and not before.endswith("\n"):
            before += "\n"
        return Plan(f"This line is added to your crontab:\n{line.rstrip()}", lambda: self._write(before + line))

    def uninstall(self) -> bool:
        before = self._read()
        after = _without_our_line(before)
        if after == before:
            return False
        if after:
            self._write(after)
        else:
            _run_checked(["crontab", "-r"])
        return True

    def _read(self) -> str:
        done = _run(["crontab", "-l"])
        return done.stdout if done.returncode == 0 else ""  # 1: the user has no crontab

    def _write(self, text: str) -> None:
        _run_checked(["crontab", "-"], text)


def _without_our_line(crontab: str) -> str:
    return "".join(line for line in crontab.splitlines(keepends=True) if not line.rstrip().endswith(MARK))


def _file_plan(files: Mapping[Path, str], commands: Sequence[Sequence[str]]) -> Plan:
    """Return a plan that writes files and then runs commands."""
    shown = [f"{path}:\n{content}" for path, content in files.items()]
    shown += ["Then these commands are run:", *(f"  {shlex.join(command)}" for command in commands)]

    def install() -> None:
        for path, content in files.items():
            write_atomically(path, content.encode(), new_mode=0o644)
        try:
            for command in commands:
                _run_checked(command)
        except UsageError:
            for path in files:
                path.unlink()
            raise

    return Plan("\n".join(shown), install)


def _systemd_quoted(argument: str) -> str:
    r"""Return the argument for ExecStart.

    >>> _systemd_quoted('/opt/100 % "mine"')
    '"/opt/100 %% \\"mine\\""'
    """
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _run(command: Sequence[str], text: str | None = None) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603 - programs of the system, no shell
            command, input=text, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{command[0]} cannot be run: {type(error).__name__}.") from None


def _run_checked(command: Sequence[str], text: str | None = None) -> None:
    done = _run(command, text)
    if done.returncode:
        message = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
        raise UsageError(f"{shlex.join(command)} failed: {message}")
