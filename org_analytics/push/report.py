"""Text about a push for the person at the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from .outbox import PushCounts

MAX_SHOWN = 20  # refused sessions that are named


def summary(server: str, counts: PushCounts) -> Iterator[str]:
    """Yield lines about what happened to the sessions, and none about what did not happen."""
    yield f"{server}: {counts.created} new, {counts.updated} updated, {counts.unchanged + counts.known} unchanged."
    if counts.refused_before:
        yield f"{count_sessions(counts.refused_before)} not sent: refused by an earlier push and unchanged since."
    if counts.rederived:
        before, after = (sum(costs) for costs in zip(*counts.rederived.values(), strict=True))
        yield (
            f"Changed by a new version of the program or its prices: {count_sessions(len(counts.rederived))},"
            f" cost {before:,.2f} USD before, {after:,.2f} USD now."
        )
    for reason, number in sorted(counts.skipped_sessions.items()):
        yield f"{count_sessions(number)} skipped: {reason}."
    for (provider, kind), number in sorted(counts.files.refused.items()):
        yield f"{provider}: {number} {'file' if number == 1 else 'files'} not read: {kind}."
    if counts.skipped_lines:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.skipped_lines.items()))
        yield f"Lines skipped: {kinds}."
    if counts.unpriced_models:
        yield f"No price is known for {', '.join(sorted(counts.unpriced_models))}: {_without_price(counts)}."


def refusals(counts: PushCounts) -> Iterator[str]:
    """Yield lines that name the sessions that the server refused, with field and message."""
    for row, errors in counts.refused[:MAX_SHOWN]:
        reasons = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()) or "no reason given"
        yield f"Refused: {row.provider} {row.external_id}: {reasons}"
    if len(counts.refused) > MAX_SHOWN:
        yield f"Refused: {len(counts.refused) - MAX_SHOWN} more sessions."


def count_sessions(number: int) -> str:
    """Return `1 session` or `2 sessions`."""
    return "1 session" if number == 1 else f"{number} sessions"


def _without_price(counts: PushCounts) -> str:
    unpriced, partly = len(counts.unpriced), len(counts.partly_priced)
    parts = [f"{count_sessions(unpriced)} unpriced"] if unpriced else []
    return ", ".join([*parts, f"{count_sessions(partly)} priced only in part"] if partly else parts)


def unpriced_lines(models: Mapping[str, int]) -> Iterator[str]:
    """Yield the models without a price, each with its number of sessions."""
    if not models:
        yield "Every model in the transcripts on this machine has a price."
        return
    yield "Models without a price, and the number of sessions that use them:"
    for model, number in sorted(models.items()):
        yield f"  {model}: {count_sessions(number)}"
    yield "An administrator can add prices with the server's setting ORG_ANALYTICS_PRICES."


def status_lines(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the output of `org-analytics status`."""
    yield f"Server:           {values['server']}"
    if values["account"] is None:
        yield 'Account:          no token configured. Run "org-analytics login".'
    else:
        yield f"Account:          token {values['account']} (a fingerprint, not the token) from {values['token_from']}"
    yield f"Last success:     {values['last_success'] or 'none yet'}"
    if values["last_failure"]:
        yield f"Last failure:     {values['last_failure']}: {values['failure']}"
    if values["failing_since"]:
        yield f"Failing since:    {values['failing_since']}"
    if values["account"] is not None:
        waiting = values["sessions_waiting"]
        yield f"Sessions waiting: {'unknown while a push is running' if waiting is None else waiting}"
