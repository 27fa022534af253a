"""The hook is added to settings that a person wrote, and removed without a trace."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.push import hooks
from org_analytics.push.agents import AGENTS, TIMEOUT
from org_analytics.push.errors import UsageError
from org_analytics.push.files import state_directory

HOOK = AGENTS["claude-code"].hook

TWO_SPACES = """{
  "model": "opus",
  "hooks": {
    "SessionEnd": [
      {
        "matcher": "",
        "hooks": [
          {
            "type": "command",
            "command": "say bye"
          }
        ]
      }
    ]
  },
  "b": [1, 2,3]
}
"""
SETTINGS = {
    "two spaces": TWO_SPACES,
    "tabs": TWO_SPACES.replace("  ", "\t"),
    "CRLF": TWO_SPACES.replace("\n", "\r\n"),
    "no hooks": '{\n    "model": "opus"\n}\n',
    "no hooks, one line": '{"model": "opus", "a": {"b": []}}',
    "minified": '{"hooks":{"Stop":[{"hooks":[]}]},"z":1}',
    "empty object": "{}",
    "empty object on two lines": "{\n}\n",
    "empty hooks": '{\n  "hooks": {}\n}',
    "empty hooks with space": '{\n  "hooks": {  \n  }\n}',
    "empty event": '{"hooks": {"SessionEnd": []}}',
    "other events": '{\n  "hooks": {\n    "Stop": []\n  }\n}\n',
    "odd groups": '{"hooks": {"SessionEnd": [1, {"hooks": 2}, {"hooks": [3, {"command": 4}]}]}}',
    "repeated keys": '{"hooks": {"Stop": []}, "hooks": {"Stop": [1]}, "x": 1}',
    "not ASCII": '{"a": "\\u00e9é😀",\n"b": "]}{["}',
    "space around": '\n\n { "a" : 1 , "b":2 }\n\n',
}


@pytest.fixture
def path(home: Path) -> Path:
    directory = home / ".claude"
    directory.mkdir()
    return directory / "settings.json"


def ours(path: Path) -> list[str]:
    groups = json.loads(path.read_bytes())["hooks"]["SessionEnd"]
    found = [hook for group in groups if isinstance(group, dict) for hook in group.get("hooks", [])]
    return [hook["command"] for hook in found if hooks.MARK in str(hook)]


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_install_adds_the_hook_and_changes_no_other_setting(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    before = json.loads(text)
    assert HOOK.install(path, [])
    after = json.loads(path.read_bytes())
    assert after["hooks"]["SessionEnd"].pop() == {
        "hooks": [{"type": "command", "command": HOOK.command([]), "timeout": TIMEOUT}]
    }
    before.setdefault("hooks", {}).setdefault("SessionEnd", [])
    assert after == before


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_uninstall_leaves_the_very_bytes_that_were_there(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    HOOK.install(path, [])
    assert HOOK.uninstall(path)
    assert path.read_bytes() == text.encode()


def test_the_hook_is_formatted_like_the_settings_around_it(path: Path) -> None:
    path.write_text('{\n\t"hooks": {\n\t\t"Stop": []\n\t}\n}\n')
    HOOK.install(path, [])
    command = json.dumps(HOOK.command([]))
    assert path.read_text() == (
        '{\n\t"hooks": {\n\t\t"Stop": [],\n\t\t"SessionEnd": [\n\t\t\t{\n\t\t\t\t"hooks": [\n\t\t\t\t\t{\n'
        '\t\t\t\t\t\t"type": "command",\n'
        f'\t\t\t\t\t\t"command": {command},\n'
        '\t\t\t\t\t\t"timeout": 10\n\t\t\t\t\t}\n\t\t\t\t]\n\t\t\t}\n\t\t]\n\t}\n}\n'
    )


text = st.text(st.characters(codec="utf-8"), max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
session_end = st.lists(json_values | st.fixed_dictionaries({"hooks": st.lists(json_values, max_size=2)}), max_size=3)
hook_settings = st.dictionaries(text.filter(lambda name: name != "SessionEnd"), json_values, max_size=2).flatmap(
    lambda others: st.fixed_dictionaries({}, optional={"SessionEnd": session_end}).map(lambda ours: {**others, **ours})
)
any_settings = st.dictionaries(text.filter(lambda name: name != "hooks"), json_values, max_size=3).flatmap(
    lambda others: st.fixed_dictionaries({}, optional={"hooks": hook_settings}).map(lambda ours: {**others, **ours})
)
layouts = st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"indent": 0}])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(any_settings, layouts, st.booleans())
def test_round_trip_of_any_settings_is_byte_equal(
    path: Path, value: dict[str, object], layout: dict[str, object], is_ascii: bool
) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, **layout)
    path.write_bytes(text.encode())
    HOOK.install(path, [])
    assert len(ours(path)) == 1
    HOOK.uninstall(path)
    assert path.read_bytes() == text.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(any_settings, layouts, layouts)
def test_reformatted_and_forgotten_hook_is_still_removed_alone(
    path: Path, value: dict[str, object], layout: dict[str, object], other_layout: dict[str, object]
) -> None:
    path.write_text(json.dumps(value, **layout))
    HOOK.install(path, [])
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "later": True}, **other_layout))
    (state_directory() / "hooks.json").unlink()
    HOOK.uninstall(path)
    after = json.loads(path.read_bytes())
    assert after.pop("later") is True
    assert without_empty_hooks(after) == without_empty_hooks(value)


def without_empty_hooks(value: dict[str, object]) -> dict[str, object]:
    events = {name: groups for name, groups in value.get("hooks", {}).items() if groups or name != "SessionEnd"}
    return {name: events if name == "hooks" else item for name, item in value.items() if name != "hooks" or events}


def test_hook_between_others_in_their_group_is_taken_out_alone(path: Path) -> None:
    mine = {"type": "command", "command": HOOK.command([])}
    for order in ([{"a": 1}, mine, {"b": 2}], [mine, {"b": 2}], [{"a": 1}, mine]):
        path.write_text(json.dumps({"hooks": {"SessionEnd": [{"hooks": order}]}}))
        HOOK.uninstall(path)
        assert json.loads(path.read_text()) == {
            "hooks": {"SessionEnd": [{"hooks": [hook for hook in order if hook != mine]}]}
        }


def test_every_copy_of_the_hook_is_taken_out(path: Path) -> None:
    group = {"hooks": [{"type": "command", "command": HOOK.command([])}] * 2}
    path.write_text(json.dumps({"a": 1, "hooks": {"SessionEnd": [group, group]}}))
    HOOK.uninstall(path)
    assert json.loads(path.read_text()) == {"a": 1}


def test_install_twice_changes_nothing_the_second_time(path: Path) -> None:
    path.write_text(TWO_SPACES)
    HOOK.install(path, [])
    once = path.read_bytes()
    assert not HOOK.install(path, [])
    assert path.read_bytes() == once


def test_install_with_other_options_replaces_the_hook(path: Path) -> None:
    path.write_text(TWO_SPACES)
    HOOK.install(path, [])
    assert HOOK.install(path, ["--with-titles"])
    assert ours(path) == [HOOK.command(["--with-titles"])]
    HOOK.uninstall(path)
    assert path.read_text() == TWO_SPACES


def test_install_makes_settings_where_there_are_none_and_uninstall_removes_them(home: Path) -> None:
    path = home / "elsewhere" / "settings.json"
    HOOK.install(path, [])
    assert len(ours(path)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    HOOK.uninstall(path)
    assert not path.exists()


def test_uninstall_without_hook_changes_nothing(path: Path) -> None:
    assert not HOOK.uninstall(path)
    path.write_text(TWO_SPACES)
    assert not HOOK.uninstall(path)
    assert path.read_text() == TWO_SPACES


@pytest.mark.parametrize(
    "content",
    [b"", b"  \n", b"{", b"[]", b"1", b'{"hooks": 1}', b'{"hooks": {"SessionEnd": {}}}', b'{"hooks": null}',
     b'{"a": 1} // note', b"\xff\xfe{}", b'\xef\xbb\xbf{"a": 1}', b"[" * 100_000],
)  # fmt: skip
def test_settings_that_cannot_be_read_are_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for change in (lambda: HOOK.install(path, []), lambda: HOOK.uninstall(path)):
        with pytest.raises(UsageError, match=r"settings\.json"):
            change()
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


def test_settings_file_that_is_a_directory_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        HOOK.install(path, [])


def test_mode_and_symbolic_link_are_kept(path: Path, home: Path) -> None:
    target = home / "dotfiles.json"
    target.write_text("{}")
    target.chmod(0o640)
    path.symlink_to(target)
    HOOK.install(path, [])
    assert path.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert hooks.MARK in target.read_text()


def test_remembered_text_that_is_gone_or_there_twice_is_not_relied_upon(path: Path) -> None:
    path.write_text('{"a": 1}')
    HOOK.install(path, [])
    (inserted,) = json.loads((state_directory() / "hooks.json").read_text()).values()
    path.write_text('{"a": 1' + inserted + ', "b": {"c": 1' + inserted + "}}")
    HOOK.uninstall(path)
    after = json.loads(path.read_text())
    assert "hooks" not in after
    assert hooks.MARK in json.dumps(after["b"])  # no hook of Claude Code's: left alone


def test_hook_with_a_neighbour_that_came_later_is_taken_out_alone(path: Path) -> None:
    path.write_text('{"hooks":{"SessionEnd":[]}}')
    HOOK.install(path, [])
    path.write_text(path.read_text().replace("]}}", ',{"hooks":[]}]}}'))
    HOOK.uninstall(path)
    assert path.read_text() == '{"hooks":{"SessionEnd":[{"hooks":[]}]}}'


def test_second_copy_made_by_hand_goes_with_the_installed_one(path: Path) -> None:
    path.write_text('{"hooks":{"Stop":[]}}')
    HOOK.install(path, [])
    settings = json.loads(path.read_text())
    copy = {"hooks": [{"type": "command", "command": HOOK.command(["--with-titles"])}]}
    text = path.read_text()
    path.write_text(text.replace('"SessionEnd": [', '"SessionEnd": [' + json.dumps(copy) + ", "))
    assert json.loads(path.read_text()) != settings
    HOOK.uninstall(path)
    assert json.loads(path.read_text()) == {"hooks": {"Stop": []}}


@pytest.mark.parametrize("memory", [b"[]", b"{", b'{"%s": 1}'])
def test_damaged_memory_of_what_was_inserted_does_no_harm(path: Path, memory: bytes) -> None:
    path.write_text(TWO_SPACES)
    HOOK.install(path, [])
    (state_directory() / "hooks.json").write_bytes(memory.replace(b"%s", os.fsencode(path)))
    HOOK.uninstall(path)
    assert path.read_text() == TWO_SPACES


def test_remembered_text_is_not_removed_where_that_would_break_the_settings(path: Path) -> None:
    path.write_text('{"a": 1}')
    HOOK.install(path, [])
    (inserted,) = json.loads((state_directory() / "hooks.json").read_text()).values()
    path.write_text('{"a": 1' + inserted + ', "b": 2}')
    HOOK.uninstall(path)
    assert json.loads(path.read_text()) == {"a": 1, "b": 2}
    path.write_text("{" + inserted.removeprefix(",").strip() + ', "b": 2}')
    HOOK.uninstall(path)
    assert json.loads(path.read_text()) == {"b": 2}


def test_settings_are_those_of_the_option_then_of_the_environment_then_of_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AGENTS["claude-code"].settings_file() == home / ".claude" / "settings.json"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "~/work , /elsewhere")
    assert AGENTS["claude-code"].settings_file() == home / "work" / "settings.json"
    assert AGENTS["claude-code"].settings_file("/given") == Path("/given/settings.json")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_command_is_silent_and_succeeds_without_this_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone with the wind" / "python"))
    done = subprocess.run(HOOK.command([]), shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_command_on_windows_is_the_bare_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert HOOK.command([]).endswith("-P -m org_analytics.push hook")
