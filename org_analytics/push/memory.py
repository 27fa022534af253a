"""The files in which this machine remembers, for one server, what was read and what was answered to whom."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from org_analytics.ingest.sqlite_state import StateInUseError
from org_analytics.ingest.state import MemoryState, State
from org_analytics.push import acknowledged
from org_analytics.push.accounts import AccountState, account_key
from org_analytics.push.acknowledged import Acknowledged
from org_analytics.push.errors import BusyError
from org_analytics.push.places import private_file, state_directory


@dataclass(frozen=True, slots=True)
class Memory:
    """One server's part of the state directory, as one account sees it. Whoever opens it holds its lock."""

    directory: Path
    account: str

    @property
    def lock(self) -> Path:
        return self.directory / "push.lock"

    @property
    def _read(self) -> Path:
        return self.directory / "read.sqlite3"

    @property
    def _answers(self) -> Path:
        return self.directory / "answers.sqlite3"

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[State, Acknowledged]]:
        private_file(self._read)
        with self._alone() as state, acknowledged.opened(self._answers, self.account) as answers:
            yield state, answers

    @contextlib.contextmanager
    def opened_as_copy(self) -> Iterator[tuple[State, Acknowledged]]:
        """The same, to be changed without consequences."""
        with contextlib.ExitStack() as stack:
            base = stack.enter_context(self._alone()) if self._read.exists() else None
            answers = stack.enter_context(acknowledged.opened_as_copy(self._answers, self.account))
            yield MemoryState(base), answers

    def _alone(self) -> AccountState:
        try:
            return AccountState(self._read, self.account)
        except StateInUseError:
            raise BusyError("Another program has this machine's state open.") from None


def of_account(server: str | None, token: str | None) -> Memory:
    """What is known of this account. Without a server (a dry run before `login`), no answer ever gets into it."""
    name = hashlib.sha256((server or "").encode()).hexdigest()[:16]
    directory = state_directory() / name
    directory.mkdir(mode=0o700, exist_ok=True)
    return Memory(directory, account_key(server, token))
