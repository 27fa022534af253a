"""Reads the two stores of OpenCode: a database, and the tree of JSON files that versions before 1.2 wrote."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

from ..coerce import count, instant_of_ms, mapping, text
from ..files import stat_file
from ..json_objects import MAX_SIZE, NOT_AN_OBJECT, parse_object, read_object
from ..jsonl import SkippedLines
from ..sqlite_readonly import bytes_of, columns_of
from .opencode_messages import Message, UserParts, read_message, read_parts, read_row

NO_TIME = "message without a time or a role"
_SESSION_COLUMNS = ("id", "parent_id", "time_created", "time_updated", "directory", "title")


@dataclass(slots=True)
class StoredSession:
    """A session as one store has it, and what changes when its messages do.

    Without `has_row` there are only messages that name it.
    """

    id: str
    parent_id: str | None
    created: int | None
    directory: str | None
    title: object
    messages: int = 0
    newest_ms: int = 0
    size: int = 0
    has_row: bool = True


class Store(Protocol):
    """One place with sessions. `messages` may be called for a session that the store does not have."""

    path: str

    def session(self, session: str) -> StoredSession | None:
        """The session, None where the store does not have it."""

    def messages(self, session: str, skipped: SkippedLines) -> Iterator[Message]:
        """The messages of a session. A message that is in two tables comes twice, the one that counts first."""

    def user_parts(self, messages: Sequence[str], skipped: SkippedLines) -> Iterator[tuple[str, UserParts]]:
        """What the parts of these user messages say. One without parts may be left out."""


class DatabaseStore:
    """A database during one run; each session is read within one transaction.

    2.x has its own tables beside those of 1.x; both are read.
    """

    def __init__(self, path: str, database: sqlite3.Connection) -> None:
        self.path = path
        self._database = database
        self._columns: dict[tuple[str, tuple[str, ...]], str] = {}

    def sessions(self) -> dict[str, StoredSession]:
        """All sessions, with the counts of their messages."""
        found: dict[str, StoredSession] = {}
        for row in (*self._session_rows("session"), *self._session_rows("session_v2")):
            known = found.setdefault(row.id, row)
            known.parent_id = known.parent_id or row.parent_id
            known.newest_ms = max(known.newest_ms, row.newest_ms)
        for table in ("message", "session_message"):
            columns = self._columns_of(table, ("session_id", "time_updated", "data"))
            if not columns:
                continue
            identity, updated, data = columns.split(", ")
            for session, number, newest, size in self._database.execute(
                f"SELECT {identity}, count(*), max({updated}), sum({bytes_of(data)}) FROM {table} GROUP BY 1"
            ):
                if text(session):
                    known = found.setdefault(session, StoredSession(session, None, None, None, None, has_row=False))
                    known.messages += number
                    known.newest_ms = max(known.newest_ms, count(newest) or 0)
                    known.size += count(size) or 0
        return found

    def session(self, session: str) -> StoredSession | None:
        rows = [row for table in ("session", "session_v2") for row in self._session_rows(table, session)]
        return rows[0] if rows else None

    def messages(self, session: str, skipped: SkippedLines) -> Iterator[Message]:
        columns = self._columns_of("message", ("id", "time_created", "data"))
        for identity, created, data in self._rows("message", columns, session):
            parsed = self._parse(data, skipped)
            message = None if parsed is None else read_message(str(identity), created, parsed)
            if message is not None:
                yield message
            elif parsed is not None:
                skipped.add(self.path, 0, NO_TIME)
        columns = self._columns_of("session_message", ("id", "type", "seq", "time_created", "data"))
        for identity, kind, sequence, created, data in self._rows("session_message", columns, session):
            parsed = self._parse(data, skipped)
            message = None if parsed is None else read_row(str(identity), kind, sequence, created, parsed)
            if message is not None:  # other rows, such as a change of the model, are not a part of the conversation
                yield message

    def user_parts(self, messages: Sequence[str], skipped: SkippedLines) -> Iterator[tuple[str, UserParts]]:
        columns = self._columns_of("part", ("data",))
        if not columns:
            return
        rows = self._database.execute(  # CROSS JOIN: the parts of one message follow each other
            f"SELECT value, {_bounded(columns)} FROM json_each(?) CROSS JOIN part ON message_id = value",
            (json.dumps(messages),),
        )
        for message, parts in groupby(rows, key=itemgetter(0)):
            parsed = (self._parse(data, skipped) for _, data in parts)
            yield message, read_parts(part for part in parsed if part is not None)

    def _columns_of(self, table: str, wanted: tuple[str, ...]) -> str:
        if (table, wanted) not in self._columns:
            self._columns[table, wanted] = columns_of(self._database, table, wanted)
        return self._columns[table, wanted]

    def _session_rows(self, table: str, session: str | None = None) -> list[StoredSession]:
        columns = self._columns_of(table, _SESSION_COLUMNS)
        if not columns:
            return []
        condition, values = ("", ()) if session is None else (" WHERE id = ?", (session,))
        rows = self._database.execute(f"SELECT {columns} FROM {table}{condition}", values)
        return [
            StoredSession(
                row[0], text(row[1]), instant_of_ms(row[2]), text(row[4]), row[5], newest_ms=count(row[3]) or 0
            )
            for row in rows
            if text(row[0])
        ]

    def _rows(self, table: str, columns: str, session: str) -> Iterator[Any]:
        if not columns:
            return
        names = columns.removesuffix("data") + _bounded("data")
        yield from self._database.execute(f"SELECT {names} FROM {table} WHERE session_id = ?", (session,))

    def _parse(self, data: object, skipped: SkippedLines) -> dict[str, Any] | None:
        parsed = parse_object(data)
        if parsed is None:
            skipped.add(self.path, 0, NOT_AN_OBJECT)
        return parsed


class TreeStore:
    """`storage/session/PROJECT/ID.json`, `storage/message/SESSION/ID.json` and `storage/part/MESSAGE/ID.json`."""

    def __init__(self, path: str) -> None:
        """`path` is the file of a session."""
        self.path = path
        self._storage = os.path.dirname(os.path.dirname(os.path.dirname(path)))

    def session(self, session: str) -> StoredSession | None:
        """Raises OSError if its file cannot be read."""
        data = read_object(self.path)
        if data is None:
            return None
        times = mapping(data.get("time"))
        created, directory = instant_of_ms(times.get("created")), text(data.get("directory"))
        return StoredSession(session, text(data.get("parentID")), created, directory, data.get("title"))

    def mark(self, session: str) -> tuple[int, int]:
        """The size of all files of the session's messages, and the newest time of one of them."""
        files = [stat_file(path) for path in (self.path, *self._files("message", session))]
        present = [file for file in files if file is not None]
        return sum(file.size for file in present), max((file.mtime_ns for file in present), default=0)

    def messages(self, session: str, skipped: SkippedLines) -> Iterator[Message]:
        for path in self._files("message", session):
            data = self._parse(path, skipped)
            if data is not None:
                message = read_message(_stem(path), None, data)
                if message is None:
                    skipped.add(path, 0, NO_TIME)
                else:
                    yield message

    def user_parts(self, messages: Sequence[str], skipped: SkippedLines) -> Iterator[tuple[str, UserParts]]:
        for message in messages:
            parts = (self._parse(path, skipped) for path in self._files("part", message))
            yield message, read_parts(part for part in parts if part is not None)

    def _files(self, kind: str, owner: str) -> list[str]:
        """The files in the directory of a session or message, without symbolic links: they could lead anywhere."""
        directory = os.path.join(self._storage, kind, owner)
        if os.path.realpath(directory) != os.path.join(os.path.realpath(self._storage), kind, owner):
            return []
        try:
            with os.scandir(directory) as entries:
                names = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
        except OSError:
            return []
        return sorted(name for name in names if name.endswith(".json"))

    def _parse(self, path: str, skipped: SkippedLines) -> dict[str, Any] | None:
        try:
            data = read_object(path)
        except OSError:
            data = None
        if data is None:
            skipped.add(path, 0, NOT_AN_OBJECT)
        return data


def message_directories(root: Path) -> list[str]:
    """The directories of a tree that hold the messages of one session each."""
    try:
        with os.scandir(root / "storage" / "message") as entries:
            return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".json")


def _bounded(column: str) -> str:
    """The value, NULL if it is too long to be read."""
    return f"CASE WHEN {bytes_of(column)} <= {MAX_SIZE} THEN {column} END"
