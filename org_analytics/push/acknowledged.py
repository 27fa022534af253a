"""What a server has answered for: the row of each session as it was sent last, so that nothing is sent twice.

An answer counts for the account that it was given to (`accounts.account_key`); of each session the last one is kept.
All of it can be lost: then everything is sent once more, and the server answers "unchanged".
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path

from org_analytics.push.places import private_file
from org_analytics.push.rows import Row

_FORMAT = 2
_SCHEMA = """
CREATE TABLE answer (
    provider TEXT NOT NULL, external_id TEXT NOT NULL, account TEXT NOT NULL, row BLOB NOT NULL,
    answer INTEGER NOT NULL, PRIMARY KEY (provider, external_id)
)
"""


class Answer(IntEnum):
    """What the server said of a row: it has it, or it finds it invalid."""

    STORED = 0
    REFUSED = 1


class Acknowledged:
    """The answers of one server to one account. Every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection, account: str) -> None:
        self._connection = connection
        self._account = account

    def answer_to(self, row: Row) -> Answer | None:
        """The server's answer to exactly this row, None if it was never asked or the row has changed since."""
        found = self._connection.execute(
            "SELECT answer FROM answer WHERE provider = ? AND external_id = ? AND account = ? AND row = ?",
            (row.provider, row.external_id, self._account, row.encoded),
        ).fetchone()
        return Answer(found[0]) if found else None

    def is_empty(self) -> bool:
        """Whether the server has never answered this account."""
        found = self._connection.execute("SELECT 1 FROM answer WHERE account = ? LIMIT 1", (self._account,))
        return found.fetchone() is None

    def stored(self) -> list[Row]:
        """All rows that the server has of this account."""
        found = self._connection.execute(
            "SELECT provider, external_id, row FROM answer WHERE account = ? AND answer = ?"
            " ORDER BY provider, external_id",
            (self._account, Answer.STORED),
        )
        return [Row(*columns) for columns in found]

    def keep(self, answers: Iterable[tuple[Row, Answer]]) -> None:
        """Remember what the server said of these rows."""
        with self._connection:
            self._connection.executemany(
                "REPLACE INTO answer VALUES (?, ?, ?, ?, ?)",
                ((row.provider, row.external_id, self._account, row.encoded, answer) for row, answer in answers),
            )


@contextlib.contextmanager
def opened(path: Path, account: str) -> Iterator[Acknowledged]:
    """The answers in that file. One of another format, or that is no database, is begun anew."""
    if not _is_usable(path):
        path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(private_file(path))) as connection:
        if not path.stat().st_size:
            connection.executescript(f"BEGIN; {_SCHEMA}; PRAGMA user_version = {_FORMAT}; COMMIT")
        yield Acknowledged(connection, account)


@contextlib.contextmanager
def opened_as_copy(path: Path, account: str) -> Iterator[Acknowledged]:
    """The same answers in memory: what a dry run changes is gone after it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        if path.exists() and _is_usable(path):
            with contextlib.closing(sqlite3.connect(path)) as source:
                source.backup(connection)
        else:
            connection.execute(_SCHEMA)
        yield Acknowledged(connection, account)


def _is_usable(path: Path) -> bool:
    if not path.exists():
        return True
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return bool(connection.execute("PRAGMA user_version").fetchone() == (_FORMAT,))
        except sqlite3.DatabaseError:
            return False
