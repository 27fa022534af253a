"""A token is verified before it is saved, and is never shown."""

import getpass
import io
import stat
import sys
from pathlib import Path

import pytest

from org_analytics.push import cli, config
from org_analytics.push.config import ConfigSource
from org_analytics.push.files import config_file
from tests.push.server import TOKEN, Reply, Team


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers of the person at the terminal, in turn; then the end of the input."""
    typed: list[str] = []

    def answer(prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(getpass, "getpass", answer)
    return typed


def login(*arguments: str) -> int:
    return cli.main(["login", *arguments], lambda seconds: None)


def test_accepted_token_is_kept_in_a_private_file(
    team: Team, answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers += [f" {TOKEN} "]
    assert login("--server", team.url + "/") == 0
    assert config.from_file(config_file()) == ConfigSource(team.url, TOKEN)
    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600
    output = capsys.readouterr()
    assert output.err.startswith(f"Paste an API token for {team.url} here.")
    assert "/account/token" not in output.err  # the server did not say so
    assert output.out == f"{team.url} accepts the token. It is saved in {config_file()}.\n"
    assert TOKEN not in output.out + output.err
    assert [request.body for request in team.requests] == [b'{"sessions":[]}'] * 2
    assert "Authorization" not in team.requests[0].headers


def test_server_is_asked_for_where_nothing_names_it(team: Team, answers: list[str]) -> None:
    answers += [team.url, TOKEN]
    assert login() == 0
    assert config.from_file(config_file()) == ConfigSource(team.url, TOKEN)


def test_server_of_the_last_login_is_taken_again_but_not_its_token(team: Team, answers: list[str]) -> None:
    config.save(config_file(), config.Config(team.url, "old", "Bearer"))
    answers += [TOKEN]
    assert login() == 0
    assert config.from_file(config_file()) == ConfigSource(team.url, TOKEN, "Bearer")


def test_server_of_the_environment_is_taken(team: Team, answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORG_ANALYTICS_SERVER", team.url)
    answers += [TOKEN]
    assert login("--auth-scheme", "Bearer") == 0
    assert team.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_broken_config_file_is_replaced(team: Team, answers: list[str], tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("not TOML")
    answers += [TOKEN]
    assert login("--server", team.url, "--config", str(path)) == 0
    assert config.from_file(path) == ConfigSource(team.url, TOKEN)


def test_login_says_where_the_server_creates_tokens(
    team: Team, answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    team.challenge = {"WWW-Authenticate": "Token", "Link": '</account/token>; rel="help"'}
    answers += [TOKEN]
    assert login("--server", team.url) == 0
    assert f"Create a token at {team.url}/account/token and paste it here." in capsys.readouterr().err


def test_server_that_answers_403_without_a_token_can_be_logged_in_to(team: Team, answers: list[str]) -> None:
    team.replies = [Reply(403, {"error": "CSRF verification failed"})]
    answers += [TOKEN]
    assert login("--server", team.url) == 0


def test_server_that_accepts_requests_without_a_token_can_be_logged_in_to(team: Team, answers: list[str]) -> None:
    team.replies = [Reply(200, {"results": []})]
    answers += [TOKEN]
    assert login("--server", team.url) == 0


def test_scheme_that_the_server_names_is_tried_and_saved(team: Team, answers: list[str]) -> None:
    team.schemes = {"Bearer"}
    team.challenge = {"WWW-Authenticate": 'Session, Bearer realm="api"'}
    answers += [TOKEN]
    assert login("--server", team.url) == 0
    assert config.from_file(config_file()) == ConfigSource(team.url, TOKEN, "Bearer")


def test_refused_token_is_not_kept(team: Team, answers: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    config.save(config_file(), config.Config(team.url, "old"))
    answers += ["wr0ng"]
    assert login("--server", team.url) == 3
    assert config.from_file(config_file()).token == "old"
    output = capsys.readouterr()
    assert output.err.endswith("does not accept this token (Authentication required).\n")
    assert "wr0ng" not in output.out + output.err


def test_server_that_fails_keeps_nothing(team: Team, answers: list[str]) -> None:
    team.replies = [Reply(404, {"error": "Not found"})]
    answers += [TOKEN]
    assert login("--server", team.url) == 4
    assert not config_file().exists()


@pytest.mark.parametrize("typed", [[], [""], ["  "]])
def test_no_token_is_an_error(
    team: Team, answers: list[str], typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers += typed
    assert login("--server", team.url) == 2
    assert "Nothing was saved" in capsys.readouterr().err
    assert TOKEN not in str(team.requests)


def test_no_server_is_an_error(answers: list[str]) -> None:
    assert login() == 2


def test_token_is_read_from_standard_input_if_that_is_not_a_terminal(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\nmore\n"))
    assert login("--server", team.url) == 0
    assert config.from_file(config_file()).token == TOKEN
