"""What a push tells the person at the terminal."""

import sys
from collections.abc import Iterator

from org_analytics.push.pushing import Counts

MAX_SHOWN = 20  # refused sessions that are named


def summary(server: str, counts: Counts) -> Iterator[str]:
    """Lines about what became of the sessions; none about what did not happen."""
    yield f"{server}: {counts.created} new, {counts.updated} updated, {counts.unchanged + counts.known} unchanged."
    if counts.refused_before:
        yield f"{_sessions(counts.refused_before)} refused by an earlier push and unchanged since: not sent."
    for reason, number in sorted(counts.skipped_sessions.items()):
        yield f"{_sessions(number)} skipped: {reason}."
    if counts.skipped_lines:
        yield (
            "Lines skipped: "
            + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.skipped_lines.items()))
            + "."
        )
    if counts.unpriced_models:
        yield f"No price is known for {', '.join(sorted(counts.unpriced_models))}: {_without_price(counts)}."


def refusals(counts: Counts) -> Iterator[str]:
    """Lines about the sessions that the server refused: which, by field and message."""
    for row, errors in counts.refused[:MAX_SHOWN]:
        reasons = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()) or "no reason given"
        yield f"Refused: {row.provider} {row.external_id}: {reasons}"
    if len(counts.refused) > MAX_SHOWN:
        yield f"Refused: {_sessions(len(counts.refused) - MAX_SHOWN)} more."


def _without_price(counts: Counts) -> str:
    unpriced, partly = len(counts.unpriced), len(counts.partly_priced)
    parts = [f"{_sessions(unpriced)} unpriced"] if unpriced else []
    return ", ".join([*parts, f"{_sessions(partly)} priced only in part"] if partly else parts)


def _sessions(number: int) -> str:
    return "1 session" if number == 1 else f"{number} sessions"


class Progress:
    """The share of bytes read, on one line of a terminal that is gone at the end."""

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        if percent != self._shown:
            self._shown = percent
            text = f"Reading transcripts: {percent} %" if percent < 100 else ""
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
