"""The command as people and scripts use it: real transcripts, a real server, exit codes."""

import argparse
import contextlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from org_analytics.ingest.git import look_up
from org_analytics.ingest.providers import PROVIDERS
from org_analytics.push import cli, config, files
from org_analytics.push.agents import AGENTS
from org_analytics.push.locks import held
from tests.ingest.writing import Claude, usage
from tests.push.server import TOKEN, Reply, Team
from tests.push.sessions import write_codex

ROOT = Path(cli.__file__).parents[2]


@pytest.fixture
def codex_home(home: Path) -> Path:
    directory = home / ".codex"
    for name in ("a", "b", "c"):
        write_codex(directory, name)
    return directory


@pytest.fixture
def logged_in(team: Team) -> Team:
    config.save(files.config_file(), config.Config(team.url, TOKEN))
    return team


def run(*arguments: str) -> int:
    return cli.main(arguments, lambda seconds: None)


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    output = capsys.readouterr()
    assert TOKEN not in output.out + output.err
    return output.out + output.err


def state_files(home: Path) -> set[str]:
    return {file.name for file in (home / ".local/state/org-analytics").rglob("*") if file.is_file()}


def test_push_sends_the_sessions_that_the_tools_left(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push") == 0
    assert shown(capsys) == f"{logged_in.url}: 3 new, 0 updated, 0 unchanged.\n"
    row = logged_in.rows["codex", "a"]
    assert (row["started_at"], row["git_info"]) == ("2026-11-20T09:30:00Z", {"path": "acme/api"})
    assert row["models"][0]["cache_read_tokens"] == 200
    assert row["cost_usd"] is not None


def test_nothing_that_was_written_and_no_path_and_no_secret_leaves_the_machine(
    logged_in: Team, codex_home: Path, home: Path
) -> None:
    run("push")
    sent = b"".join(request.body for request in logged_in.requests).decode()
    for private in ("private prompt", str(home), "s3cret@", "example.org", "title"):
        assert private not in sent


def test_second_push_sends_nothing(logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("push")
    assert run("push") == 0
    assert shown(capsys).endswith("0 new, 0 updated, 3 unchanged.\n")
    assert logged_in.batch_sizes == [3]


def test_another_server_has_answers_of_its_own(logged_in: Team, codex_home: Path) -> None:
    run("push")
    logged_in.rows.clear()
    assert run("push", "--server", logged_in.url + "/other", "--token", TOKEN) == 0
    assert (len(logged_in.rows), logged_in.requests[-1].path) == (3, "/other/api/v1/org/sessions")


def test_another_account_gets_the_sessions_too(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = logged_in.accounts["0ther"] = {}
    run("push")
    capsys.readouterr()
    assert run("push", "--token", "0ther") == 0
    assert shown(capsys) == f"{logged_in.url}: 3 new, 0 updated, 0 unchanged.\n"
    assert other == logged_in.rows


def test_dry_run_of_another_account_shows_what_its_push_would_send(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("push")
    capsys.readouterr()
    assert run("push", "--dry-run", "--token", "0ther") == 0
    assert len(json.loads(capsys.readouterr().out)["sessions"]) == 3


def test_another_account_does_not_get_what_is_not_among_its_directories(
    logged_in: Team, codex_home: Path, home: Path
) -> None:
    other = logged_in.accounts["0ther"] = {}
    run("push")
    write_codex(home / "other", "d")
    for options in ([], ["--resend"]):
        assert run("push", "--token", "0ther", "--codex", str(home / "other"), *options) == 0
        assert set(other) == {("codex", "d")}


def test_new_token_of_the_same_account_changes_nothing_on_the_server(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("push")
    logged_in.accounts["renewed"] = logged_in.rows
    for _ in range(2):
        assert run("push", "--token", "renewed") == 0
        assert shown(capsys).endswith("0 new, 0 updated, 3 unchanged.\n")
        assert logged_in.batch_sizes == [3, 3]


def test_what_git_said_of_a_directory_that_is_gone_outlives_the_token(logged_in: Team, home: Path) -> None:
    project = home / "project"
    for arguments in (
        ["init", "--quiet", str(project)],
        ["-C", str(project), "remote", "add", "o", "https://h/acme/api"],
    ):
        subprocess.run(["git", *arguments], check=True)
    Claude("a", cwd=str(project)).prompt().wait(10).reply(usage(100, 50)).write(home / ".claude")
    run("push")
    assert logged_in.rows["claude-code", "a"]["git_info"] == {"path": "acme/api"}
    shutil.rmtree(project)
    look_up.cache_clear()
    other = logged_in.accounts["0ther"] = {}
    assert run("push", "--token", "0ther") == 0
    assert other == logged_in.rows


@pytest.mark.parametrize("sessions", [0, 3])
def test_bad_token_is_an_error_also_after_another_one_sent_everything(
    logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str], sessions: int
) -> None:
    for number in range(sessions):
        write_codex(home / ".codex", f"session-{number}")
    assert run("push") == 0
    capsys.readouterr()
    assert run("push", "--token", "wr0ng") == 3
    assert capsys.readouterr().err.endswith(
        f"org-analytics: {logged_in.url} does not accept this token (Authentication required)."
        " Run org-analytics login to save another token.\n"
    )


def test_no_token_is_kept_in_the_state_directory(logged_in: Team, codex_home: Path, home: Path) -> None:
    run("push")
    files = [file for file in (home / ".local/state").rglob("*") if file.is_file()]
    assert len(files) >= 3
    for file in files:
        assert TOKEN not in str(file)
        assert TOKEN.encode() not in file.read_bytes()


def test_dry_run_with_nothing_to_send_says_so_beside_the_requests(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("push", "--quiet")
    assert run("push", "--dry-run") == 0
    assert capsys.readouterr() == ("", "Nothing new to send.\n")
    assert run("push", "--dry-run", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_dry_run_prints_exactly_what_is_sent_afterwards_and_remembers_nothing(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert run("push", "--dry-run") == 0
    assert capsys.readouterr().out == printed
    assert logged_in.requests == []
    run("push")
    assert printed.encode() == b"".join(request.body + b"\n" for request in logged_in.requests)
    capsys.readouterr()
    write_codex(codex_home, "d")
    assert run("push", "--dry-run") == 0
    assert [row["external_id"] for row in json.loads(capsys.readouterr().out)["sessions"]] == ["d"]


def test_dry_run_needs_no_server(codex_home: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("push", "--dry-run") == 0
    assert len(json.loads(capsys.readouterr().out)["sessions"]) == 3
    assert state_files(home) == {"push.lock"}


def test_resend_gives_a_server_that_lost_them_its_sessions_again(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("push")
    logged_in.rows.clear()
    assert run("push", "--resend") == 0
    assert len(logged_in.rows) == 3
    assert shown(capsys).endswith("3 new, 0 updated, 0 unchanged.\n")


def test_named_directories_alone_are_read(logged_in: Team, codex_home: Path, home: Path) -> None:
    write_codex(home / "one", "one")
    write_codex(home / "two", "two")
    (home / "claude").mkdir()
    assert run("push", "--codex", str(home / "one"), "--codex", "~/two", "--claude", str(home / "claude")) == 0
    assert {external_id for _, external_id in logged_in.rows} == {"one", "two"}


def test_directory_that_is_not_there_is_a_usage_error(
    logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", "--claude", str(home / "typo")) == 2
    assert "typo is not a directory" in shown(capsys)


def test_no_transcripts_at_all_is_said(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("push") == 0
    said = shown(capsys)
    assert "No transcripts were found. Looked for:\n" in said
    for provider in PROVIDERS.values():
        assert provider.layout in said


def test_since_leaves_older_sessions_for_later(logged_in: Team, codex_home: Path) -> None:
    assert run("push", "--since", "2026-11-22") == 0
    assert logged_in.rows == {}
    assert run("push", "--since", "2026-11-19") == 0
    assert len(logged_in.rows) == 3


def test_options_win_over_environment_and_that_over_the_file(
    team: Team, codex_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.save(files.config_file(), config.Config("https://file.example", "file"))
    monkeypatch.setenv("ORG_ANALYTICS_SERVER", team.url)
    monkeypatch.setenv("ORG_ANALYTICS_TOKEN", "wrong")
    assert run("push") == 3
    assert run("push", "--token", TOKEN, "--auth-scheme", "Bearer") == 0
    assert team.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_config_file_can_be_another(team: Team, codex_home: Path, home: Path) -> None:
    config.save(home / "other.toml", config.Config(team.url, TOKEN))
    assert run("push", "--config", str(home / "other.toml")) == 0
    assert run("push", "--config", str(home / "typo.toml")) == 2


def test_readable_config_file_is_warned_about(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files.config_file().chmod(0o644)
    assert run("push", "--quiet") == 0
    assert "chmod 600" in shown(capsys)


def test_refused_rows_give_exit_code_1_even_when_quiet(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged_in.refused = {"b"}
    assert run("push", "--quiet") == 1
    assert shown(capsys) == "Refused: codex b: started_at: Not after 2000.\n"
    assert run("push") == 0
    assert "1 session not sent: refused by an earlier push" in shown(capsys)


def test_refused_rows_are_said_even_if_the_push_then_fails(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("org_analytics.push.payload.MAX_ROWS", 1)
    logged_in.refused = {"a", "b", "c"}
    logged_in.replies = [None, Reply(403, {"error": "Not a member"})]
    assert run("push") == 3
    assert shown(capsys).count("Refused:") == 1


def test_quiet_push_says_nothing(logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logged_in.replies = [Reply(500)]
    assert run("push", "--quiet") == 0
    assert shown(capsys) == ""


def test_waiting_is_said(logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logged_in.replies = [Reply(429, {"error": "Rate limit exceeded"}, {"Retry-After": "7"})]
    assert run("push") == 0
    assert "429 (Rate limit exceeded); trying again in 7 s." in shown(capsys)


def test_unpriced_models_are_named(logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_codex(home / ".codex", "a", model="gpt-of-tomorrow")
    assert run("push") == 0
    assert "No price is known for gpt-of-tomorrow: 1 session unpriced.\n" in shown(capsys)
    assert logged_in.rows["codex", "a"]["cost_usd"] is None


def test_missing_price_list_is_said(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert run("push") == 0
    assert "Install this package with its extra 'ingest'" in shown(capsys)


def test_price_of_the_server_counts_and_a_new_one_changes_the_row(
    logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_codex(home / ".codex", "a", model="gpt-of-tomorrow")
    run("push")
    assert logged_in.rows["codex", "a"]["cost_usd"] is None
    for price, cost in (("1", "0.0008"), ("2", "0.0016")):
        logged_in.prices = {"gpt-of-tomorrow": {"input": price, "output": "0", "cache_read": "0", "cache_write": "0"}}
        assert run("push") == 0
        assert Decimal(logged_in.rows["codex", "a"]["cost_usd"]) == Decimal(cost)
    assert run("push") == 0
    said = capsys.readouterr().out
    assert said.count("Changed by a new version of the program or its prices: 1 session, cost 0.00 USD before") == 2


def test_dry_run_uses_the_prices_of_the_last_push(
    logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged_in.prices = {"gpt-of-tomorrow": {"input": "1", "output": "0", "cache_read": "0", "cache_write": "0"}}
    run("push")
    write_codex(home / ".codex", "a", model="gpt-of-tomorrow")
    reads = len(logged_in.reads)
    capsys.readouterr()
    run("push", "--dry-run")
    printed = capsys.readouterr().out.encode()
    assert len(logged_in.reads) == reads
    run("push")
    assert printed == logged_in.requests[-1].body + b"\n"


def test_prices_that_are_not_usable_are_a_server_error_and_nothing_is_sent(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged_in.prices = {"gpt-5": {"input": "free"}}
    assert run("push") == 4
    assert "The server's prices are not usable" in shown(capsys)
    assert logged_in.rows == {}


def test_models_without_a_price_are_listed(
    logged_in: Team, codex_home: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_codex(home / ".codex", "d", model="gpt-of-tomorrow")
    assert run("prices") == 0
    said = shown(capsys)
    assert "  gpt-of-tomorrow: 1 session\n" in said
    assert "gpt-5" not in said
    logged_in.prices = {"gpt-of-tomorrow": {"input": "1", "output": "0", "cache_read": "0", "cache_write": "0"}}
    assert run("prices") == 0
    assert "Every model" in shown(capsys)
    assert logged_in.requests == []


def test_models_without_a_price_are_listed_without_a_server(
    codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_codex(codex_home, "d", model="gpt-of-tomorrow")
    assert run("prices") == 0
    assert "  gpt-of-tomorrow: 1 session\n" in shown(capsys)


def test_scheme_that_worked_in_place_of_the_configured_one_is_named(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged_in.schemes, logged_in.challenge = {"Bearer"}, {"WWW-Authenticate": "Bearer"}
    assert run("push") == 0
    assert len(logged_in.rows) == 3
    assert "--auth-scheme Bearer" in shown(capsys)


def test_help_of_every_option_is_a_sentence_with_its_default() -> None:
    (subparsers,) = [action for action in cli.parser()._actions if isinstance(action.choices, dict)]
    for name, command in subparsers.choices.items():
        for action in command._actions:
            if action.help not in (None, argparse.SUPPRESS) and action.dest != "help":
                assert re.fullmatch(r"[A-Z].*\. Default: .+\.", action.help), (name, action.dest)


def test_missing_package_is_explained(home: Path) -> None:
    script = (
        "import sys; sys.modules['filelock'] = None; from org_analytics.push.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(home), cwd=home, capture_output=True, text=True, check=False
    )
    expected = "org-analytics: The package filelock is missing. Install this package with its extra 'ingest'.\n"
    assert (done.returncode, done.stderr) == (2, expected)


@pytest.mark.parametrize(("status", "code"), [(401, 3), (403, 3), (302, 2), (404, 4), (400, 4), (500, 4)])
def test_exit_code_says_what_went_wrong(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    logged_in.replies = [Reply(status)] * 9
    assert run("push", "--quiet") == code
    assert shown(capsys).startswith(f"org-analytics: {logged_in.url} ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [([], "No server configured"), (["--server", "https://a.example"], "No token configured for https://a.example")],
)
def test_push_without_server_or_token_is_a_usage_error(
    codex_home: Path, home: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", *arguments) == 2
    assert text in shown(capsys)
    assert state_files(home) == set()


def test_token_of_the_config_file_does_not_go_to_another_server(
    logged_in: Team, codex_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", "--server", logged_in.url + "/evil") == 2
    assert logged_in.requests == []


def test_push_beside_another_gives_up_in_the_end(
    logged_in: Team, codex_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("push")
    (lock,) = (home / ".local/state").rglob("push.lock")
    monkeypatch.setattr("org_analytics.push.locks.PATIENCE", 0)
    with held(lock, 0):
        assert run("push") == 5
    assert run("push") == 0


def test_state_that_another_program_has_open_is_busy(logged_in: Team, codex_home: Path, home: Path) -> None:
    run("push")
    (path,) = (home / ".local/state").rglob("read.sqlite3")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert run("push") == 5
        assert run("push", "--dry-run") == 5


def test_two_pushes_at_once_send_every_session_once(team: Team, codex_home: Path, home: Path) -> None:
    arguments = ["push", "--server", team.url, "--token", TOKEN, "--quiet"]
    command = [sys.executable, "-P", "-m", "org_analytics.push", *arguments]
    started = [subprocess.Popen(command, env=environment(home), cwd=home) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    assert (team.batch_sizes, len(team.rows)) == ([3], 3)


def test_background_push_leaves_the_work_to_the_one_that_waits_already(
    logged_in: Team, codex_home: Path, home: Path
) -> None:
    run("push", "--background")
    write_codex(codex_home, "d")
    (waiting,) = (home / ".local/state").rglob("push.next")
    with held(waiting, 0):
        assert run("push", "--background") == 0
    assert logged_in.batch_sizes == [3]


def test_interruption_has_a_code_of_its_own(codex_home: Path, logged_in: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("org_analytics.push.client.Client.send", interrupt)
    assert run("push") == 130
    monkeypatch.undo()


def test_unusable_state_directory_is_a_usage_error(
    logged_in: Team, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert run("push") == 2
    assert "file/org-analytics: Not a directory" in shown(capsys)


def test_broken_state_file_is_a_usage_error(
    logged_in: Team, codex_home: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("push")
    (answers,) = (home / ".local/state").rglob("answers.sqlite3")
    answers.unlink()
    answers.mkdir()
    assert run("push") == 2
    assert "The state directory is not usable" in shown(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["pusch"], [TOKEN], ["push", TOKEN], ["push", "--tokn", TOKEN], ["push", f"--tokn={TOKEN}"],
        ["push", "--since", "yesterday"], ["push", "--since", "0001-01-01"], ["push", "--token"],
    ],
)  # fmt: skip
def test_command_line_that_is_not_understood_is_a_usage_error_and_repeats_no_value(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert "org-analytics" in shown(capsys)


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("--version")
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("org-analytics 0.")


def test_reader_that_leaves_early_is_not_an_error(codex_home: Path, home: Path) -> None:
    command = [sys.executable, "-P", "-m", "org_analytics.push", "push", "--dry-run"]
    with subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0


def test_closed_output_is_not_an_error(codex_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return file.fileno()

    with (tmp_path / "output").open("w") as file:
        monkeypatch.setattr(sys, "stdout", Closed())
        assert run("push", "--dry-run") == 0


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def test_install_and_uninstall_hook_say_what_they_did(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    path = home / ".claude" / "settings.json"
    config.save(Path("my.toml"), config.Config("https://a.example", "t"))
    assert (
        run("install-hook", "--agent", "claude-code", "--config", "my.toml", "--since", "2026-11-01", "--with-titles")
        == 0
    )
    config_options = ["--config", str(Path("my.toml").absolute()), "--since", "2026-11-01", "--with-titles"]
    command = AGENTS["claude-code"].hook.command(["--agent", "claude-code", *config_options])
    assert command in json.loads(path.read_text())["hooks"]["SessionEnd"][0]["hooks"][0]["command"]
    said = capsys.readouterr().out
    assert said.startswith(f"Claude Code: added to {path}. ")
    run("install-hook", "--agent", "claude-code", "--config", "my.toml", "--since", "2026-11-01", "--with-titles")
    assert capsys.readouterr().out.startswith(f"Claude Code: already in {path}. ")
    assert run("uninstall-hook", "--agent", "claude-code") == 0
    assert capsys.readouterr().out == f"Claude Code: removed from {path}.\n"
    assert run("uninstall-hook", "--agent", "claude-code") == 0
    assert capsys.readouterr().out == f"Claude Code: there is no hook in {path}.\n"
    assert not path.exists()


def test_hook_without_a_server_to_push_to_is_said(logged_in: Team, capsys: pytest.CaptureFixture[str]) -> None:
    run("install-hook", "--agent", "cursor")
    assert "run org-analytics login" not in capsys.readouterr().out
    files.config_file().unlink()
    run("install-hook", "--agent", "cursor")
    assert "run org-analytics login" in capsys.readouterr().out


def test_hook_goes_into_the_directory_that_is_named(home: Path) -> None:
    assert run("install-hook", "--agent", "claude-code", "--dir", str(home / "work")) == 0
    assert (home / "work" / "settings.json").exists()
    assert not (home / ".claude").exists()


def test_settings_that_are_not_understood_are_a_usage_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text("{oops")
    assert run("install-hook", "--agent", "claude-code") == 2
    assert "not valid JSON; nothing was changed" in shown(capsys)


def test_installed_hook_pushes_in_the_background_and_tells_the_agent_nothing(
    logged_in: Team, codex_home: Path, home: Path
) -> None:
    run("install-hook", "--agent", "claude-code")
    (group,) = json.loads((home / ".claude" / "settings.json").read_text())["hooks"]["SessionEnd"]
    project = home / "project"
    project.mkdir()
    (project / "json.py").write_text("raise SystemExit('a file of the project was imported')")
    done = subprocess.run(
        group["hooks"][0]["command"],
        shell=True,
        input=b'{"hook_event_name": "SessionEnd", "session_id": "a"}',
        capture_output=True,
        check=False,
        cwd=project,
        env=environment(home),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    logged_in.answered.wait(30)
    assert len(logged_in.rows) == 3
    (lock,) = (home / ".local/state").rglob("push.lock")
    with held(lock, patience=30):  # the push has ended
        log = (home / ".local/state/org-analytics/background.log").read_text()
    assert log.endswith("Z push\n")
    assert log.count("\n") == 1


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, object]]]:
    calls: list[tuple[list[str], dict[str, object]]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: calls.append((command, options)))
    return calls


def test_hook_passes_its_options_on_and_ignores_what_codex_adds(
    started: list[tuple[list[str], dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hook", "--with-titles", '{"type": "agent-turn-complete"}') == 0
    ((command, options),) = started
    assert command[1:] == ["-P", "-m", "org_analytics.push", "push", "--quiet", "--background", "--with-titles"]
    assert options["start_new_session"] is True
    assert shown(capsys) == ""


STOP = {"hook_event_name": "stop", "conversation_id": "1", "generation_id": "g1", "model": "default", "loop_count": 0}


@pytest.mark.parametrize(
    "payload",
    [
        *(json.dumps(STOP | {"status": status}) for status in ("completed", "aborted", "error")),
        json.dumps(STOP | {"input_tokens": 23666, "output_tokens": 5, "cache_read_tokens": 23617}),
        json.dumps(STOP | {"input_tokens": "many", "workspace_roots": None}),
        json.dumps(STOP)[:-9],
        "[]",
        "",
        "\udcff\0",
    ],
)
def test_hook_starts_a_push_whatever_cursor_says_when_it_stops(
    started: list[tuple[list[str], dict[str, object]]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    payload: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(payload))
    assert run("hook", "--agent", "cursor") == 0
    assert len(started) == 1
    assert started[0][1]["stdin"] is subprocess.DEVNULL
    assert shown(capsys) == ""


def test_hook_is_detached_on_windows(
    started: list[tuple[list[str], dict[str, object]]], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 1, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 2, raising=False)
    assert run("hook") == 0
    assert started[0][1]["creationflags"] == 3


def test_log_of_the_background_is_emptied_when_it_has_grown(
    started: list[tuple[list[str], dict[str, object]]], home: Path
) -> None:
    log = files.state_directory() / "background.log"
    log.write_bytes(b"x" * 70_000)
    for _ in range(2):
        run("hook")
    assert log.read_text().count("Z push\n") == 2
    assert "x" not in log.read_text()


def test_hook_that_cannot_start_a_push_fails_in_silence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert run("hook") == 0
    assert shown(capsys) == ""


def test_nothing_of_django_is_loaded(home: Path, codex_home: Path, team: Team) -> None:
    script = (
        "import sys\n"
        "from org_analytics.push.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "loaded = [name for name in sys.modules if name.partition('.')[0] in ('django', 'rest_framework')]\n"
        "sys.exit(str(loaded) if loaded else code)\n"
    )
    arguments = ["push", "--server", team.url, "--token", TOKEN]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(team.rows) == 3


def test_progress_is_shown_on_a_terminal(logged_in: Team, codex_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run("push") == 0
    assert "33% of" in terminal.getvalue()
