"""Results of the last pushes: saved, shown by `status`, and reported once by a hook that keeps failing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from org_analytics.push import cli, config, files, status
from org_analytics.push.agents import AGENTS
from org_analytics.push.locks import held
from org_analytics.push.state import server_state
from org_analytics.push.status import PushStatus
from tests.push.server import TOKEN, Reply, Team
from tests.push.sessions import write_codex

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def logged_in(team: Team, home: Path) -> Team:
    config.save(files.config_file(), config.Config(team.url, TOKEN))
    write_codex(home / ".codex", "a")
    return team


def run(*arguments: str) -> int:
    return cli.main(arguments, lambda seconds: None)


def read_status(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run("status", "--json", *arguments) == 0
    values: dict[str, object] = json.loads(capsys.readouterr().out)
    return values


def test_status_before_the_first_push(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    values = read_status(capsys)
    assert (values["server"], values["last_success"], values["sessions_waiting"]) == (logged_in.url, None, 1)
    assert values["token_from"] == f"the config file {files.config_file()}"
    assert TOKEN not in str(values)
    assert logged_in.requests == logged_in.reads == []


def test_status_after_a_push(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    run("push")
    values = read_status(capsys)
    assert datetime.now(UTC) - datetime.fromisoformat(str(values["last_success"])) < timedelta(minutes=5)
    assert (values["last_failure"], values["failing_since"], values["sessions_waiting"]) == (None, None, 0)


def test_status_counts_with_the_options_of_the_last_push(
    logged_in: Team, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    run("push", "--with-titles", "--since", "2026-11-01")
    assert read_status(capsys)["sessions_waiting"] == 0
    write_codex(home / ".codex", "b")
    assert read_status(capsys)["sessions_waiting"] == 1


def test_status_after_a_failure_says_why(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    run("push")
    logged_in.accounts.clear()
    assert run("push") == 3  # nothing is new, but the token is no longer valid
    values = read_status(capsys)
    assert "does not accept this token" in str(values["failure"])
    assert values["failing_since"] == values["last_failure"] is not None
    assert run("status") == 0
    assert f"Last failure:     {values['last_failure']}: " in capsys.readouterr().out


def test_status_while_a_push_runs_does_not_wait(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    with held(server_state(logged_in.url, TOKEN).lock, 0):
        assert read_status(capsys)["sessions_waiting"] is None
        run("status")
        assert "unknown while a push is running" in capsys.readouterr().out


def test_status_without_server_is_a_usage_error_and_without_token_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status") == 2
    assert run("status", "--server", "https://team.example") == 0
    assert 'no token configured. Run "org-analytics login"' in capsys.readouterr().out


def test_failures_count_from_the_first_one_until_a_success() -> None:
    first = PushStatus().failed(NOON, "down")
    second = first.failed(NOON + timedelta(days=1), "still down")
    assert (second.failing_since, second.failure) == (NOON, "still down")
    again = second.reported().succeeded(NOON, False, None).failed(NOON + timedelta(days=2), "down")
    assert (again.failing_since, again.is_reported) == (NOON + timedelta(days=2), False)


def test_failure_is_reported_after_a_week_and_once() -> None:
    failing = PushStatus().failed(NOON, "down")
    week = NOON + timedelta(days=7)
    assert not failing.is_to_report(week - timedelta(seconds=1))
    assert failing.is_to_report(week)
    assert not failing.reported().is_to_report(week)
    assert not PushStatus().is_to_report(week)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"last_success": 1}', b"[" * 100_000])
def test_damaged_status_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(content)
    assert status.load(path) == PushStatus()


def test_time_without_a_zone_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    status.update(path, lambda before: before.failed(NOON, "down"))
    path.write_text(path.read_text().replace("Z", ""))
    assert status.load(path) == PushStatus()


def test_status_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    status.update(path, lambda before: before.succeeded(NOON, True, NOON).failed(NOON, "down").reported())
    assert status.load(path) == PushStatus(NOON, NOON, "down", NOON, True, True, NOON)
    assert files.is_private(path)


def fail_for(days: int, logged_in: Team) -> None:
    since = datetime.now(UTC) - timedelta(days=days)
    path = server_state(logged_in.url, TOKEN).status_file
    status.update(path, lambda before: before.failed(since, "The server is down."))


@pytest.fixture
def no_push(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.push.background.start_push", lambda options: None)


@pytest.mark.usefixtures("no_push")
@pytest.mark.parametrize("agent", AGENTS)
def test_hook_that_fails_for_a_week_says_so_once(
    logged_in: Team, agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_for(6, logged_in)
    assert run("hook", "--agent", agent) == 0
    assert capsys.readouterr() == ("", "")
    server_state(logged_in.url, TOKEN).status_file.unlink()
    fail_for(8, logged_in)
    assert run("hook", "--agent", agent) == 0
    said = capsys.readouterr().out
    if agent in ("cursor", "opencode"):  # what their hooks print is shown to nobody, or sent to the model
        assert said == ""
    else:
        assert "The server is down." in said
        assert json.loads(said)["systemMessage"] if agent == "codex" else said.startswith("org-analytics: pushes to")
    run("hook", "--agent", agent)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("no_push")
def test_hook_with_a_broken_config_file_fails_in_silence(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    files.config_file().write_text("token = s3cret")
    assert run("hook", "--agent", "codex") == 0
    assert capsys.readouterr() == ("", "")


def test_refused_session_does_not_make_a_push_fail(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    logged_in.refused = {"a"}
    assert run("push") == 1
    assert read_status(capsys)["last_success"] is not None


def test_busy_server_is_a_failure_of_the_push(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    logged_in.replies = [Reply(503, {"error": "Query took too long"})] * 9
    assert run("push", "--quiet") == 4
    assert "Query took too long" in str(read_status(capsys)["failure"])
