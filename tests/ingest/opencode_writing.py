"""A data directory of OpenCode, written row by row as its versions write it."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START = 1_772_445_600_000  # 2026-03-02T10:00:00Z
CANARY = "CANARY-never-to-be-read"
TOKENS = {"total": 1070, "input": 400, "output": 40, "reasoning": 30, "cache": {"read": 600, "write": 0}}
NO_TOKENS = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
TEXT = {"type": "text", "text": f"please {CANARY}"}

_TABLES = """
CREATE TABLE project (id text PRIMARY KEY, worktree text, name text);
CREATE TABLE account (id text PRIMARY KEY, access_token text, refresh_token text);
CREATE TABLE event (id text PRIMARY KEY, data text);
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, share_url text,
    cost real DEFAULT 99, time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer,
    data text);
CREATE INDEX message_session_idx ON message (session_id, time_created, id);
CREATE INDEX part_message_idx ON part (message_id, id);
"""
_TABLES_2 = """
CREATE TABLE session_v2 (id text PRIMARY KEY, parent_id text, directory text, title text, time_created integer,
    time_updated integer);
CREATE TABLE session_message (id text PRIMARY KEY, session_id text, type text, seq integer, time_created integer,
    time_updated integer, data text);
"""


def at(seconds: float) -> int:
    return START + round(seconds * 1000)


@dataclass
class OpenCodeFiles:
    """The data directory. Every method writes at once; `close` ends the running OpenCode."""

    directory: Path
    name: str = "opencode.db"
    has_version_2: bool = False
    wal: bool = False
    cwd: str = "/nowhere/app"
    updated: int = field(default=START)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.path = self.directory / self.name
        self.database = sqlite3.connect(self.path, isolation_level=None)
        if self.wal:
            self.database.execute("PRAGMA journal_mode = WAL")
        self.database.executescript(_TABLES + (_TABLES_2 if self.has_version_2 else ""))
        self.database.execute("INSERT INTO account VALUES ('a', ?, ?)", (CANARY, CANARY))
        self.database.execute("INSERT INTO event VALUES ('e', ?)", (json.dumps({"text": CANARY}),))
        self.database.execute("INSERT INTO project VALUES ('p', ?, ?)", (f"/{CANARY}", CANARY))

    def close(self) -> None:
        self.database.close()

    def session(self, session: str, created: float = 0, *, parent: str | None = None, title: str = "A title") -> None:
        values = (session, parent, self.cwd, title, CANARY, at(created), self._tick())
        self.database.execute(
            "INSERT INTO session (id, project_id, parent_id, directory, title, share_url, time_created, time_updated)"
            " VALUES (?, 'p', ?, ?, ?, ?, ?, ?)",
            values,
        )

    def session_2(self, session: str, created: float = 0, *, parent: str | None = None) -> None:
        values = (session, parent, self.cwd, "A title", at(created), self._tick())
        self.database.execute("INSERT INTO session_v2 VALUES (?, ?, ?, ?, ?, ?)", values)

    def user(self, session: str, seconds: float, *parts: Any, id: str = "") -> str:
        return self.message(session, {"role": "user", "time": {"created": at(seconds)}}, parts or (TEXT,), id)

    def answer(
        self, session: str, start: float, end: float | None, *, parent: str = "", id: str = "", **fields: Any
    ) -> str:
        time = {"created": at(start)} | ({} if end is None else {"completed": at(end)})
        data = {"role": "assistant", "parentID": parent, "time": time, "providerID": "openai", "modelID": "gpt-5"}
        data |= {"cost": 0.001275, "tokens": TOKENS, "path": {"cwd": f"/{CANARY}", "root": "/"}}
        return self.message(session, data | fields, ({"type": "text", "text": CANARY},), id)

    def message(self, session: str, data: Any, parts: Any = (), id: str = "") -> str:
        message = id or self._id("msg")
        created = data["time"]["created"] if isinstance(data, dict) and "time" in data else START
        written = data if isinstance(data, str | bytes) else json.dumps(data)
        self.database.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?)", (message, session, created, self._tick(), written)
        )
        for part in parts:
            values = (self._id("prt"), message, session, created, self._tick(), json.dumps(part))
            self.database.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", values)
        return message

    def row_2(
        self, session: str, kind: str, seconds: float, end: float | None = None, id: str = "", **data: Any
    ) -> str:
        time = {"created": at(seconds)} | ({} if end is None else {"completed": at(end)})
        message = id or self._id("msg")
        values = (message, session, kind, self._numbers, at(seconds), self._tick(), json.dumps({"time": time} | data))
        self.database.execute("INSERT INTO session_message VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return message

    def answer_2(self, session: str, start: float, end: float, id: str = "", **fields: Any) -> str:
        model = {"providerID": "openai", "id": "gpt-5"}
        return self.row_2(session, "assistant", start, end, id, **({"model": model, "tokens": TOKENS} | fields))

    def finish(self, message: str, end: float) -> None:
        """Completes an answer in place."""
        (data,) = self.database.execute("SELECT data FROM message WHERE id = ?", (message,)).fetchone()
        changed = json.loads(data)
        changed["time"]["completed"] = at(end)
        values = (json.dumps(changed), self._tick(), message)
        self.database.execute("UPDATE message SET data = ?, time_updated = ? WHERE id = ?", values)

    def undo(self, message: str) -> None:
        self.database.execute("DELETE FROM message WHERE id = ?", (message,))

    def _id(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}_{self._numbers:06}_{self.path.stem}"

    def _tick(self) -> int:
        self.updated += 1
        return self.updated


def write_tree(
    directory: Path, session: str, messages: dict[str, tuple[dict[str, Any], Any]], created: float = 0
) -> None:
    """A session as versions before 1.2 wrote it: one file for the session, each message and each part."""
    times = {"created": at(created), "updated": at(created)}
    about = {"id": session, "directory": "/nowhere/app", "title": "Old", "time": times}
    _write(directory / f"storage/session/p/{session}.json", about)
    for message, (data, part) in messages.items():
        _write(directory / f"storage/message/{session}/{message}.json", {"id": message, "sessionID": session} | data)
        _write(directory / f"storage/part/{message}/prt_{message}.json", part)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))
