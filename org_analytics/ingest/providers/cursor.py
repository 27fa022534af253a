"""Finds and reads the conversations of Cursor: of its editor and of its command line agent."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..coerce import is_session_id
from ..files import FileReport, Walk, known_file
from ..json_objects import NOT_AN_OBJECT, read_object
from ..jsonl import UNREADABLE, SkippedLines
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..sqlite_readonly import ReadOnlyDatabases
from ..state import SourceFile
from ..transcript import Transcript
from .cursor_reader import CursorReader
from .cursor_store import StoredComposer, composers, workspace_folders

NOT_A_DATABASE = "database cannot be read"
NO_SESSION_ID = "no valid session id"
OLD_FORMAT = "transcript in a text format that is not read"
OTHER_NAME = "not named like its conversation"
WITHOUT_META = "conversation without meta.json"

_PROJECTS = os.path.join(".cursor", "projects")
_CHATS = os.path.join(".cursor", "chats")
_EDITORS = (".config/Cursor", "Library/Application Support/Cursor", "AppData/Roaming/Cursor", "Cursor")
_TRANSCRIPTS = "agent-transcripts"
_SUBAGENTS = "subagents"
_META = "meta.json"
_CHAT_STORE = "store.db"
_DATABASE = "state.vscdb"
_SEPARATOR = "#"  # between a database and the id of a conversation in it
_NS_PER_MS = 1_000_000


class Cursor:
    """A conversation has the same id in all places; each place is one of its main files."""

    name = "cursor"
    parser_version = 1
    layout = ".cursor/projects/DIRECTORY/agent-transcripts/ID/ID.jsonl or .config/Cursor/User/globalStorage/state.vscdb"

    def __init__(self) -> None:
        self._databases = ReadOnlyDatabases()
        self._composers: dict[str, dict[str, StoredComposer]] = {}
        self._folders: dict[str, dict[str, str]] = {}

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        """The home directory, and the directories of settings that hold the editor's files."""
        named = (environ.get(name, "").strip() for name in ("XDG_CONFIG_HOME", "APPDATA"))
        return [home, *(Path(path) for path in named if path and Path(path, "Cursor").is_dir())]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        """Subagents' transcripts come first, so that nothing else makes a session of a subagent."""
        walk = Walk(root, self.name, report)
        found = [*self._find_transcripts(walk), *self._find_chats(walk), *self._find_composers(walk)]
        parents = {file.identity.own_id: file.identity.parent_id for file in found if file.identity.parent_id}
        for file in found:
            own = file.identity.own_id
            yield file._replace(identity=FileIdentity(own, parents.get(own)))

    def find_file(self, path: str) -> FoundFile | None:
        database, session = _split(path)
        if not session:
            file = known_file(path)
            return None if file is None else _found_file(file)
        try:
            stored = self._stored(database).get(session) if known_file(database) else None
        except (sqlite3.Error, OSError):
            return None
        return None if stored is None else _found_composer(database, stored)

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """All of them: each place knows something else."""
        return sorted(main)

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        """Subagents add nothing: the conversation's times include theirs, and their usage is unknown."""
        reader = CursorReader(skipped)
        for file in files.main:
            try:
                self._read_file(reader, file, skipped)
            except (sqlite3.Error, OSError):
                skipped.add(file.path, 0, UNREADABLE)
        return reader.finish()

    def close(self) -> None:
        self._composers.clear()
        self._folders.clear()
        self._databases.close()

    def _read_file(self, reader: CursorReader, file: SourceFile, skipped: SkippedLines) -> None:
        database, session = _split(file.path)
        if session:
            user = str(Path(database).parent.parent)
            if user not in self._folders:
                self._folders[user] = workspace_folders(Path(user), self._databases)
            with self._databases.transaction(database) as connection:
                reader.read_composer(database, connection, session, self._folders[user].get(session))
        elif os.path.basename(file.path) == _META:
            meta = read_object(file.path)
            if meta is None:
                skipped.add(file.path, 0, NOT_AN_OBJECT)
            else:
                reader.read_meta(meta)
        else:
            parts = Path(file.path).parts
            reader.read_transcript(file.path, parts[parts.index(_TRANSCRIPTS) - 1], file.mtime_ns)

    def _find_transcripts(self, walk: Walk) -> Iterator[FoundFile]:
        for project in _directories(walk.root / _PROJECTS):
            for path in walk.files(os.path.join(_PROJECTS, project, _TRANSCRIPTS)):
                if path.endswith(".txt"):
                    walk.report.refuse(self.name, path, OLD_FORMAT)
                elif path.endswith(".jsonl"):
                    yield from self._found(walk, path)
                else:
                    walk.report.pass_over(self.name)

    def _find_chats(self, walk: Walk) -> Iterator[FoundFile]:
        for path in walk.files(_CHATS):
            directory, file = os.path.split(path)
            if file == _META:
                yield from self._found(walk, path)
            elif file == _CHAT_STORE and not os.path.exists(os.path.join(directory, _META)):
                walk.report.refuse(self.name, path, WITHOUT_META)
            else:
                walk.report.pass_over(self.name)

    def _found(self, walk: Walk, path: str) -> Iterator[FoundFile]:
        file = walk.resolve(path)
        found = None if file is None else _found_file(file)
        if found is not None:
            yield found
        elif file is not None:
            walk.report.refuse(self.name, path, OTHER_NAME)

    def _find_composers(self, walk: Walk) -> Iterator[FoundFile]:
        for editor in _EDITORS:
            path = walk.root / editor / "User" / "globalStorage" / _DATABASE
            file = walk.resolve(str(path)) if path.exists() else None
            if file is None:
                continue
            try:
                stored = self._stored(file.path)
            except (sqlite3.Error, OSError):
                walk.report.refuse(self.name, str(path), NOT_A_DATABASE)
                continue
            for composer in stored.values():
                if is_session_id(composer.id) and _SEPARATOR not in composer.id:
                    yield _found_composer(file.path, composer)
                else:
                    walk.report.refuse(self.name, str(path), NO_SESSION_ID)

    def _stored(self, path: str) -> dict[str, StoredComposer]:
        """The conversations of a database, as they were when this run first asked."""
        if path not in self._composers:
            with self._databases.transaction(path) as database:
                self._composers[path] = {composer.id: composer for composer in composers(database)}
        return self._composers[path]


def _directories(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(path) if entry.is_dir())
    except OSError:
        return []


def _found_file(file: SourceFile) -> FoundFile | None:
    """A transcript or a `meta.json`; None if its name does not name a conversation."""
    path = Path(file.path)
    if path.name == _META:
        identity = FileIdentity(path.parent.name, None)
    elif path.parent.name == _SUBAGENTS:
        identity = FileIdentity(path.stem, path.parent.parent.name)
    elif path.parent.name in (path.stem, _TRANSCRIPTS):
        identity = FileIdentity(path.stem, None)
    else:
        return None
    return FoundFile(file, identity, file.size) if is_session_id(identity.own_id) else None


def _found_composer(database: str, composer: StoredComposer) -> FoundFile:
    """A conversation in a database. It has changed when it or the size of its messages has."""
    file = SourceFile(f"{database}{_SEPARATOR}{composer.id}", composer.size, composer.newest_ms * _NS_PER_MS)
    return FoundFile(file, FileIdentity(composer.id, composer.parent_id), composer.size)


def _split(path: str) -> tuple[str, str]:
    """The database and the conversation's id; no id for a file of its own."""
    database, _, session = path.rpartition(_SEPARATOR)
    return (database, session) if os.path.basename(database) == _DATABASE else (path, "")
