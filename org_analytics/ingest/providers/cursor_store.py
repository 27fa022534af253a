"""Reads the databases of Cursor's editor. They also hold access tokens: only exact keys and key ranges are read."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..coerce import count, items, mapping, text
from ..json_objects import MAX_SIZE, parse_object, read_object
from ..sqlite_readonly import ReadOnlyDatabases, bytes_of
from .cursor_messages import folder_of_uri

_COMPOSERS = "SELECT key, value FROM cursorDiskKV WHERE key >= 'composerData:' AND key < 'composerData;'"
_COMPOSER = "SELECT value FROM cursorDiskKV WHERE key = ?"
_IN_RANGE = "FROM cursorDiskKV WHERE key >= ? AND key < ?"
_BUBBLES = f"SELECT key, value {_IN_RANGE} AND {bytes_of('value')} <= {MAX_SIZE}"
_BUBBLES_MARK = f"SELECT count(*), sum({bytes_of('value')}) {_IN_RANGE}"
_WORKSPACE_COMPOSERS = "SELECT value FROM ItemTable WHERE key = 'composer.composerData'"


@dataclass(frozen=True, slots=True)
class StoredComposer:
    """A conversation in the editor's database, and what changes when it does."""

    id: str
    parent_id: str | None
    size: int
    newest_ms: int


def composers(database: sqlite3.Connection) -> Iterator[StoredComposer]:
    """All conversations. One whose value is broken is one too: its times are unknown."""
    rows: list[tuple[str, int, dict[str, Any]]] = []
    for key, value in database.execute(_COMPOSERS):
        data = parse_object(value) or {}
        about = {name: data.get(name) for name in ("createdAt", "lastUpdatedAt", "subagentInfo")}
        rows.append((key.partition(":")[2], len(value) if type(value) in (str, bytes) else 0, about))
    for identity, size, data in rows:
        number, bubbles = database.execute(_BUBBLES_MARK, _bubble_range(identity)).fetchone()
        newest = max(count(data.get("lastUpdatedAt")) or 0, count(data.get("createdAt")) or 0)
        parent = text(mapping(data.get("subagentInfo")).get("parentComposerId"))
        yield StoredComposer(identity, parent, size + number + (count(bubbles) or 0), newest)


def composer(database: sqlite3.Connection, identity: str) -> dict[str, Any] | None:
    """The data of a conversation, None where it is broken."""
    row = database.execute(_COMPOSER, (f"composerData:{identity}",)).fetchone()
    return parse_object(row[0]) if row else None


def bubbles(database: sqlite3.Connection, identity: str) -> dict[str, dict[str, Any] | None]:
    """The messages of a conversation by id, reduced to kind and times; None for a broken one."""
    found: dict[str, dict[str, Any] | None] = {}
    for key, value in database.execute(_BUBBLES, _bubble_range(identity)):
        data = parse_object(value)
        about = None if data is None else {name: data.get(name) for name in ("type", "createdAt", "completedAtMs")}
        found[key.rpartition(":")[2]] = about
    return found


def workspace_folders(user_directory: Path, databases: ReadOnlyDatabases) -> dict[str, str]:
    """The folder of each conversation, from the workspaces of the editor. One that cannot be read has none."""
    folders: dict[str, str] = {}
    for path in sorted(user_directory.glob("workspaceStorage/*/workspace.json")):
        try:
            folder = folder_of_uri((read_object(str(path)) or {}).get("folder"))
            if folder is not None:
                with databases.transaction(str(path.with_name("state.vscdb"))) as database:
                    row = database.execute(_WORKSPACE_COMPOSERS).fetchone()
                data = parse_object(row[0]) if row else None
                for entry in items((data or {}).get("allComposers")):
                    identity = text(mapping(entry).get("composerId"))
                    if identity is not None:
                        folders.setdefault(identity, folder)
        except (sqlite3.Error, OSError):
            continue
    return folders


def _bubble_range(identity: str) -> tuple[str, str]:
    return f"bubbleId:{identity}:", f"bubbleId:{identity};"
