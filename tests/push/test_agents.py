"""Hooks of each agent: added to settings that a person wrote, and removed without a trace."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from org_analytics.push import agents, cli, hooks
from org_analytics.push.agents import AGENTS
from org_analytics.push.errors import UsageError

JSON_AGENTS = ["claude-code", "codex", "cursor"]
EVENTS = {"claude-code": "SessionEnd", "codex": "Stop", "cursor": "stop"}
WRITTEN_BY_HAND = [
    None,
    "{}",
    '{"version": 1, "hooks": {}}',
    '{\n\t"version": 1,\n\t"hooks": {\n\t\t"stop": [{"command": "x"}],\n\t\t"Stop": [], "SessionEnd": []\n\t}\n}\n',
    '{"hooks":{"afterFileEdit":[{"command":"x"}]},"version":1}',
]


# The plugin of OpenCode has a file of its own.
@pytest.mark.parametrize(
    ("name", "before"), [("opencode", None), *((name, before) for name in JSON_AGENTS for before in WRITTEN_BY_HAND)]
)
def test_hook_is_undone_exactly(home: Path, name: str, before: str | None) -> None:
    agent = AGENTS[name]
    path = agent.settings_file()
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_text(before)
    assert agent.hook.install(path, ["--agent", name])
    assert not agent.hook.install(path, ["--agent", name])
    assert agent.hook.install(path, ["--agent", name, "--with-titles"])
    assert "--with-titles" in path.read_text()
    assert agent.hook.uninstall(path)
    assert not agent.hook.uninstall(path)
    assert (path.read_text() if path.exists() else None) == before


@pytest.mark.parametrize("name", JSON_AGENTS)
def test_hook_is_in_the_event_of_the_agent(home: Path, name: str) -> None:
    path = AGENTS[name].settings_file()
    AGENTS[name].hook.install(path, ["--agent", name])
    (entry,) = json.loads(path.read_text())["hooks"][EVENTS[name]]
    hook = entry if name == "cursor" else entry["hooks"][0]
    assert f"org_analytics.push hook --agent {name}" in hook["command"]


def test_settings_file_of_cursor_has_its_version(home: Path) -> None:
    path = AGENTS["cursor"].settings_file()
    AGENTS["cursor"].hook.install(path, [])
    assert json.loads(path.read_text())["version"] == 1


def test_settings_are_where_each_agent_looks_for_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name: str(agent.settings_file().relative_to(home)) for name, agent in AGENTS.items()} == {
        "claude-code": ".claude/settings.json",
        "codex": ".codex/hooks.json",
        "cursor": ".cursor/hooks.json",
        "opencode": ".config/opencode/plugins/org-analytics.js",
    }
    monkeypatch.setenv("CODEX_HOME", "/codex")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    assert AGENTS["codex"].settings_file() == Path("/codex/hooks.json")
    assert AGENTS["opencode"].settings_file() == Path("/config/opencode/plugins/org-analytics.js")
    assert AGENTS["codex"].settings_file("/given") == Path("/given/hooks.json")


@pytest.mark.parametrize("output", ["", "pushes have failed"])
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_hook_of_claude_code_fails_only_with_a_message(tmp_path: Path, output: str) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho noise >&2\nprintf '%s' '{output}'\n")
    program.chmod(0o755)
    done = subprocess.run(
        agents._fail_with_output(str(program)), shell=True, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (1 if output else 0, "", output)


def test_plugin_that_somebody_else_wrote_is_left_alone(home: Path) -> None:
    path = AGENTS["opencode"].settings_file()
    path.parent.mkdir(parents=True)
    path.write_text("export const Mine = async () => ({})\n")
    for change in (lambda: AGENTS["opencode"].hook.install(path, []), lambda: AGENTS["opencode"].hook.uninstall(path)):
        with pytest.raises(UsageError, match="was not written by org-analytics"):
            change()
    assert path.read_text() == "export const Mine = async () => ({})\n"


def test_plugin_path_that_is_a_directory_is_refused(home: Path) -> None:
    path = AGENTS["opencode"].settings_file()
    path.mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read"):
        AGENTS["opencode"].hook.install(path, [])


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_plugin_of_opencode_starts_the_hook_when_a_session_is_idle(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = home / "started"
    program = home / "python"
    program.write_text(f'#!/bin/sh\necho "$@" > "{started}.new" && mv "{started}.new" "{started}"\n')
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    path = AGENTS["opencode"].settings_file(str(home))
    AGENTS["opencode"].hook.install(path, ["--agent", "opencode"])
    script = (
        f"import {{ existsSync }} from 'node:fs'; const {{ OrgAnalytics }} = await import('file://{path}');"
        "const plugin = await OrgAnalytics({}); await plugin.event({ event: { type: 'session.updated' } });"
        "await plugin.event({ event: { type: 'session.idle' } });"
        f"for (let i = 0; i < 500 && !existsSync('{started}'); i++) await new Promise(done => setTimeout(done, 10));"
    )
    (path.parent / "package.json").write_text('{"type": "module"}')
    subprocess.run(["node", "--input-type=module", "--eval", script], check=True, timeout=60)
    assert started.read_text().split() == ["-P", "-m", "org_analytics.push", "hook", "--agent", "opencode"]


def run(*arguments: str) -> int:
    return cli.main(arguments, lambda seconds: None)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers of the person at the terminal, in turn; then the end of the input."""
    answers: list[str] = []

    def answer(prompt: str) -> str:
        assert prompt.endswith("? [y/N] ")
        if not answers:
            raise EOFError
        return answers.pop(0)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    return answers


def installed() -> set[str]:
    return {name for name, agent in AGENTS.items() if agent.settings_file().exists()}


def test_agents_that_are_found_are_asked_about_one_by_one(home: Path, terminal: list[str]) -> None:
    for directory in (".claude", ".cursor", ".local/share/opencode"):
        (home / directory).mkdir(parents=True)
    terminal += ["y", "n"]
    assert run("install-hook") == 0
    assert installed() == {"claude-code"}


def test_yes_installs_every_hook_without_a_question_and_uninstall_removes_all(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in (".codex", ".config/opencode"):
        (home / directory).mkdir(parents=True)
    assert run("install-hook", "--yes") == 0
    assert installed() == {"codex", "opencode"}
    assert "open /hooks in Codex" in capsys.readouterr().out
    assert run("uninstall-hook") == 0
    assert installed() == set()
    assert capsys.readouterr().out.count("removed from") == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["install-hook"], "There is no terminal to ask on"),
        (["install-hook", "--yes"], "No agent with hooks was found"),
        (["install-hook", "--dir", "/x", "--yes"], "Name that agent with --agent"),
        (["uninstall-hook", "--dir", "/x"], "Name that agent with --agent"),
    ],
)
def test_question_without_an_answer_is_a_usage_error(
    home: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert text in capsys.readouterr().err
    assert installed() == set()


def test_hook_of_an_older_version_without_agent_is_replaced(home: Path) -> None:
    path = AGENTS["claude-code"].settings_file()
    path.parent.mkdir()
    old = {"type": "command", "command": f"/old/python -m {hooks.MARK} >/dev/null 2>&1 || true"}
    path.write_text(json.dumps({"hooks": {"SessionEnd": [{"hooks": [old]}]}}))
    AGENTS["claude-code"].hook.install(path, ["--agent", "claude-code"])
    assert "/old/python" not in path.read_text()
    assert path.read_text().count(hooks.MARK) == 1
