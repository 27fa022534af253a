"""A session's files, read; and what is said of the session, given which of its lines are another's."""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime

from .lines import Skipped
from .ownership import digest
from .pricing import Prices
from .records import Derived, Outcome
from .sessions import NoRecord, derive_record, git_info
from .sources import Provider, SessionFiles
from .state import GitInfo, KeptSession, Receipt, State
from .transcripts import Transcript

BEFORE_SINCE = "ended before the date asked for"
NOT_KEPT = KeptSession((), "")


@dataclass(frozen=True, slots=True)
class Reading:
    provider: Provider
    files: SessionFiles
    transcript: Transcript
    git_info: GitInfo | None
    skipped: Skipped

    def said(self, outcome: Outcome, reason: str = "") -> Derived:
        return Derived(
            self.provider.name,
            self.files.external_id,
            outcome,
            reason=reason,
            skipped=dict(self.skipped.counts),
            problems=tuple(self.skipped.problems),
            bytes_read=sum(file.size for file in self.files.all),
        )


@dataclass(frozen=True, slots=True)
class Deriver:
    """Reads and derives all sessions of a run with the same prices and options."""

    state: State
    prices: Prices
    with_titles: bool

    def version(self, provider: Provider) -> str:
        """What a mark begins with; behind it stands which keys were another session's."""
        return f"{provider.parser_version} {self.prices.version}{' titles' if self.with_titles else ''}:"

    def read(self, provider: Provider, files: SessionFiles) -> Reading:
        skipped = Skipped()
        transcript = provider.read(files, skipped)
        kept = self.state.session(provider.name, files.external_id) or NOT_KEPT
        return Reading(provider, files, transcript, git_info(transcript) or kept.git_info, skipped)

    def derived(self, reading: Reading, foreign: Set[int], since: datetime | None = None) -> Derived:
        """The record, or why there is none; without one there is nothing to store, so it is marked at once."""
        provider, session = reading.provider, reading.files.external_id
        kept = self.state.session(provider.name, session) or NOT_KEPT
        receipt = Receipt(provider.name, session, kept.files, self.version(provider) + digest(foreign))
        try:
            record = derive_record(
                provider,
                session,
                reading.transcript,
                reading.git_info,
                foreign,
                self.prices,
                with_title=self.with_titles,
            )
        except NoRecord as error:
            self.state.mark_stored([receipt])
            return reading.said(Outcome.SKIPPED, str(error))
        if since is not None and record.ended_at < since:
            return reading.said(Outcome.SKIPPED, BEFORE_SINCE)
        return replace(reading.said(Outcome.DERIVED), record=record, receipt=receipt)
