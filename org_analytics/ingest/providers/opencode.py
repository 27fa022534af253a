"""Finds and reads the sessions of OpenCode."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from ..coerce import is_session_id
from ..files import FileReport, Walk, known_file
from ..jsonl import UNREADABLE, SkippedLines
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..sqlite_readonly import ReadOnlyDatabases
from ..state import SourceFile
from ..transcript import Transcript
from .opencode_reader import OpenCodeReader
from .opencode_store import DatabaseStore, Store, StoredSession, TreeStore, message_directories

NOT_A_DATABASE = "database cannot be read"
NOT_A_SESSION = "file of a session cannot be read"
NO_SESSION_ID = "no valid session id"
WITHOUT_SESSION = "messages without their session"

_SEPARATOR = "#"  # between a database and the id of a session in it
_NS_PER_MS = 1_000_000


class OpenCode:
    """A session without a parent is a main transcript; one with a parent, a subagent's, is a child."""

    name = "opencode"
    parser_version = 2
    layout = "opencode.db, opencode-NAME.db or storage/session/PROJECT/SESSION.json"

    def __init__(self) -> None:
        self._databases = ReadOnlyDatabases()
        self._stores: dict[str, DatabaseStore] = {}
        self._sessions: dict[str, dict[str, StoredSession]] = {}

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        data = Path(os.path.expanduser(environ.get("XDG_DATA_HOME", "").strip() or home / ".local" / "share"))
        named = environ.get("OPENCODE_DB", "").strip()
        root = data / "opencode"
        return [root, root / os.path.expanduser(named)] if named and named != ":memory:" else [root]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        """The root is a data directory, or one database."""
        parents: dict[str, str | None] = {}
        walk = Walk(root if root.is_dir() else root.parent, self.name, report)
        for path in _databases(root):
            file = walk.resolve(path)
            if file is not None:
                for found in self._find_in_database(file.path, report):
                    yield _with_known_parent(found, parents)
        if root.is_dir():
            for found in self._find_in_tree(walk, report):
                yield _with_known_parent(found, parents)

    def find_file(self, path: str) -> FoundFile | None:
        database, session = _split(path)
        if not session:
            return self._found_in_tree(path) if known_file(path) else None
        try:
            stored = self._stored(database).get(session) if known_file(database) else None
        except (sqlite3.Error, OSError):
            return None
        return _found(database, stored) if stored is not None and stored.has_row else None

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """All of them, databases first: a message that is in several places counts as the first of them has it."""
        return sorted(main, key=lambda file: _precedence(file.path))

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        reader = OpenCodeReader(skipped)
        children: dict[str, list[str]] = {}
        for file in sorted(files.children, key=lambda file: _precedence(file.path)):
            children.setdefault(_session_of(file.path), []).append(file.path)
        self._read_session(reader, files.external_id, [file.path for file in files.main], skipped, is_main=True)
        for session, paths in children.items():
            self._read_session(reader, session, paths, skipped, is_main=False)
        return reader.finish()

    def close(self) -> None:
        self._stores.clear()
        self._sessions.clear()
        self._databases.close()

    def _read_session(
        self, reader: OpenCodeReader, session: str, paths: list[str], skipped: SkippedLines, *, is_main: bool
    ) -> None:
        """Reads one session from all places within one transaction each."""
        with ExitStack() as transactions:
            stores: list[Store] = []
            path = ""
            try:
                for path in paths:
                    database, in_database = _split(path)
                    if in_database:
                        connection = transactions.enter_context(self._databases.transaction(database))
                        stores.append(self._store(database, connection))
                    else:
                        stores.append(TreeStore(path))
                reader.read(session, stores, is_main=is_main)
            except (sqlite3.Error, OSError):
                skipped.add(path, 0, UNREADABLE)

    def _find_in_database(self, path: str, report: FileReport) -> Iterator[FoundFile]:
        try:
            sessions = self._stored(path)
        except (sqlite3.Error, OSError):
            report.refuse(self.name, path, NOT_A_DATABASE)
            return
        for session in sessions.values():
            if not session.has_row:
                report.refuse(self.name, path, WITHOUT_SESSION)
            elif is_session_id(session.id) and _SEPARATOR not in session.id:
                yield _found(path, session)
            else:
                report.refuse(self.name, path, NO_SESSION_ID)

    def _find_in_tree(self, walk: Walk, report: FileReport) -> Iterator[FoundFile]:
        sessions = set[str]()
        for path in walk.files(os.path.join("storage", "session")):
            if not _is_session_file(path):
                walk.report.pass_over(self.name)
                continue
            sessions.add(_session_of(path))
            file = walk.resolve(path)
            found = None if file is None else self._found_in_tree(file.path)
            if found is not None:
                yield found
            elif file is not None:
                walk.report.refuse(self.name, path, NOT_A_SESSION)
        known = sessions.union(*self._sessions.values())
        for directory in message_directories(walk.root):
            if os.path.basename(directory) not in known:
                walk.report.refuse(self.name, directory, WITHOUT_SESSION)

    def _found_in_tree(self, path: str) -> FoundFile | None:
        session, store = _session_of(path), TreeStore(path)
        try:
            stored = store.session(session)
        except OSError:
            return None
        if stored is None or not is_session_id(session):
            return None
        size, newest = store.mark(session)
        return FoundFile(SourceFile(path, size, newest), FileIdentity(session, stored.parent_id), size)

    def _stored(self, path: str) -> dict[str, StoredSession]:
        """The sessions of a database, as they were when this run first asked."""
        if path not in self._sessions:
            with self._databases.transaction(path) as database:
                self._sessions[path] = self._store(path, database).sessions()
        return self._sessions[path]

    def _store(self, path: str, database: sqlite3.Connection) -> DatabaseStore:
        return self._stores.setdefault(path, DatabaseStore(path, database))


def _databases(root: Path) -> list[str]:
    """The databases of a data directory; `opencode.db` before those of other release channels."""
    if not root.is_dir():
        return [str(root)]
    return [str(path) for path in sorted(root.glob("opencode*.db"), key=_database_order) if _is_database(path)]


def _is_database(path: Path) -> bool:
    return path.name == "opencode.db" or path.name.startswith("opencode-")


def _database_order(path: Path) -> tuple[bool, str]:
    return path.name != "opencode.db", path.name


def _found(database: str, session: StoredSession) -> FoundFile:
    """A session in a database. It has changed when a message was added, removed or updated."""
    file = SourceFile(
        f"{database}{_SEPARATOR}{session.id}", session.messages + session.size, session.newest_ms * _NS_PER_MS
    )
    return FoundFile(file, FileIdentity(session.id, session.parent_id), session.size)


def _with_known_parent(found: FoundFile, parents: dict[str, str | None]) -> FoundFile:
    """The same session has the same parent in all places: the one that the first place says."""
    own = found.identity.own_id or ""
    return found._replace(identity=FileIdentity(own, parents.setdefault(own, found.identity.parent_id)))


def _is_session_file(path: str) -> bool:
    parts = Path(path).parts
    return path.endswith(".json") and len(parts) > 3 and parts[-4:-2] == ("storage", "session")


def _split(path: str) -> tuple[str, str]:
    """The database and the session's id; no id for a file of the tree."""
    if _is_session_file(path):
        return path, ""
    database, _, session = path.rpartition(_SEPARATOR)
    return database, session


def _session_of(path: str) -> str:
    return _split(path)[1] or os.path.basename(path).removesuffix(".json")


def _precedence(path: str) -> tuple[bool, bool, str]:
    database, session = _split(path)
    return not session, os.path.basename(database) != "opencode.db", path
