"""Reads the files of a session and derives its record, given which of its lines another session owns."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from .jsonl import UNREADABLE, SkippedLines
from .ownership import digest
from .pricing import Prices
from .protocol import SessionFiles, TranscriptProvider
from .records import Derivation, DerivationOutcome
from .session_record import NoRecordError, build_record, git_info_of
from .state import GitInfo, KnownSession, Receipt, State
from .transcript import Transcript

BEFORE_SINCE = "ended before the date given"
FILES_GONE = "part of its transcript no longer exists; its stored numbers were kept"
PART_OF_ANOTHER = "part"  # instead of a digest of foreign keys
NEVER_READ = KnownSession((), "")


class Mark(NamedTuple):
    """The mark of a stored session: versions, how much its row knows, and a digest of the foreign keys.

    `known` is the number of tokens that the row counts and the exactness of its times, added up.
    """

    version: str
    known: int
    foreign: str

    def __str__(self) -> str:
        return f"{self.version}:{self.known}:{self.foreign}"

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """The mark that a state kept. One of an older format matches no version."""
        parts = text.split(":")
        if len(parts) != 3 or not parts[1].isdecimal():
            return cls("", 0, parts[-1])
        return cls(parts[0], int(parts[1]), parts[2])


@dataclass(frozen=True, slots=True)
class SessionReading:
    """A session whose files have been read. `known` is the session as it was kept before this run."""

    provider: TranscriptProvider
    files: SessionFiles
    transcript: Transcript
    git_info: GitInfo | None
    known: KnownSession
    skipped: SkippedLines

    def result(self, outcome: DerivationOutcome, reason: str = "") -> Derivation:
        """The derivation with this outcome and without a record."""
        return Derivation(
            self.provider.name,
            self.files.external_id,
            outcome,
            reason=reason,
            skipped=dict(self.skipped.counts),
            problems=tuple(self.skipped.problems),
        )

    def reason_to_keep_row(self, foreign: Set[int] = frozenset()) -> str:
        """Why the stored row must stay, "" if it may be replaced: it must not lose what this reading cannot see."""
        if self.skipped.has_unreadable_file:
            return UNREADABLE
        paths = {file.path for file in self.files.all}
        is_whole = all(file.path in paths for file in self.known.files) and not self.skipped.has_damaged_file
        return "" if is_whole or self.amount(foreign) >= Mark.parse(self.known.mark).known else FILES_GONE

    def amount(self, foreign: Set[int]) -> int:
        """How much this reading knows, see `Mark`."""
        return self.transcript.tokens(foreign) + self.transcript.exactness


@dataclass(frozen=True, slots=True)
class Deriver:
    """Reads and derives all sessions of a run with the same prices and options."""

    state: State
    prices: Prices
    with_titles: bool
    _at_start: dict[tuple[str, str], KnownSession] = field(default_factory=dict)  # before this run saved anything

    def version(self, provider: TranscriptProvider) -> str:
        """The versions and options that a record depends on."""
        return f"{provider.parser_version} {self.prices.version}{' titles' if self.with_titles else ''}"

    def read(self, provider: TranscriptProvider, files: SessionFiles) -> SessionReading:
        """Reads the files of a session."""
        skipped = SkippedLines()
        known = self.state.session(provider.name, files.external_id) or NEVER_READ
        known = self._at_start.setdefault((provider.name, files.external_id), known)
        transcript = provider.read(files, skipped)
        return SessionReading(provider, files, transcript, git_info_of(transcript) or known.git_info, known, skipped)

    def derive_session(self, reading: SessionReading, foreign: Set[int], since: datetime | None = None) -> Derivation:
        """The record, or why there is none. Without a record nothing is to be stored: the session is marked at once."""
        reason = reading.reason_to_keep_row(foreign)
        if reason:
            known = Mark.parse(reading.known.mark).known
            self.state.mark_stored([self._receipt(reading, known, digest(foreign))])
            return reading.result(DerivationOutcome.SKIPPED, reason)
        try:
            record = build_record(reading, foreign, self.prices, with_title=self.with_titles)
        except NoRecordError as error:
            self.state.mark_stored([self._receipt(reading, reading.amount(foreign), digest(foreign))])
            return reading.result(DerivationOutcome.SKIPPED, str(error))
        if since is not None and record.ended_at < since:
            return reading.result(DerivationOutcome.SKIPPED, BEFORE_SINCE)
        return replace(
            reading.result(DerivationOutcome.DERIVED),
            record=record,
            receipt=self._receipt(reading, record.tokens + reading.transcript.exactness, digest(foreign)),
            is_rederived=bool(reading.known.mark) and set(reading.files.all) <= set(reading.known.files),
        )

    def derive_part(self, reading: SessionReading) -> Derivation:
        """The record of a session whose usage counts for another one: only its times remain."""
        empty = replace(reading, transcript=reading.transcript.without_own_content())
        receipt = self._receipt(reading, 0, PART_OF_ANOTHER)
        try:
            record = build_record(empty, set(), self.prices, with_title=False)
        except NoRecordError as error:
            self.state.mark_stored([receipt])
            return empty.result(DerivationOutcome.SKIPPED, str(error))
        return replace(empty.result(DerivationOutcome.DERIVED), record=record, receipt=receipt)

    def _receipt(self, reading: SessionReading, known: int, foreign: str) -> Receipt:
        mark = Mark(self.version(reading.provider), known, foreign)
        session = self.state.session(reading.provider.name, reading.files.external_id) or NEVER_READ
        return Receipt(reading.provider.name, reading.files.external_id, session.files, str(mark))
