"""A daily push by each scheduler, against stand-ins for the system's programs."""

import os
import plistlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from org_analytics.push import cli, schedule
from org_analytics.push.errors import UsageError

CRONTAB = """#!/bin/sh
case "$1" in
  -l) [ -f "$HOME/crontab" ] && cat "$HOME/crontab" || { echo "no crontab" >&2; exit 1; } ;;
  -r) rm "$HOME/crontab" ;;
  -) cat > "$HOME/crontab" ;;
esac
"""
RECORDER = """#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/commands"
"""


@pytest.fixture
def programs(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for the system's programs, alone on the PATH with the usual tools."""
    directory = home / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(
        "org_analytics.push.schedule.shutil.which",
        lambda name: str(directory / name) if (directory / name).exists() else None,
    )
    return directory


def add_program(programs: Path, name: str, text: str) -> None:
    (programs / name).write_text(text)
    (programs / name).chmod(0o755)


def run(*arguments: str) -> int:
    return cli.main(arguments, lambda seconds: None)


def commands(home: Path) -> list[str]:
    return (home / "commands").read_text().splitlines()


@pytest.mark.parametrize("before", [None, "", "# mine\n0 1 * * * x # note\n", "0 1 * * * no newline at the end"])
def test_crontab_gets_a_line_and_is_restored(home: Path, programs: Path, before: str | None) -> None:
    add_program(programs, "crontab", CRONTAB)
    crontab = home / "crontab"
    if before is not None:
        crontab.write_text(before)
    assert run("install-schedule", "--yes", "--at", "07:05") == 0
    line = crontab.read_text().splitlines()[-1]
    assert line.startswith("5 7 * * * ")
    assert line.endswith(f"push --quiet --background {schedule.MARK}")
    assert run("install-schedule", "--yes", "--at", "08:00") == 0
    assert crontab.read_text().count(schedule.MARK) == 1
    assert run("uninstall-schedule") == 0
    if not before:
        assert not crontab.exists()
    else:
        assert crontab.read_text().rstrip("\n") == before.rstrip("\n")


def test_percent_sign_is_escaped_for_cron(home: Path, programs: Path) -> None:
    add_program(programs, "crontab", CRONTAB)
    (home / "100%.toml").write_text("")
    assert run("install-schedule", "--yes", "--config", str(home / "100%.toml")) == 0
    assert r"100\%.toml" in (home / "crontab").read_text()


def test_systemd_timer_is_written_enabled_and_removed(home: Path, programs: Path) -> None:
    add_program(programs, "systemctl", RECORDER)
    assert run("install-schedule", "--yes", "--at", "07:05", "--with-titles") == 0
    units = home / ".config/systemd/user"
    timer = (units / "org-analytics-push.timer").read_text()
    assert "OnCalendar=*-*-* 07:05:00\n" in timer
    assert "Persistent=true\n" in timer
    service = (units / "org-analytics-push.service").read_text()
    (start,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    assert shlex.split(start.removeprefix("ExecStart=")) == [
        sys.executable, "-P", "-m", "org_analytics.push", "push", "--quiet", "--background", "--with-titles"
    ]  # fmt: skip
    assert commands(home)[-2:] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now org-analytics-push.timer",
    ]
    assert run("uninstall-schedule") == 0
    assert list(units.iterdir()) == []
    assert "systemctl --user disable --now org-analytics-push.timer" in commands(home)


def test_launchd_agent_is_written_started_and_removed(
    home: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("org_analytics.push.schedule.sys.platform", "darwin")
    add_program(programs, "launchctl", RECORDER)
    assert run("install-schedule", "--yes", "--at", "07:05") == 0
    path = home / "Library/LaunchAgents/org-analytics.push.plist"
    values = plistlib.loads(path.read_bytes())
    assert values["StartCalendarInterval"] == {"Hour": 7, "Minute": 5}
    assert values["ProgramArguments"][1:] == ["-P", "-m", "org_analytics.push", "push", "--quiet", "--background"]
    assert run("uninstall-schedule") == 0
    assert not path.exists()
    domain = f"gui/{os.getuid()}"
    assert commands(home) == [
        f"launchctl bootstrap {domain} {path}",
        f"launchctl bootout {domain}/{values['Label']}",
    ]


def test_plan_is_shown_and_nothing_is_written_without_a_yes(
    home: Path, programs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_program(programs, "crontab", CRONTAB)
    assert run("install-schedule") == 2  # no terminal to ask on
    output = capsys.readouterr()
    assert "30 12 * * * " in output.out
    assert "Pass --yes" in output.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    assert run("install-schedule") == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert not (home / "crontab").exists()


def test_program_of_the_system_that_fails_leaves_no_files(
    home: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_program(programs, "systemctl", '#!/bin/sh\n[ "$2" = show-environment ] || { echo "no bus" >&2; exit 1; }\n')
    assert run("install-schedule", "--yes") == 2
    assert "systemctl --user daemon-reload failed: no bus" in capsys.readouterr().err
    assert list((home / ".config/systemd/user").iterdir()) == []


def test_systemd_without_a_user_session_leaves_it_to_cron(home: Path, programs: Path) -> None:
    add_program(programs, "systemctl", "#!/bin/sh\nexit 1\n")
    add_program(programs, "crontab", CRONTAB)
    assert isinstance(schedule.for_this_system(), schedule.Crontab)


def test_machine_without_a_scheduler_is_a_usage_error(programs: Path) -> None:
    with pytest.raises(UsageError, match="No supported scheduler was found"):
        schedule.for_this_system()


@pytest.mark.parametrize("kind", ["systemctl", "crontab"])
def test_schedule_that_is_not_there_is_said(programs: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    add_program(programs, kind, CRONTAB if kind == "crontab" else RECORDER)
    assert run("uninstall-schedule") == 0
    assert capsys.readouterr().out == "There is no schedule.\n"


def test_launchd_agent_that_is_not_there_is_said(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.push.schedule.sys.platform", "darwin")
    assert not schedule.for_this_system().uninstall()


def test_program_that_cannot_be_run_is_a_usage_error(programs: Path) -> None:
    (programs / "crontab").write_text("no program")
    with pytest.raises(UsageError, match="crontab cannot be run"):
        schedule.Crontab().uninstall()


@pytest.mark.parametrize("time", ["7", "24:00", "noon"])
def test_time_that_is_not_one_is_a_usage_error(time: str) -> None:
    with pytest.raises(SystemExit):
        run("install-schedule", "--at", time)


def test_crontab_line_runs_in_a_shell(home: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_program(programs, "crontab", CRONTAB)
    monkeypatch.setattr("sys.executable", "/bin/echo")
    assert run("install-schedule", "--yes") == 0
    command = (home / "crontab").read_text().split(" ", 5)[5]
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "-P -m org_analytics.push push --quiet --background\n"
