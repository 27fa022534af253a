"""What is kept between runs: which files were read, which lines each session holds, and what has been stored.

Ownership is not kept as such: it follows from the lines that are kept (`ownership.py`), so the order in which files
arrive never matters. A run saves what it read first and marks a session stored only after its row is: interrupted
anywhere, the next run does the rest.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from .footprints import keys_of

GitInfo = dict[str, Any]  # reduced to what may leave the machine (`git.reduced`)


class SourceFile(NamedTuple):
    """A file as it was before it was read. Another size or time means that it must be read again."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as last read. `mark` is "" until a row derived from exactly these files was stored.

    `git_info` is kept since the directory that it was asked of may be gone when the session is derived again.
    """

    files: tuple[SourceFile, ...]
    mark: str
    git_info: GitInfo | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `State.mark_stored` needs once the row of a session has been written or sent."""

    provider: str
    external_id: str
    files: tuple[SourceFile, ...]
    mark: str


class State(Protocol):
    """One person's state for one destination. Every method is one transaction; never called from two threads."""

    def session(self, provider: str, external_id: str) -> KeptSession | None:
        """The session as last read, or None."""

    def lines(self, provider: str, external_id: str) -> bytes:
        """The bytes last saved for the session, b"" for an unknown one."""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        """The external ids of all sessions saved with any of these keys (signed 64-bit)."""

    def pending(self, provider: str) -> set[str]:
        """The external ids of all sessions whose mark is ""."""

    def save(
        self,
        provider: str,
        external_id: str,
        files: tuple[SourceFile, ...],
        lines: bytes,
        git_info: GitInfo | None = None,
    ) -> None:
        """Replaces all that is kept of the session and clears its mark. `footprints.keys_of(lines)` are its keys."""

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        """Sets the marks, except where the session was saved with other files since."""


class MemoryState:
    """Keeps everything in memory, on top of another state that it only reads: what a dry run works on."""

    def __init__(self, base: State | None = None) -> None:
        self._base = base
        self._sessions: dict[tuple[str, str], KeptSession] = {}
        self._lines: dict[tuple[str, str], bytes] = {}
        self._holders: dict[str, dict[int, tuple[str, ...]]] = defaultdict(dict)

    def session(self, provider: str, external_id: str) -> KeptSession | None:
        kept = self._sessions.get((provider, external_id))
        return self._base.session(provider, external_id) if kept is None and self._base else kept

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
        here = {session for (name, session), kept in self._sessions.items() if name == provider and not kept.mark}
        return here | {session for session in below if (provider, session) not in self._sessions}

    def save(
        self,
        provider: str,
        external_id: str,
        files: tuple[SourceFile, ...],
        lines: bytes,
        git_info: GitInfo | None = None,
    ) -> None:
        holders, alone = self._holders[provider], (external_id,)
        for key in keys_of(self._lines.get((provider, external_id), b"")):
            holders[key] = tuple(session for session in holders[key] if session != external_id)
        for key in keys_of(lines):
            holders[key] = holders[key] + alone if key in holders else alone
        self._sessions[provider, external_id] = KeptSession(files, "", git_info)
        self._lines[provider, external_id] = lines

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            kept = self.session(receipt.provider, receipt.external_id)
            if kept is not None and kept.files == receipt.files:
                self._sessions[receipt.provider, receipt.external_id] = replace(kept, mark=receipt.mark)
