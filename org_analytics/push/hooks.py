"""A hook in an agent's JSON settings: added, found again and removed, with every other byte unchanged."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import json_edit
from .errors import UsageError
from .files import state_directory, write_atomically

MARK = "org_analytics.push hook"


def program(arguments: Sequence[str]) -> list[str]:
    """Return the hook as an argument list. -P: a project's own files must not be imported in place of ours."""
    return [Path(sys.executable).as_posix(), "-P", "-m", *MARK.split(), *arguments]


def silent_command(line: str) -> str:
    """Return a shell command that prints nothing and succeeds even after this program was uninstalled."""
    return f"{line} >/dev/null 2>&1 || true"


@dataclass(frozen=True, slots=True)
class JsonHook:
    """The form of one agent's hooks: `{"hooks": {EVENT: [ENTRY]}}`, where an entry may be a group of hooks."""

    agent: str  # as people call it
    event: str
    entry: Callable[[str], dict[str, Any]]  # the entry that runs this shell command
    new_file: dict[str, Any]  # what a settings file without any setting contains besides hooks
    wrap: Callable[[str], str] = silent_command

    def command(self, arguments: Sequence[str]) -> str:
        """Return the shell command that the agent runs."""
        line = shlex.join(program(arguments))
        return line if sys.platform == "win32" else self.wrap(line)

    def install(self, path: Path, arguments: Sequence[str]) -> bool:
        """Add the hook, or replace an older one of ours. False if it is already there."""
        text = self._read(path)
        wanted = self.command(arguments)
        if [hook["command"] for _, hook in self._ours(text)] == [wanted]:
            return False
        before = self._without_ours(text, _InsertionLog().get(path))
        insertion = self._insertion(before, self.entry(wanted))
        _InsertionLog().set(path, insertion.text)
        write_atomically(path, insertion.apply(before).encode())
        return True

    def uninstall(self, path: Path) -> bool:
        """Remove the hook, and the file if we created it and nothing else is in it. False if there is no hook."""
        text = self._read(path)
        if not any(self._ours(text)):
            return False
        log = _InsertionLog()
        if without := self._without_ours(text, log.get(path)):
            write_atomically(path, without.encode())
        else:
            path.unlink()
        log.set(path, None)
        return True

    def _read(self, path: Path) -> str:
        """Return the settings' text, empty if there is no file. UsageError if the agent could not read it either."""
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
        if not isinstance(hooks, dict) or not isinstance(hooks.get(self.event, []), list):
            raise UsageError(f"{path} does not have the form of {self.agent}'s settings; nothing was changed.")
        return text

    def _ours(self, text: str) -> Iterator[tuple[json_edit.Path, dict[str, Any]]]:
        """Yield each hook of ours with its path in the settings."""
        settings = json.loads(text or "{}")
        for number, entry in enumerate(settings.get("hooks", {}).get(self.event, [])):
            path = ("hooks", self.event, number)
            if _is_ours(entry):
                yield path, entry
                continue
            group = entry.get("hooks") if isinstance(entry, dict) else None
            for index, hook in enumerate(group if isinstance(group, list) else []):
                if _is_ours(hook):
                    yield (*path, "hooks", index), hook

    def _without_ours(self, text: str, inserted: str) -> str:
        """Return the settings without our hook: cut out the inserted bytes if possible, else the hook itself."""
        if inserted and text.count(inserted) == 1:
            restored = text.replace(inserted, "")
            if not restored or (_is_json(restored) and not any(self._ours(restored))):
                return restored
        while ours := next(self._ours(text), None):
            path, _ = ours
            text = json_edit.remove(text, path)
            while (path := path[:-1]) and not _value_at(json.loads(text), path):
                text = json_edit.remove(text, path)
        return text

    def _insertion(self, text: str, entry: dict[str, Any]) -> json_edit.Insertion:
        settings = json.loads(text or "{}")
        if not text:
            new = self.new_file | {"hooks": {self.event: [entry]}}
            return json_edit.Insertion(0, json.dumps(new, indent=2) + "\n")
        if "hooks" not in settings:
            return json_edit.append(text, (), {self.event: [entry]}, key="hooks")
        if self.event not in settings["hooks"]:
            return json_edit.append(text, ("hooks",), [entry], key=self.event)
        return json_edit.append(text, ("hooks", self.event), entry)


class _InsertionLog:
    """What was inserted into which file, so that removing it restores the exact bytes that were there before."""

    def __init__(self) -> None:
        self._file = state_directory() / "hooks.json"

    def get(self, settings: Path) -> str:
        inserted = self._all().get(str(settings.absolute()))
        return inserted if isinstance(inserted, str) else ""

    def set(self, settings: Path, inserted: str | None) -> None:
        entries = {**self._all(), str(settings.absolute()): inserted}
        remaining = {name: text for name, text in entries.items() if text is not None}
        write_atomically(self._file, json.dumps(remaining).encode())

    def _all(self) -> dict[str, Any]:
        try:
            entries = json.loads(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}


def _is_ours(hook: Any) -> bool:
    return isinstance(hook, dict) and isinstance(line := hook.get("command"), str) and MARK in line


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _value_at(value: Any, path: json_edit.Path) -> Any:
    for name in path:
        value = value[name]
    return value
