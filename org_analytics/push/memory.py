"""The files in which this machine remembers, for one server, what was read and what was answered."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from org_analytics.ingest.sqlite_state import SqliteState, StateInUse
from org_analytics.ingest.state import MemoryState, State
from org_analytics.push import acknowledged
from org_analytics.push.acknowledged import Acknowledged
from org_analytics.push.errors import BusyError
from org_analytics.push.places import private_file, state_directory


@dataclass(frozen=True, slots=True)
class Memory:
    """One server's part of the state directory. Whoever opens it holds its lock."""

    directory: Path

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
        with _alone(private_file(self._read)) as state, acknowledged.opened(self._answers) as answers:
            yield state, answers

    @contextlib.contextmanager
    def opened_as_copy(self) -> Iterator[tuple[State, Acknowledged]]:
        """The same, to be changed without consequences."""
        with contextlib.ExitStack() as stack:
            base = stack.enter_context(_alone(self._read)) if self._read.exists() else None
            yield MemoryState(base), stack.enter_context(acknowledged.opened_as_copy(self._answers))


def _alone(path: Path) -> SqliteState:
    try:
        return SqliteState(path)
    except StateInUse:
        raise BusyError("Another program has this machine's state open.") from None


def of_server(server: str | None) -> Memory:
    """The server's own memory. Without a server (a dry run before `login`), one that no answer ever gets into."""
    name = hashlib.sha256((server or "").encode()).hexdigest()[:16]
    directory = state_directory() / name
    directory.mkdir(mode=0o700, exist_ok=True)
    return Memory(directory)
