"""State on this machine, per server: which transcripts were read, and the server's answers to each account."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from ..ingest.deriver import Mark
from ..ingest.sqlite_state import SqliteState, StateInUseError
from ..ingest.state import KnownSession, MemoryState, Receipt, State
from .errors import BusyError
from .files import PRIVATE_DIRECTORY, private_file, state_directory, write_atomically
from .payload import PayloadRow

_FORMAT = 3
_SCHEMA = """
CREATE TABLE answer (
    provider TEXT NOT NULL, external_id TEXT NOT NULL, account TEXT NOT NULL, row BLOB NOT NULL,
    answer INTEGER NOT NULL, day TEXT NOT NULL, PRIMARY KEY (provider, external_id)
)
"""


class Answer(IntEnum):
    """The server's answer to a row: it has stored the row, or the row is invalid.

    A refusal that may come from a daily limit counts only on the day (UTC) on which it was given.
    """

    STORED = 0
    REFUSED = 1
    REFUSED_THAT_DAY = 2


def utc_today() -> str:
    """Return the current day in UTC, as ISO text."""
    return datetime.now(UTC).date().isoformat()


class AnswerLog:
    """The server's last answer for each session, so that nothing is sent twice. Every method is one transaction.

    An answer counts for the account that it was given to (`account_key`). The log can be lost: then every session is
    sent once more, and the server answers "unchanged".
    """

    def __init__(self, connection: sqlite3.Connection, account: str) -> None:
        self._connection = connection
        self._account = account

    def answer_to(self, row: PayloadRow) -> Answer | None:
        """Return the server's answer to exactly this row; None if it must be sent: new, changed, or refused earlier."""
        found = self._connection.execute(
            "SELECT answer FROM answer WHERE provider = ? AND external_id = ? AND account = ? AND row = ?"
            " AND (answer != ? OR day = ?)",
            (row.provider, row.external_id, self._account, row.encoded, Answer.REFUSED_THAT_DAY, utc_today()),
        ).fetchone()
        return Answer(found[0]) if found else None

    def stored_row(self, provider: str, external_id: str) -> PayloadRow | None:
        """Return the row of this session that the server has of this account."""
        found = self._connection.execute(
            "SELECT row FROM answer WHERE provider = ? AND external_id = ? AND account = ? AND answer = ?",
            (provider, external_id, self._account, Answer.STORED),
        ).fetchone()
        return PayloadRow(provider, external_id, found[0]) if found else None

    def stored_rows(self) -> list[PayloadRow]:
        """Return all rows that the server has of this account."""
        found = self._connection.execute(
            "SELECT provider, external_id, row FROM answer WHERE account = ? AND answer = ?"
            " ORDER BY provider, external_id",
            (self._account, Answer.STORED),
        )
        return [PayloadRow(*columns) for columns in found]

    def record(self, answers: Iterable[tuple[PayloadRow, Answer]]) -> None:
        """Save the server's answers to these rows."""
        with self._connection:
            self._connection.executemany(
                "REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (row.provider, row.external_id, self._account, row.encoded, answer, utc_today())
                    for row, answer in answers
                ),
            )


@contextlib.contextmanager
def open_answer_log(path: Path, account: str) -> Iterator[AnswerLog]:
    """Open the log in that file. A file of another format, or one that is not a database, is replaced."""
    if not _is_usable(path):
        path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(private_file(path))) as connection:
        if not path.stat().st_size:
            connection.executescript(f"BEGIN; {_SCHEMA}; PRAGMA user_version = {_FORMAT}; COMMIT")
        yield AnswerLog(connection, account)


@contextlib.contextmanager
def copy_answer_log(path: Path, account: str) -> Iterator[AnswerLog]:
    """Open a copy of the log in memory: a dry run changes nothing on disk."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        if path.exists() and _is_usable(path):
            with contextlib.closing(sqlite3.connect(path)) as source:
                source.backup(connection)
        else:
            connection.execute(_SCHEMA)
        yield AnswerLog(connection, account)


def _is_usable(path: Path) -> bool:
    if not path.exists():
        return True
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return bool(connection.execute("PRAGMA user_version").fetchone() == (_FORMAT,))
        except sqlite3.DatabaseError:
            return False


def account_key(server: str | None, token: str | None) -> str:
    """Return a name for the account behind this token on this server; the protocol has none.

    It is a one-way digest: the state directory must not give access to the server. Another token of the same person
    has another key, so everything is sent once more, and the server answers "unchanged".
    """
    return hashlib.sha256(f"{server or ''}\n{token or ''}".encode()).hexdigest()[:32]


class AccountState(SqliteState):
    """The transcripts read on this machine, the same for all accounts, with marks that count for one account only.

    Marks of other accounts stay where the transcript is gone: forks must not count its lines again.
    """

    def __init__(self, path: Path, account: str) -> None:
        super().__init__(path)
        self._prefix = f"{account} "

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        known = super().session(provider, external_id)
        if known is None or not known.mark:
            return known
        if known.mark.startswith(self._prefix):
            return replace(known, mark=known.mark.removeprefix(self._prefix))
        # This account's server has no row: only the ownership of lines counts.
        return replace(known, mark=str(Mark("", 0, Mark.parse(known.mark).foreign)))

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        super().mark_stored(replace(receipt, mark=self._prefix + receipt.mark) for receipt in receipts)


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server's part of the state directory, as one account sees it. Hold its lock while it is open."""

    directory: Path
    account: str

    @property
    def lock(self) -> Path:
        return self.directory / "push.lock"

    @property
    def status_file(self) -> Path:
        """The results of this account's last pushes."""
        return self.directory / f"status-{self.account[:16]}.json"

    @property
    def _prices(self) -> Path:
        return self.directory / "prices.json"

    def save_prices(self, overrides: dict[str, Any]) -> None:
        """Save the server's price overrides, for commands that send nothing."""
        if overrides != self.saved_prices():
            write_atomically(self._prices, json.dumps(overrides).encode())

    def saved_prices(self) -> dict[str, Any]:
        """Return the price overrides that the last push read."""
        try:
            overrides = json.loads(self._prices.read_bytes())
        except (FileNotFoundError, ValueError, RecursionError):
            return {}
        return overrides if isinstance(overrides, dict) else {}

    @property
    def _transcripts(self) -> Path:
        return self.directory / "read.sqlite3"

    @property
    def _answers(self) -> Path:
        return self.directory / "answers.sqlite3"

    @contextlib.contextmanager
    def open(self) -> Iterator[tuple[State, AnswerLog]]:
        private_file(self._transcripts)
        with self._open_transcripts() as state, open_answer_log(self._answers, self.account) as answers:
            yield state, answers

    @contextlib.contextmanager
    def open_copy(self) -> Iterator[tuple[State, AnswerLog]]:
        """Open the same in memory; changes are not kept."""
        with contextlib.ExitStack() as stack:
            base = stack.enter_context(self._open_transcripts()) if self._transcripts.exists() else None
            answers = stack.enter_context(copy_answer_log(self._answers, self.account))
            yield MemoryState(base), answers

    def _open_transcripts(self) -> AccountState:
        try:
            return AccountState(self._transcripts, self.account)
        except StateInUseError:
            raise BusyError("Another program is using this machine's state. Try again later.") from None


def server_state(server: str | None, token: str | None) -> ServerState:
    """Return the state for this account. Without a server (a dry run before `login`), no answer is ever saved in it."""
    name = hashlib.sha256((server or "").encode()).hexdigest()[:16]
    directory = state_directory() / name
    directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    return ServerState(directory, account_key(server, token))
