"""The state of a developer's machine: one SQLite file for each server that is pushed to."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from .line_keys import keys_of
from .state import KnownSession, Receipt, SessionRead, SourceFile

_FORMAT = 2
_SAVES_PER_COMMIT = 50  # a commit writes every page that was changed, and keys are spread over all pages
_SCHEMA = """
CREATE TABLE session (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, external_id TEXT NOT NULL,
    files TEXT NOT NULL, mark TEXT NOT NULL, lines BLOB NOT NULL, git_info TEXT NOT NULL,
    UNIQUE (provider, external_id)
);
CREATE TABLE line (key INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (key, session)) WITHOUT ROWID;
CREATE INDEX pending ON session (provider) WHERE mark = '';
"""


class StateInUseError(Exception):
    """Another run has the state open. Two at once would send the same sessions, perhaps the older reading last."""


class SqliteState:
    """`State` in a file. Locks it until closed; raises `StateInUseError` if another process has locked it.

    A file with another format, or one that is not a database, is set aside and replaced by a new one: the next run then
    reads everything again, and the server answers "unchanged" for the sessions that it already has.

    Saved sessions are committed together, and always before the next sessions are marked as stored: what an interrupted
    run has not committed, the next one reads again.
    """

    def __init__(self, path: Path) -> None:
        self._uncommitted = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            if _is_busy(error):
                raise StateInUseError(str(path)) from None
            path.replace(path.with_name(path.name + ".unusable"))
            self._db = _open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.commit()
        self._db.close()

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        row = self._db.execute(
            "SELECT files, mark, git_info FROM session WHERE provider = ? AND external_id = ?", (provider, external_id)
        ).fetchone()
        return KnownSession(_files(row[0]), row[1], json.loads(row[2])) if row else None

    def lines(self, provider: str, external_id: str) -> bytes:
        row = self._db.execute(
            "SELECT lines FROM session WHERE provider = ? AND external_id = ?", (provider, external_id)
        ).fetchone()
        return bytes(row[0]) if row else b""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        rows = self._db.execute(  # CROSS JOIN: SQLite would go through all keys once for each session
            "SELECT DISTINCT external_id FROM json_each(?) AS wanted CROSS JOIN line ON line.key = wanted.value"
            " CROSS JOIN session ON session.id = line.session WHERE provider = ?",
            (json.dumps(list(keys)), provider),
        )
        return {row[0] for row in rows}

    def pending(self, provider: str) -> set[str]:
        rows = self._db.execute("SELECT external_id FROM session WHERE provider = ? AND mark = ''", (provider,))
        return {row[0] for row in rows}

    def save(self, read: SessionRead) -> None:
        before, after = keys_of(self.lines(read.provider, read.external_id)), keys_of(read.lines)
        row = (read.provider, read.external_id, json.dumps(read.files), read.lines, json.dumps(read.git_info))
        with self._all_or_nothing():
            (session,) = self._db.execute(
                "INSERT INTO session (provider, external_id, files, mark, lines, git_info) VALUES (?, ?, ?, '', ?, ?)"
                " ON CONFLICT (provider, external_id) DO UPDATE SET"
                " files = excluded.files, mark = '', lines = excluded.lines, git_info = excluded.git_info RETURNING id",
                row,
            ).fetchone()
            self._db.executemany(
                "DELETE FROM line WHERE key = ? AND session = ?", ((key, session) for key in before - after)
            )
            self._db.executemany("INSERT INTO line VALUES (?, ?)", ((key, session) for key in sorted(after - before)))
        self._uncommitted += 1
        if self._uncommitted >= _SAVES_PER_COMMIT:
            self._commit()

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        with self._all_or_nothing():
            self._db.executemany(
                "UPDATE session SET mark = ? WHERE provider = ? AND external_id = ? AND files = ?",
                ((done.mark, done.provider, done.external_id, json.dumps(done.files)) for done in receipts),
            )
        self._commit()

    def _commit(self) -> None:
        self._db.commit()
        self._uncommitted = 0

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Rolls back what is not committed if the block is interrupted: nothing is kept in part."""
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=1, isolation_level="IMMEDIATE")
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _prepare(db)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    """Creates the tables in a new file. Raises DatabaseError for a file with another format. Takes the lock."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version not in (0, _FORMAT):
        raise sqlite3.DatabaseError("another format")
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;")
    db.executescript("BEGIN IMMEDIATE; COMMIT;")


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _files(text: str) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(*row) for row in json.loads(text))
