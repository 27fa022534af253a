"""The lines that tell what a run did."""

from collections.abc import Iterator

from .proof import Proof
from .report import OUTCOMES, BridgeReport

MAX_LINES = 20


def summary(report: BridgeReport, dry_run: bool) -> Iterator[str]:
    """The counts by outcome and reason, what was taken as unknown, and the twins by name."""
    counts = ", ".join(f"{report.outcomes[outcome]} {outcome}" for outcome in OUTCOMES)
    yield f"{'Dry run, nothing is written: ' if dry_run else ''}{counts}."
    for (outcome, reason), count in sorted(report.reasons.items()):
        yield f"  {outcome}: {count}, {reason}"
    if report.notes:
        yield "Taken as unknown or set aside, in the sessions read:"
        yield from (f"  {count}: {note}" for note, count in sorted(report.notes.items()))
    if report.twins:
        yield "Sessions there that are one session here (taken, left out):"
        yield from (f"  {taken}, {left}" for taken, left in report.twins[:MAX_LINES])
        yield from _more(len(report.twins))
    if report.users_made:
        yield f"Users made: {len(report.users_made)}."
    if report.pruned or report.given_up:
        yield f"Gone there: {report.pruned} removed, {report.given_up} kept because others wrote them since."


def proof_lines(proof: Proof) -> Iterator[str]:
    """The result of the comparison, and each number that differs."""
    equal = proof.cells - len(proof.differences)
    yield (
        f"Last 30 days, their page and ours: {equal} of {proof.cells} numbers of {proof.users} active users are equal."
    )
    for difference in proof.differences[:MAX_LINES]:
        reasons = "; ".join(difference.reasons)
        yield (
            f"  {difference.email}, {difference.cell}: {difference.theirs} there, {difference.ours} here ({reasons})"
        )
    yield from _more(len(proof.differences))


def _more(count: int) -> Iterator[str]:
    if count > MAX_LINES:
        yield f"  and {count - MAX_LINES} more"
