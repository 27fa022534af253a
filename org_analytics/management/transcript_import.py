"""Writes the sessions that are derived from transcripts in batches, and marks them as stored after that."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from ..ingest.jsonl import Problem
from ..ingest.records import Derivation, DerivationOutcome, SessionRecord
from ..ingest.state import State
from ..models import CodingSession

BATCH_SIZE = 200
MAX_PROBLEMS = 20
NEW, UPDATED, UNCHANGED, SKIPPED, REFUSED = "new", "updated", "unchanged", "skipped", "refused"
OUTCOMES = (NEW, UPDATED, UNCHANGED, SKIPPED, REFUSED)
_OUTCOMES = {"created": NEW, "updated": UPDATED, "unchanged": UNCHANGED}

SessionName = tuple[str, str]  # provider and external id


@dataclass(slots=True)
class RederivedSessions:
    """The sessions whose files are as before but whose numbers another version of parser or prices has changed."""

    count: int = 0
    cost_before: Decimal = Decimal(0)
    cost_after: Decimal = Decimal(0)


@dataclass(slots=True)
class ImportReport:
    """The outcome of each session by (provider, external id), and what was skipped."""

    outcomes: dict[SessionName, str] = field(default_factory=dict)
    reasons: dict[SessionName, str] = field(default_factory=dict)
    refused: dict[SessionName, dict[str, list[str]]] = field(default_factory=dict)
    unpriced_models: set[str] = field(default_factory=set)
    skipped_lines: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    rederived: RederivedSessions = field(default_factory=RederivedSessions)

    def counts(self, provider: str) -> Counter[str]:
        """Sessions of a provider by outcome."""
        return Counter(outcome for (name, _session), outcome in self.outcomes.items() if name == provider)


class TranscriptImport:
    """Writes derived sessions to one person's sessions. A dry run rolls every batch back."""

    def __init__(self, user: Any, state: State, *, dry_run: bool) -> None:
        self._user = user
        self._state = state
        self._dry_run = dry_run
        self._waiting: dict[SessionName, Derivation] = {}
        self.report = ImportReport()

    def run(self, sessions: Iterable[Derivation]) -> None:
        for derivation in sessions:
            name = derivation.provider, derivation.external_id
            if derivation.outcome is DerivationOutcome.WITHDRAWN:
                self._waiting.pop(name, None)
                continue
            self._note(name, derivation)
            if derivation.outcome is DerivationOutcome.DERIVED:
                self._waiting[name] = derivation
            if len(self._waiting) >= BATCH_SIZE:
                self._write()
        self._write()

    def _note(self, name: SessionName, derivation: Derivation) -> None:
        self.report.skipped_lines.update(derivation.skipped)
        self.report.problems += derivation.problems[: MAX_PROBLEMS - len(self.report.problems)]
        if derivation.record is not None:
            self.report.unpriced_models.update(derivation.record.unpriced_models)
        elif derivation.outcome is DerivationOutcome.UNCHANGED:
            self.report.outcomes[name] = UNCHANGED
        else:
            self.report.outcomes[name] = SKIPPED
            self.report.reasons[name] = derivation.reason

    def _write(self) -> None:
        """Writes the sessions that wait, and marks them as stored."""
        waiting, self._waiting = list(self._waiting.values()), {}
        sessions = CodingSession.objects
        with transaction.atomic(using=sessions.write_db):
            costs = self._stored_costs(waiting)
            rows = [_row(derivation.record, self._user) for derivation in waiting if derivation.record]
            outcomes = sessions.record_many(rows, batch_size=BATCH_SIZE, skip_invalid=True)
            transaction.set_rollback(self._dry_run, using=sessions.write_db)
        receipts = []
        for derivation, outcome in zip(waiting, outcomes, strict=True):
            name = derivation.provider, derivation.external_id
            if isinstance(outcome, ValidationError):
                self.report.outcomes[name] = REFUSED
                self.report.refused[name] = outcome.message_dict
                continue
            self.report.outcomes[name] = _OUTCOMES[outcome]
            receipts.append(derivation.receipt)
            if derivation.is_rederived and outcome == "updated":
                self._count_rederived(derivation, costs.get(name))
        self._state.mark_stored(filter(None, receipts))

    def _stored_costs(self, waiting: Iterable[Derivation]) -> dict[SessionName, Decimal | None]:
        """The stored cost of the sessions that only a new version of parser or prices may change."""
        names = [(each.provider, each.external_id) for each in waiting if each.is_rederived]
        if not names:
            return {}
        conditions = Q.create([Q(provider=name, external_id=session) for name, session in names], connector=Q.OR)
        stored = CodingSession.objects.using(CodingSession.objects.write_db).filter(conditions, user=self._user)
        return {
            (name, session): cost for name, session, cost in stored.values_list("provider", "external_id", "cost_usd")
        }

    def _count_rederived(self, derivation: Derivation, cost_before: Decimal | None) -> None:
        rederived = self.report.rederived
        rederived.count += 1
        rederived.cost_before += cost_before or 0
        rederived.cost_after += (derivation.record and derivation.record.cost_usd) or 0


def _row(record: SessionRecord, user: Any) -> dict[str, Any]:
    """The record as the write API takes it."""
    row = asdict(record)
    del row["unpriced_models"]
    return {**row, "user": user}
