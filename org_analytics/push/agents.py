"""The agents with hooks: where their settings are, which event starts a push, and how they show a message.

Each form is that of the agent's own documentation (read 2026-11): Claude Code https://code.claude.com/docs/en/hooks,
Codex https://developers.openai.com/codex/hooks, Cursor https://cursor.com/docs/hooks,
OpenCode https://opencode.ai/v1/docs/plugins (version 1).
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .errors import UsageError
from .files import write_atomically
from .hooks import MARK, JsonHook, program

# Claude Code gives hooks without a time limit 1.5 s at the end of a session. Ours returns at once.
TIMEOUT = 10
_PLUGIN_MARK = "org-analytics install-hook --agent opencode"


class Hook(Protocol):
    """A way to make an agent run `org-analytics hook`."""

    def install(self, path: Path, arguments: Sequence[str]) -> bool:
        """Add the hook; False if it is already there."""

    def uninstall(self, path: Path) -> bool:
        """Remove the hook; False if there is none."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with hooks. `directories` are its own ones, in the order in which they are looked for."""

    name: str
    label: str
    hook: Hook
    settings: str  # name of the settings file in the first directory
    directories: Callable[[], list[Path]]
    note: str = ""
    format_message: Callable[[str], str] | None = None  # None: the agent shows the output of hooks to nobody

    def settings_file(self, directory: str | None = None) -> Path:
        """Return the settings file in the directory, else where the agent looks for it."""
        return (Path(directory).expanduser() if directory else self.directories()[0]) / self.settings

    def is_found(self) -> bool:
        return any(directory.is_dir() for directory in self.directories())


class _OpenCodePlugin:
    """OpenCode has no hooks in its settings; it loads each file in its directory for plugins."""

    def install(self, path: Path, arguments: Sequence[str]) -> bool:
        text = _plugin(program(arguments))
        current = self._read(path)
        if current == text:
            return False
        write_atomically(path, text.encode())
        return True

    def uninstall(self, path: Path) -> bool:
        if not self._read(path):
            return False
        path.unlink()
        return True

    def _read(self, path: Path) -> str:
        """Return the plugin's text, empty if there is none. UsageError if the file is not ours."""
        try:
            text = path.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
        if _PLUGIN_MARK not in text or MARK.split()[0] not in text:
            raise UsageError(f"{path} was not written by org-analytics; nothing was changed.")
        return text


def _plugin(command: Sequence[str]) -> str:
    program_text, arguments = json.dumps(command[0]), json.dumps(list(command[1:]))
    return f"""\
// Written by "{_PLUGIN_MARK}". "org-analytics uninstall-hook --agent opencode" removes it.
import {{ spawn }} from "node:child_process"

export const OrgAnalytics = async () => ({{
  event: async ({{ event }}) => {{
    if (event.type !== "session.idle") return
    const push = spawn({program_text}, {arguments}, {{ detached: true, stdio: "ignore" }})
    push.on("error", () => {{}})
    push.unref()
  }},
}})
"""


def _group(command: str) -> dict[str, Any]:
    """Return the entry of Claude Code and Codex: a group of hooks."""
    return {"hooks": [{"type": "command", "command": command, "timeout": TIMEOUT}]}


def _fail_with_output(line: str) -> str:
    """Return a command that succeeds silently, but fails with what the hook prints: Claude Code shows that.

    It also succeeds silently after this program was uninstalled.
    """
    return f'message=$({line} 2>/dev/null) || true; [ -z "$message" ] || {{ echo "$message" >&2; exit 1; }}'


def _print_output(line: str) -> str:
    return f"{line} 2>/dev/null || true"


def _home(*parts: str) -> Path:
    return Path.home().joinpath(*parts)


def _from_environment(variable: str, *parts: str) -> Path:
    """Return the directory that the variable names (the first of a list), else the one in the home directory."""
    named = os.environ.get(variable, "").partition(",")[0].strip()
    return Path(named).expanduser() if named else _home(*parts)


def _opencode_directories() -> list[Path]:
    config = os.environ.get("XDG_CONFIG_HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "")
    return [
        (Path(config) if config else _home(".config")) / "opencode",
        (Path(data) if data else _home(".local", "share")) / "opencode",
    ]


AGENTS = {
    agent.name: agent
    for agent in (
        Agent(
            "claude-code",
            "Claude Code",
            JsonHook("Claude Code", "SessionEnd", _group, {}, _fail_with_output),
            "settings.json",
            lambda: [_from_environment("CLAUDE_CONFIG_DIR", ".claude")],
            format_message=str,
        ),
        Agent(
            "codex",
            "Codex",
            JsonHook("Codex", "Stop", _group, {}, _print_output),
            "hooks.json",
            lambda: [_from_environment("CODEX_HOME", ".codex")],
            note="Codex runs a new hook only after you have trusted it: open /hooks in Codex.",
            format_message=lambda message: json.dumps({"systemMessage": message}),
        ),
        Agent(
            "cursor",
            "Cursor",
            # Anything that a `stop` hook prints may be taken for the next prompt, so this one is silent.
            JsonHook("Cursor", "stop", lambda command: {"command": command}, {"version": 1}),
            "hooks.json",
            lambda: [_home(".cursor")],
        ),
        Agent(
            "opencode",
            "OpenCode",
            _OpenCodePlugin(),
            "plugins/org-analytics.js",
            _opencode_directories,
            note="OpenCode loads plugins when it starts: restart it.",
        ),
    )
}
