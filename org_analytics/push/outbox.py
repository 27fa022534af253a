"""One push: sessions in, requests out; every answer is saved before the next request is sent."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ..ingest.files import FileReport
from ..ingest.records import Derivation, DerivationOutcome, SessionRecord
from ..ingest.state import Receipt, State
from .client import Client, ServerOutcome, TooLargeError
from .payload import PayloadRow, Withdrawn, batches, cost_of, payload_row, request_body, without_title
from .state import Answer, AnswerLog

QueuedRow = tuple[PayloadRow, Receipt | None]  # a row that is only sent again has no receipt
SessionKey = tuple[str, str]  # provider and external id


@dataclass(slots=True)
class PushCounts:
    """Results of a push by session; `known` sessions were not sent because the server already has them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    known: int = 0
    refused_before: int = 0
    refused: list[tuple[PayloadRow, dict[str, list[str]]]] = field(default_factory=list)
    skipped_sessions: Counter[str] = field(default_factory=Counter)
    skipped_lines: Counter[str] = field(default_factory=Counter)
    unpriced_models: set[str] = field(default_factory=set)
    unpriced: set[SessionKey] = field(default_factory=set)  # sessions without any price
    partly_priced: set[SessionKey] = field(default_factory=set)
    rederived: dict[SessionKey, tuple[Decimal, Decimal]] = field(default_factory=dict)  # cost before and after
    files: FileReport = field(default_factory=FileReport)

    def count_prices(self, record: SessionRecord) -> None:
        """Add to sets, not to sums: a session that is derived twice in one push counts once."""
        if record.unpriced_models:
            self.unpriced_models.update(record.unpriced_models)
            sessions = self.unpriced if record.cost_usd is None else self.partly_priced
            sessions.add((record.provider, record.external_id))


class Outbox:
    """Selects the sessions that the server does not have in their current form; marks the others as stored."""

    def __init__(self, state: State, answers: AnswerLog, counts: PushCounts, *, with_titles: bool) -> None:
        self._state = state
        self._answers = answers
        self._counts = counts
        self._with_titles = with_titles

    def pending_from(self, sessions: Iterable[Derivation]) -> Iterator[QueuedRow | Withdrawn]:
        """Yield the rows to send, in order, while the sessions are being derived."""
        for session in sessions:
            if session.outcome is DerivationOutcome.WITHDRAWN:
                yield Withdrawn(session.provider, session.external_id)
                continue
            self._counts.skipped_lines.update(session.skipped)
            if session.record is not None and session.receipt is not None:
                self._counts.count_prices(session.record)
                row = payload_row(session.record, with_title=self._with_titles)
                if session.is_rederived:
                    self._count_rederived(row)
                yield from self._unless_answered(row, session.receipt)
            elif session.reason:
                self._counts.skipped_sessions[session.reason] += 1
            else:
                self._counts.known += 1

    def resend_all(self) -> Iterator[QueuedRow]:
        """Yield every row that the server had, for a server that has lost data; also without their transcripts."""
        for row in self._answers.stored_rows():
            yield (row if self._with_titles else without_title(row)), None

    def _count_rederived(self, row: PayloadRow) -> None:
        """Compare a session whose files are unchanged with the row that an older version of the program has sent."""
        before = self._answers.stored_row(row.provider, row.external_id)
        if before is not None and before != row:
            self._counts.rederived[row.provider, row.external_id] = cost_of(before), cost_of(row)

    def _unless_answered(self, row: PayloadRow, receipt: Receipt) -> Iterator[QueuedRow]:
        answer = self._answers.answer_to(row)
        if answer is None:
            yield row, receipt
        elif answer is Answer.STORED:
            self._counts.known += 1
            self._state.mark_stored([receipt])
        else:
            self._counts.refused_before += 1


def requests(pending: Iterable[QueuedRow | Withdrawn]) -> Iterator[bytes]:
    """Yield the exact bytes of each request that a push would send."""
    for batch in batches(pending):
        yield request_body(row for row, _ in batch)


class Sender:
    """Sends batches and saves the answers."""

    def __init__(self, client: Client, state: State, answers: AnswerLog, counts: PushCounts) -> None:
        self._client = client
        self._state = state
        self._answers = answers
        self._counts = counts

    def send(self, pending: Iterable[QueuedRow | Withdrawn]) -> int:
        """Send all rows; return the number of requests that the server has answered."""
        return sum(self._send_batch(batch) for batch in batches(pending))

    def _send_batch(self, batch: list[QueuedRow]) -> int:
        """Send the batch, in halves if the server, or a proxy in front of it, has a smaller limit than the protocol."""
        try:
            outcomes = self._client.send(request_body(row for row, _ in batch), len(batch))
        except TooLargeError as error:
            if len(batch) == 1:
                # Not saved as refused: the limit may be raised, so the next push tries the session again.
                self._counts.refused.append((batch[0][0], {"request": [str(error)]}))
                return 0
            middle = len(batch) // 2
            return self._send_batch(batch[:middle]) + self._send_batch(batch[middle:])
        self._save(batch, outcomes)
        return 1

    def _save(self, batch: list[QueuedRow], outcomes: list[ServerOutcome]) -> None:
        answered = [(row, receipt, outcome) for (row, receipt), outcome in zip(batch, outcomes, strict=True)]
        self._answers.record((row, _answer(outcome)) for row, _, outcome in answered)
        # A refused session is not marked as stored: its saved answer is what prevents it from being sent again.
        self._state.mark_stored(receipt for _, receipt, outcome in answered if receipt and not outcome.is_refusal)
        for row, _, outcome in answered:
            self._count(row, outcome)

    def _count(self, row: PayloadRow, outcome: ServerOutcome) -> None:
        match outcome.status:
            case "created":
                self._counts.created += 1
            case "updated":
                self._counts.updated += 1
            case "unchanged":
                self._counts.unchanged += 1
            case _:
                self._counts.refused.append((row, outcome.errors))


def _answer(outcome: ServerOutcome) -> Answer:
    if not outcome.is_refusal:
        return Answer.STORED
    # The server limits the new repositories of a person and day: the same row may be accepted tomorrow.
    return Answer.REFUSED_THAT_DAY if "git_info" in outcome.errors else Answer.REFUSED
