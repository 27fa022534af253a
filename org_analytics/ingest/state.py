"""What is kept between runs: which files were read, which lines each session holds, and what has been stored.

Ownership is not kept as such: it follows from the lines that are kept (`ownership.py`), so the order in which files arrive
never matters. A run saves what it read first and marks a session stored only after its row is: interrupted anywhere, the
next run does the rest.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class SourceFile(NamedTuple):
    """A file as it was before it was read. Another size or time means that it must be read again."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as last read. `mark` is "" until a row derived from exactly these files was stored."""

    files: tuple[SourceFile, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `State.mark_stored` needs once the row of a session has been written or sent."""

    provider: str
    external_id: str
    files: tuple[SourceFile, ...]
    mark: str


class State(Protocol):
    """One person's state for one destination. Every method is one transaction; none is called from two threads."""

    def session(self, provider: str, external_id: str) -> KeptSession | None:
        """The session as last read, or None."""

    def lines(self, provider: str, external_id: str) -> bytes:
        """The bytes last saved for the session, b"" for an unknown one."""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        """The external ids of all sessions saved with any of these keys."""

    def save(
        self, provider: str, external_id: str, files: tuple[SourceFile, ...], lines: bytes, keys: Collection[int]
    ) -> None:
        """Replaces all that is kept of the session and clears its mark. Keys are distinct, signed 64-bit."""

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        """Sets the marks, except where the session was saved with other files since."""
