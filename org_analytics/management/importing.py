"""One import: sessions derived from transcripts, written in batches, and marked as stored after that."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ..ingest.jsonl import Problem
from ..ingest.records import Derivation, DerivationOutcome, SessionRecord
from ..ingest.state import State
from ..models import CodingSession

BATCH_SIZE = 200
MAX_PROBLEMS = 20
NEW, UPDATED, UNCHANGED, SKIPPED, REFUSED = "new", "updated", "unchanged", "skipped", "refused"
OUTCOMES = (NEW, UPDATED, UNCHANGED, SKIPPED, REFUSED)
_OUTCOMES = {"created": NEW, "updated": UPDATED, "unchanged": UNCHANGED}

Name = tuple[str, str]


@dataclass(slots=True)
class Report:
    """What became of each session by (provider, external id), and of what was skipped."""

    outcomes: dict[Name, str] = field(default_factory=dict)
    reasons: dict[Name, str] = field(default_factory=dict)
    refused: dict[Name, dict[str, list[str]]] = field(default_factory=dict)
    unpriced_models: set[str] = field(default_factory=set)
    skipped_lines: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def counts(self, provider: str) -> Counter[str]:
        """Sessions of a provider by outcome."""
        return Counter(outcome for (name, _session), outcome in self.outcomes.items() if name == provider)


class Import:
    """Writes what is derived to one person's sessions; a dry run writes and takes it back."""

    def __init__(self, user: Any, state: State, *, dry_run: bool) -> None:
        self._user = user
        self._state = state
        self._dry_run = dry_run
        self._waiting: dict[Name, Derivation] = {}
        self.report = Report()

    def run(self, sessions: Iterable[Derivation]) -> None:
        for derived in sessions:
            name = derived.provider, derived.external_id
            if derived.outcome is DerivationOutcome.WITHDRAWN:
                self._waiting.pop(name, None)
                continue
            self._note(name, derived)
            if derived.outcome is DerivationOutcome.DERIVED:
                self._waiting[name] = derived
            if len(self._waiting) >= BATCH_SIZE:
                self._write()
        self._write()

    def _note(self, name: Name, derived: Derivation) -> None:
        self.report.skipped_lines.update(derived.skipped)
        self.report.problems += derived.problems[: MAX_PROBLEMS - len(self.report.problems)]
        if derived.record is not None:
            self.report.unpriced_models.update(derived.record.unpriced_models)
        elif derived.outcome is DerivationOutcome.UNCHANGED:
            self.report.outcomes[name] = UNCHANGED
        else:
            self.report.outcomes[name] = SKIPPED
            self.report.reasons[name] = derived.reason

    def _write(self) -> None:
        """Write the sessions that wait; only then they are stored."""
        waiting, self._waiting = list(self._waiting.values()), {}
        sessions = CodingSession.objects
        with transaction.atomic(using=sessions.write_db):
            rows = [_row(derived.record, self._user) for derived in waiting if derived.record]
            outcomes = sessions.record_many(rows, batch_size=BATCH_SIZE, skip_invalid=True)
            transaction.set_rollback(self._dry_run, using=sessions.write_db)
        receipts = []
        for derived, outcome in zip(waiting, outcomes, strict=True):
            name = derived.provider, derived.external_id
            if isinstance(outcome, ValidationError):
                self.report.outcomes[name] = REFUSED
                self.report.refused[name] = outcome.message_dict
            else:
                self.report.outcomes[name] = _OUTCOMES[outcome]
                receipts.append(derived.receipt)
        self._state.mark_stored(filter(None, receipts))


def _row(record: SessionRecord, user: Any) -> dict[str, Any]:
    """The record as the write door takes it."""
    row = asdict(record)
    del row["unpriced_models"]
    return {**row, "user": user}
