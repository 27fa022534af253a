"""The `SessionEnd` hook in Claude Code's settings: put in, found again and taken out, all else left as it is."""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from org_analytics.push import json_edit
from org_analytics.push.errors import UsageError
from org_analytics.push.places import state_directory, write_atomically

MARK = "org_analytics.push hook"
EVENT = ("hooks", "SessionEnd")
# Without a time limit of its own Claude Code gives all SessionEnd hooks 1.5 s; ours returns at once.
TIMEOUT = 10


def program(arguments: Sequence[str]) -> list[str]:
    """The hook as an argument list. -P: a project's own files must not be imported in place of ours."""
    return [Path(sys.executable).as_posix(), "-P", "-m", *MARK.split(), *arguments]


def command(arguments: Sequence[str]) -> str:
    """The hook as a shell command that is silent and succeeds even after this program was uninstalled."""
    line = shlex.join(program(arguments))
    return line if sys.platform == "win32" else f"{line} >/dev/null 2>&1 || true"


def settings_file(directory: str | None = None) -> Path:
    """`settings.json` of the directory, else of CLAUDE_CONFIG_DIR (the first of a list), else of ~/.claude."""
    configured = os.environ.get("CLAUDE_CONFIG_DIR", "").partition(",")[0].strip()
    return Path(directory or configured or "~/.claude").expanduser() / "settings.json"


def install(path: Path, arguments: Sequence[str]) -> bool:
    """Add the hook, in place of an older one of ours. False if it is there already."""
    text = _read(path)
    wanted = command(arguments)
    if [hook["command"] for _, hook in _ours(text)] == [wanted]:
        return False
    before = _without(text, _Memory().of(path))
    insertion = _insertion(before, {"hooks": [{"type": "command", "command": wanted, "timeout": TIMEOUT}]})
    _Memory().keep(path, insertion.text)
    write_atomically(path, insertion.apply(before).encode())
    return True


def uninstall(path: Path) -> bool:
    """Take the hook out; a file that it was alone in, and that we made, goes too. False if it is not there."""
    text = _read(path)
    if not any(_ours(text)):
        return False
    memory = _Memory()
    if without := _without(text, memory.of(path)):
        write_atomically(path, without.encode())
    else:
        path.unlink()
    memory.keep(path, None)
    return True


class _Memory:
    """What was inserted where, so that taking it out leaves the very bytes that were there before."""

    def __init__(self) -> None:
        self._file = state_directory() / "hooks.json"

    def of(self, settings: Path) -> str:
        inserted = self._all().get(str(settings.absolute()))
        return inserted if isinstance(inserted, str) else ""

    def keep(self, settings: Path, inserted: str | None) -> None:
        entries = {**self._all(), str(settings.absolute()): inserted}
        kept = {name: text for name, text in entries.items() if text is not None}
        write_atomically(self._file, json.dumps(kept).encode())

    def _all(self) -> dict[str, Any]:
        try:
            entries = json.loads(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}


def _read(path: Path) -> str:
    """The settings' text, empty if there is no file. UsageError for what Claude Code could not read either."""
    try:
        text = path.read_bytes().decode()
        settings = json.loads(text)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not valid JSON; nothing was changed.") from None
    hooks = settings.get("hooks", {}) if isinstance(settings, dict) else None
    if not isinstance(hooks, dict) or not isinstance(hooks.get(EVENT[1], []), list):
        raise UsageError(f"{path} does not have the form of Claude Code's settings; nothing was changed.")
    return text


def _ours(text: str) -> Iterator[tuple[json_edit.Path, dict[str, Any]]]:
    """Each hook of ours with its path in the settings."""
    settings = json.loads(text or "{}")
    for number, group in enumerate(settings.get("hooks", {}).get(EVENT[1], [])):
        hooks = group.get("hooks") if isinstance(group, dict) else None
        for index, hook in enumerate(hooks if isinstance(hooks, list) else []):
            if isinstance(hook, dict) and isinstance(line := hook.get("command"), str) and MARK in line:
                yield (*EVENT, number, "hooks", index), hook


def _without(text: str, inserted: str) -> str:
    """The settings without our hook: the remembered bytes go if they are still there, else the hook itself."""
    if inserted and text.count(inserted) == 1:
        restored = text.replace(inserted, "")
        if not restored or (_is_json(restored) and not any(_ours(restored))):
            return restored
    while ours := next(_ours(text), None):
        path, _ = ours
        text = json_edit.removed(text, path)
        while (path := path[:-1]) and not _at(json.loads(text), path):
            text = json_edit.removed(text, path)
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _at(value: Any, path: json_edit.Path) -> Any:
    for name in path:
        value = value[name]
    return value


def _insertion(text: str, group: dict[str, Any]) -> json_edit.Insertion:
    settings = json.loads(text or "{}")
    if not text:
        return json_edit.Insertion(0, json.dumps({"hooks": {EVENT[1]: [group]}}, indent=2) + "\n")
    if "hooks" not in settings:
        return json_edit.appended(text, (), {EVENT[1]: [group]}, key="hooks")
    if EVENT[1] not in settings["hooks"]:
        return json_edit.appended(text, EVENT[:1], [group], key=EVENT[1])
    return json_edit.appended(text, EVENT, group)
