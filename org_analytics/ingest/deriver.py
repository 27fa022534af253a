"""Reads the files of a session and derives its record, given which of its lines another session owns."""

import os
from collections.abc import Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from .jsonl import SkippedLines
from .ownership import digest
from .pricing import Prices
from .protocol import SessionFiles, TranscriptProvider
from .records import Derivation, DerivationOutcome
from .session_record import NoRecordError, build_record, git_info_of
from .state import GitInfo, KnownSession, Receipt, State
from .transcript import Transcript

BEFORE_SINCE = "ended before the date given"
FILES_GONE = "part of its transcript no longer exists; its stored numbers were kept"
NEVER_READ = KnownSession((), "")


class Mark(NamedTuple):
    """What the mark of a stored session consists of: versions, tokens counted, and a digest of the foreign keys."""

    version: str
    tokens: int
    foreign: str

    def __str__(self) -> str:
        return f"{self.version}:{self.tokens}:{self.foreign}"

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

    def is_worse(self, foreign: Set[int] = frozenset()) -> bool:
        """Whether a file that was read before is gone, and with it tokens that the stored row counts."""
        names = {_file_name(file.path) for file in self.files.all}
        is_complete = all(_file_name(file.path) in names for file in self.known.files)
        return not is_complete and self.transcript.tokens(foreign) < Mark.parse(self.known.mark).tokens


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
        if reading.is_worse(foreign):
            self.state.mark_stored([self._receipt(reading, Mark.parse(reading.known.mark).tokens, foreign)])
            return reading.result(DerivationOutcome.SKIPPED, FILES_GONE)
        tokens = reading.transcript.tokens(foreign)
        try:
            record = build_record(reading, foreign, self.prices, with_title=self.with_titles)
        except NoRecordError as error:
            self.state.mark_stored([self._receipt(reading, tokens, foreign)])
            return reading.result(DerivationOutcome.SKIPPED, str(error))
        if since is not None and record.ended_at < since:
            return reading.result(DerivationOutcome.SKIPPED, BEFORE_SINCE)
        return replace(
            reading.result(DerivationOutcome.DERIVED),
            record=record,
            receipt=self._receipt(reading, tokens, foreign),
            is_rederived=bool(reading.known.mark) and set(reading.files.all) <= set(reading.known.files),
        )

    def _receipt(self, reading: SessionReading, tokens: int, foreign: Set[int]) -> Receipt:
        mark = Mark(self.version(reading.provider), tokens, digest(foreign))
        session = self.state.session(reading.provider.name, reading.files.external_id) or NEVER_READ
        return Receipt(reading.provider.name, reading.files.external_id, session.files, str(mark))


def _file_name(path: str) -> str:
    """The name that a file keeps when it is moved or compressed."""
    return os.path.basename(path).removesuffix(".zst")
