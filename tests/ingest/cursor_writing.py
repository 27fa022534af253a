"""A home directory with Cursor's files: transcripts, metadata of the command line agent, databases of the editor."""

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.ingest.opencode_writing import CANARY, at

EDITOR = ".config/Cursor"


def user_line(tag: str | None = None) -> dict[str, Any]:
    stamp = f"<timestamp>{tag}</timestamp>\n" if tag else ""
    written = f"{stamp}<user_query>\n{CANARY}\n</user_query>"
    return {"role": "user", "message": {"content": [{"type": "text", "text": written}]}}


def answer_line(**inputs: Any) -> dict[str, Any]:
    tool = {"type": "tool_use", "name": "Read", "input": inputs}
    return {"role": "assistant", "message": {"content": [{"type": "text", "text": CANARY}, tool]}}


@dataclass
class CursorFiles:
    """The home directory. Every method writes at once."""

    home: Path
    editor: str = EDITOR

    @property
    def user_directory(self) -> Path:
        return self.home / self.editor / "User"

    @property
    def database(self) -> Path:
        return self.user_directory / "globalStorage/state.vscdb"

    def transcript(
        self, name: str, lines: Iterable[Any], *, mtime: float = 0, project: str = "nowhere-app", folder: str = ""
    ) -> Path:
        directory = self.home / ".cursor/projects" / project / "agent-transcripts" / (folder or name)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        os.utime(path, (at(mtime) / 1000, at(mtime) / 1000))
        return path

    def meta(self, name: str, **fields: Any) -> Path:
        path = self.home / ".cursor/chats/0123" / name / "meta.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fields))
        (path.parent / "store.db").write_text(CANARY)
        return path

    def composer(self, name: str, bubbles: Iterable[dict[str, Any]] = (), **fields: Any) -> None:
        """A conversation of the editor. A bubble has an `id`; the other fields are as Cursor writes them."""
        written = list(bubbles)
        headers = [{"bubbleId": bubble["id"], "type": bubble.get("type")} for bubble in written]
        self.put(f"composerData:{name}", {"composerId": name, "fullConversationHeadersOnly": headers} | fields)
        for bubble in written:
            content = {"text": CANARY, "tokenCount": {"inputTokens": 20152, "outputTokens": 15}}
            self.put(f"bubbleId:{name}:{bubble['id']}", content | bubble)

    def put(self, key: str, value: Any) -> None:
        self.database.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.database, isolation_level=None)
        for table in ("ItemTable", "cursorDiskKV"):
            database.execute(f"CREATE TABLE IF NOT EXISTS {table} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        secrets = ("cursorAuth/accessToken", "composerDat", "composerData;", "bubbleId", "bubbleId;", "agentKv:x")
        for table in ("ItemTable", "cursorDiskKV"):
            database.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(secret, CANARY) for secret in secrets])
        written = value if isinstance(value, str | bytes) else json.dumps(value).encode()
        database.execute("INSERT INTO cursorDiskKV VALUES (?, ?)", (key, written))
        database.close()

    def workspace(self, folder: str, *names: str) -> None:
        directory = self.user_directory / f"workspaceStorage/{len(names)}{len(folder)}"
        directory.mkdir(parents=True)
        (directory / "workspace.json").write_text(json.dumps({"folder": folder}))
        database = sqlite3.connect(directory / "state.vscdb", isolation_level=None)
        database.execute("CREATE TABLE ItemTable (key TEXT UNIQUE, value BLOB)")
        composers = {"allComposers": [{"composerId": name} for name in names]}
        rows = [("composer.composerData", json.dumps(composers)), ("cursorAuth/refreshToken", CANARY)]
        database.executemany("INSERT INTO ItemTable VALUES (?, ?)", rows)
        database.close()


def bubble(identity: str, start: float, end: float | None = None) -> dict[str, Any]:
    """A prompt, or an answer if it has an end."""
    created = datetime.fromtimestamp(at(start) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if end is None:
        return {"id": identity, "type": 1, "createdAt": created}
    return {"id": identity, "type": 2, "createdAt": created, "completedAtMs": at(end)}
