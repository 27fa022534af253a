"""One push: sessions in, requests out, and every answer remembered before the next request goes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from org_analytics.ingest.records import SessionRecord
from org_analytics.ingest.state import Receipt, State
from org_analytics.push.acknowledged import Acknowledged
from org_analytics.push.client import Client, Outcome, TooLarge
from org_analytics.push.rows import Row, batches, body, row

Batch = list[tuple[Row, Receipt]]


@dataclass(slots=True)
class Counts:
    """What became of the sessions of a push."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused_before: int = 0
    refused: list[tuple[Row, dict[str, list[str]]]] = field(default_factory=list)
    unpriced_models: set[str] = field(default_factory=set)


class Unsent:
    """The sessions that the server does not have yet as they are now; the others are marked as stored in passing."""

    def __init__(self, state: State, acknowledged: Acknowledged, counts: Counts, *, with_titles: bool) -> None:
        self._state = state
        self._acknowledged = acknowledged
        self._counts = counts
        self._with_titles = with_titles

    def of(self, derived: Iterable[tuple[SessionRecord, Receipt]]) -> Iterator[tuple[Row, Receipt]]:
        for record, receipt in derived:
            self._counts.unpriced_models.update(record.unpriced_models)
            candidate = row(record, with_title=self._with_titles)
            answer = self._acknowledged.answer_to(candidate)
            if answer is None:
                yield candidate, receipt
                continue
            self._state.mark_stored([receipt])
            if answer.is_refused:
                self._counts.refused_before += 1
            else:
                self._counts.unchanged += 1


def requests(unsent: Iterable[tuple[Row, Receipt]]) -> Iterator[bytes]:
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

    def send(self, unsent: Iterable[tuple[Row, Receipt]]) -> None:
        for batch in batches(unsent):
            self._send_batch(batch)

    def _send_batch(self, batch: Batch) -> None:
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

    def _keep(self, batch: Batch, outcomes: list[Outcome]) -> None:
        answered = [(row, outcome) for (row, _), outcome in zip(batch, outcomes, strict=True)]
        self._acknowledged.keep((row, outcome.status == "invalid") for row, outcome in answered)
        self._state.mark_stored([receipt for _, receipt in batch])
        for row, outcome in answered:
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
