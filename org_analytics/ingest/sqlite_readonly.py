"""Opens the SQLite database of a running agent for reading, without changing a byte of it."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .files import stat_file

_BUSY_TIMEOUT = 5  # seconds
_COPY_ATTEMPTS = 3
_NOT_OPENED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
_LOGS = ("-wal", "-journal")
_decode = partial(str, encoding="utf-8", errors="replace")  # called for every text: a function would take longer


@dataclass(slots=True)
class ReadOnlyDatabases:
    """The databases that a run has open. `close` closes them and deletes the private copies."""

    _open: dict[str, sqlite3.Connection] = field(default_factory=dict)
    _copies: list[str] = field(default_factory=list)

    @contextmanager
    def transaction(self, path: str) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database. Raises sqlite3.Error or OSError if it cannot be read."""
        database = self._open.get(path)
        if database is None:
            database = self._open[path] = self._connect(path)
        database.execute("BEGIN")
        try:
            yield database
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")

    def close(self) -> None:
        """Closes all databases and deletes their private copies."""
        for database in self._open.values():
            database.close()
        self._open.clear()
        for directory in self._copies:
            shutil.rmtree(directory, ignore_errors=True)
        self._copies.clear()

    def _connect(self, path: str) -> sqlite3.Connection:
        """Reads the files in place if SQLite can; it cannot in a directory where it may not create its side files."""
        try:
            return _connect(path, "mode=ro")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NOT_OPENED:
                raise
        if not any(_has_content(path + log) for log in _LOGS):
            return _connect(path, "mode=ro&immutable=1")  # with a log it would miss what is only in the log
        return _connect(self._copy(path), "mode=rw")

    def _copy(self, path: str) -> str:
        """A private copy of the database and its logs, taken while neither changed."""
        directory = tempfile.mkdtemp(prefix="org-analytics-")
        self._copies.append(directory)
        copy = str(Path(directory, "copy.db"))
        for _ in range(_COPY_ATTEMPTS):
            before = [stat_file(path + suffix) for suffix in ("", *_LOGS)]
            for suffix in ("", *_LOGS):
                Path(copy + suffix).unlink(missing_ok=True)
                if stat_file(path + suffix) is not None:
                    shutil.copyfile(path + suffix, copy + suffix)
            if before == [stat_file(path + suffix) for suffix in ("", *_LOGS)]:
                return copy
        raise OSError("the database changed while it was copied")


def columns_of(database: sqlite3.Connection, table: str, wanted: tuple[str, ...]) -> str:
    """The list of columns to select from a table, NULL for a column that this version does not have; "" = no table."""
    present = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    return ", ".join(column if column in present else "NULL" for column in wanted) if present else ""


def bytes_of(column: str) -> str:
    """The SQL expression for the size of a value, which SQLite knows without reading the value."""
    return f"octet_length({column})" if sqlite3.sqlite_version_info >= (3, 43) else f"length({column})"


def _connect(path: str, options: str) -> sqlite3.Connection:
    uri = f"{Path(path).absolute().as_uri()}?{options}"
    database = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None)
    try:
        database.text_factory = _decode
        database.execute("PRAGMA query_only = ON")
        database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _has_content(path: str) -> bool:
    file = stat_file(path)
    return file is not None and file.size > 0
