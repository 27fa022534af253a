"""What is kept between runs: which files were read, which lines each session contains, and what has been stored.

Ownership itself is not kept: it follows from the kept lines (`ownership.py`), so the order in which files arrive does
not matter. A run saves what it read first and marks a session as stored only after its row was written; after an
interruption at any point, the next run completes the work.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from .line_keys import keys_of

GitInfo = dict[str, Any]  # only what may leave the machine (`git.repository_of`)


class SourceFile(NamedTuple):
    """A file, or one session of a database, as it was before it was read. It is read again when a number changes."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session as last read. `mark` is "" until a row derived from exactly these files was stored.

    `git_info` is kept because the directory may no longer exist when the session is derived again.
    """

    files: tuple[SourceFile, ...]
    mark: str
    git_info: GitInfo | None = None


@dataclass(frozen=True, slots=True)
class SessionRead:
    """A session that was just read, as `State.save` keeps it. `lines` are the packed entries of `line_keys`."""

    provider: str
    external_id: str
    files: tuple[SourceFile, ...]
    lines: bytes
    git_info: GitInfo | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The argument of `State.mark_stored` for a session whose row has been written or sent."""

    provider: str
    external_id: str
    files: tuple[SourceFile, ...]
    mark: str


class State(Protocol):
    """The state of one person for one destination. Every method is one transaction; only one thread calls them."""

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        """The session as last read, or None."""

    def lines(self, provider: str, external_id: str) -> bytes:
        """The bytes last saved for the session, b"" for an unknown one."""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        """The external ids of all sessions saved with any of these keys (signed 64-bit)."""

    def pending(self, provider: str) -> set[str]:
        """The external ids of all sessions whose mark is ""."""

    def save(self, read: SessionRead) -> None:
        """Replaces everything that is kept about the session and clears its mark."""

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        """Sets the marks, except where the session was saved with other files since."""


class MemoryState:
    """Keeps everything in memory, on top of another state that it only reads. A dry run uses it."""

    def __init__(self, base: State | None = None) -> None:
        self._base = base
        self._sessions: dict[tuple[str, str], KnownSession] = {}
        self._lines: dict[tuple[str, str], bytes] = {}
        self._holders: dict[str, dict[int, tuple[str, ...]]] = defaultdict(dict)

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        known = self._sessions.get((provider, external_id))
        return self._base.session(provider, external_id) if known is None and self._base else known

    def lines(self, provider: str, external_id: str) -> bytes:
        if (provider, external_id) in self._lines or self._base is None:
            return self._lines.get((provider, external_id), b"")
        return self._base.lines(provider, external_id)

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        below = self._base.sharing(provider, keys) if self._base else set()
        holders = self._holders[provider]
        here = {session for key in keys for session in holders.get(key, ())}
        return here | {session for session in below if (provider, session) not in self._lines}

    def pending(self, provider: str) -> set[str]:
        below = self._base.pending(provider) if self._base else set()
        here = {session for (name, session), known in self._sessions.items() if name == provider and not known.mark}
        return here | {session for session in below if (provider, session) not in self._sessions}

    def save(self, read: SessionRead) -> None:
        name = read.provider, read.external_id
        holders, alone = self._holders[read.provider], (read.external_id,)
        for key in keys_of(self._lines.get(name, b"")):
            holders[key] = tuple(session for session in holders[key] if session != read.external_id)
        for key in keys_of(read.lines):
            holders[key] = holders[key] + alone if key in holders else alone
        self._sessions[name] = KnownSession(read.files, "", read.git_info)
        self._lines[name] = read.lines

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            known = self.session(receipt.provider, receipt.external_id)
            if known is not None and known.files == receipt.files:
                self._sessions[receipt.provider, receipt.external_id] = replace(known, mark=receipt.mark)
