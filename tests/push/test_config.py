"""Options before environment before file; a token is sent only to the server that it was given with."""

import stat
from pathlib import Path

import pytest

from org_analytics.push import config, files
from org_analytics.push.config import Config, ConfigSource
from org_analytics.push.errors import UsageError

A, B = "https://a.example", "https://b.example"


def test_first_source_that_speaks_counts() -> None:
    sources = [
        ConfigSource(auth_scheme="Bearer"),
        ConfigSource(server=A),
        ConfigSource(server=A, token="t", auth_scheme="Token"),
    ]
    assert config.resolve(sources) == Config(A, "t", "Bearer")


def test_nothing_said_is_nothing_known() -> None:
    assert config.resolve([ConfigSource()]) == Config(None, None, "Token")


def test_token_is_not_taken_to_another_server() -> None:
    assert config.resolve([ConfigSource(server=B), ConfigSource(server=A, token="for-a")]).token is None


def test_token_of_the_same_server_in_another_spelling_is_taken() -> None:
    assert config.resolve([ConfigSource(server=A + ":443/"), ConfigSource(server=A, token="for-a")]).token == "for-a"


def test_token_that_names_no_server_goes_with_any() -> None:
    assert config.resolve([ConfigSource(token="mine"), ConfigSource(server=A, token="for-a")]) == Config(
        A, "mine", "Token"
    )


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tökén", "t\x00"])
def test_token_that_no_header_can_hold_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(UsageError) as refused:
        config.resolve([ConfigSource(server=A, token=token)])
    assert token not in str(refused.value)


@pytest.mark.parametrize("scheme", ["Two words", "Token:", "\n"])
def test_scheme_that_no_header_can_hold_is_refused(scheme: str) -> None:
    with pytest.raises(UsageError, match="scheme"):
        config.resolve([ConfigSource(auth_scheme=scheme)])


def test_tokens_are_in_no_representation() -> None:
    assert "s3cret" not in repr(ConfigSource(token="s3cret")) + repr(Config(A, "s3cret"))


def test_environment_is_read_and_empty_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORG_ANALYTICS_SERVER", A)
    monkeypatch.setenv("ORG_ANALYTICS_TOKEN", "t")
    monkeypatch.setenv("ORG_ANALYTICS_AUTH_SCHEME", "")
    assert config.from_environment() == ConfigSource(A, "t", None)


def test_saved_config_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    for saved in (Config(A, 't"\\1', "Bearer"), Config(B, "t2", "Token")):
        config.save(path, saved)
        assert config.resolve([config.from_file(path)]) == saved
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


def test_saving_makes_a_readable_file_private(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    path.chmod(0o644)
    config.save(path, Config(A, "t"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    config.save(path, Config(A, "old"))

    def full(*args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        config.save(path, Config(A, "new"))
    assert config.from_file(path).token == "old"
    assert [file.name for file in tmp_path.iterdir() if file.name != "home"] == ["config.toml"]


def test_absent_file_says_nothing_unless_it_was_asked_for(tmp_path: Path) -> None:
    assert config.from_file(tmp_path / "none.toml") == ConfigSource()
    with pytest.raises(UsageError, match="no config file"):
        config.from_file(tmp_path / "none.toml", required=True)


@pytest.mark.parametrize("content", [b"token = s3cret", b"\xff s3cret", b'token = ["s3cret"]', b"server = 1"])
def test_bad_file_is_refused_by_name_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"config\.toml") as refused:
        config.from_file(path)
    assert "s3cret" not in str(refused.value)


def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        config.from_file(tmp_path)


def test_wide_permissions_give_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    assert config.permission_warning(path) is None
    config.save(path, Config(A, "t"))
    assert config.permission_warning(path) is None
    path.chmod(0o640)
    assert config.permission_warning(path) == f"Other users of this machine can read your token. Run chmod 600 {path}"
    monkeypatch.setattr("sys.platform", "win32")
    assert config.permission_warning(path) is None


def test_files_are_in_the_places_of_the_platform(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.config_file() == home / ".config/org-analytics/config.toml"
    assert files.state_directory() == home / ".local/state/org-analytics"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    assert files.config_file() == home / ".config/org-analytics/config.toml"
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg"))
    assert files.state_directory() == home / "xdg/org-analytics"
    assert stat.S_IMODE(files.state_directory().stat().st_mode) == 0o700
