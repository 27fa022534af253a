"""One push: sessions in, requests out, and every answer remembered before the next request goes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from org_analytics.ingest.records import Derivation, DerivationOutcome, SessionRecord
from org_analytics.ingest.state import Receipt, State
from org_analytics.push.acknowledged import Acknowledged, Answer
from org_analytics.push.client import Client, Outcome, TooLarge
from org_analytics.push.rows import Row, Withdrawn, batches, body, row_of, without_title

Item = tuple[Row, Receipt | None]  # a row that is only sent again has no receipt
SessionKey = tuple[str, str]  # provider and external id


@dataclass(slots=True)
class Counts:
    """What became of the sessions of a push; `known` ones were not sent: the server has them as they are."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    known: int = 0
    refused_before: int = 0
    refused: list[tuple[Row, dict[str, list[str]]]] = field(default_factory=list)
    skipped_sessions: Counter[str] = field(default_factory=Counter)
    skipped_lines: Counter[str] = field(default_factory=Counter)
    unpriced_models: set[str] = field(default_factory=set)
    unpriced: set[SessionKey] = field(default_factory=set)  # nothing of the session has a price
    partly_priced: set[SessionKey] = field(default_factory=set)

    def count_prices(self, record: SessionRecord) -> None:
        """Sets, not sums: a session that is derived twice in a push is one session."""
        if record.unpriced_models:
            self.unpriced_models.update(record.unpriced_models)
            sessions = self.unpriced if record.cost_usd is None else self.partly_priced
            sessions.add((record.provider, record.external_id))


class Unsent:
    """The sessions that the server does not have yet as they are now; those that it has are marked in passing."""

    def __init__(self, state: State, acknowledged: Acknowledged, counts: Counts, *, with_titles: bool) -> None:
        self._state = state
        self._acknowledged = acknowledged
        self._counts = counts
        self._with_titles = with_titles

    def of(self, sessions: Iterable[Derivation]) -> Iterator[Item | Withdrawn]:
        for session in sessions:
            if session.outcome is DerivationOutcome.WITHDRAWN:
                yield Withdrawn(session.provider, session.external_id)
                continue
            self._counts.skipped_lines.update(session.skipped)
            if session.record is not None and session.receipt is not None:
                self._counts.count_prices(session.record)
                yield from self._unless_answered(row_of(session.record, with_title=self._with_titles), session.receipt)
            elif session.reason:
                self._counts.skipped_sessions[session.reason] += 1
            else:
                self._counts.known += 1

    def _unless_answered(self, row: Row, receipt: Receipt) -> Iterator[Item]:
        answer = self._acknowledged.answer_to(row)
        if answer is None:
            yield row, receipt
        elif answer is Answer.REFUSED:
            self._counts.refused_before += 1
        else:
            self._counts.known += 1
            self._state.mark_stored([receipt])


def again(acknowledged: Acknowledged, *, with_titles: bool) -> Iterator[Item]:
    """The sessions that the server had, for one that has lost them; also those whose transcripts are gone."""
    for row in acknowledged.stored():
        yield (row if with_titles else without_title(row)), None


def requests(unsent: Iterable[Item | Withdrawn]) -> Iterator[bytes]:
    """What a push would send: the very bytes, one request after the other."""
    for batch in batches(unsent):
        yield body(row for row, _ in batch)


class Sender:
    """Sends batches and keeps the answers."""

    def __init__(self, client: Client, state: State, acknowledged: Acknowledged, counts: Counts) -> None:
        self._client = client
        self._state = state
        self._acknowledged = acknowledged
        self._counts = counts

    def send(self, unsent: Iterable[Item | Withdrawn]) -> None:
        for batch in batches(unsent):
            self._send_batch(batch)

    def _send_batch(self, batch: list[Item]) -> None:
        """Halved where a server, or a proxy before it, has a smaller limit than the protocol."""
        try:
            outcomes = self._client.send(body(row for row, _ in batch), len(batch))
        except TooLarge as error:
            if len(batch) == 1:
                # Not kept as refused: the limit may be raised, and the session is tried again.
                self._counts.refused.append((batch[0][0], {"request": [str(error)]}))
                return
            middle = len(batch) // 2
            self._send_batch(batch[:middle])
            self._send_batch(batch[middle:])
            return
        self._keep(batch, outcomes)

    def _keep(self, batch: list[Item], outcomes: list[Outcome]) -> None:
        answered = [(row, receipt, outcome) for (row, receipt), outcome in zip(batch, outcomes, strict=True)]
        self._acknowledged.keep((row, _answer(outcome)) for row, _, outcome in answered)
        # A refused session is not stored: its answer keeps it from being sent again, not a mark.
        self._state.mark_stored(
            receipt for _, receipt, outcome in answered if receipt and _answer(outcome) is Answer.STORED
        )
        for row, _, outcome in answered:
            self._count(row, outcome)

    def _count(self, row: Row, outcome: Outcome) -> None:
        match outcome.status:
            case "created":
                self._counts.created += 1
            case "updated":
                self._counts.updated += 1
            case "unchanged":
                self._counts.unchanged += 1
            case _:
                self._counts.refused.append((row, outcome.errors))


def _answer(outcome: Outcome) -> Answer:
    return Answer.REFUSED if outcome.status == "invalid" else Answer.STORED
