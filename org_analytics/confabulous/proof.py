"""Compare the last 30 days: what the page there says of each user, and what ours says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from ..models import CodingSession, ConfabulousSession
from ..money import round_cents
from ..reporting.snapshots import snapshot_on
from .costs import amount
from .mapping import TRANSCRIPT
from .reading import Reader
from .report import BridgeReport, Settings
from .schema import CLOCK, CONVERSATION, FLAT_TOKENS, TOKENS
from .users import Users

PERIOD = timedelta(days=30)
CELLS = ("sessions", "cost_usd", "duration_ms", "assistant_ms", "user_ms")
# The page's own rule: sessions of active users with both cards, by the instant of their upload.
_THEIRS = """
    SELECT u.id, u.email, s.id, {cost}, COALESCE(d.duration_ms, 0),
        COALESCE(c.total_assistant_duration_ms, 0), COALESCE(c.total_user_duration_ms, 0)
    FROM users u
    LEFT JOIN (
        sessions s
        JOIN {tokens} t ON t.session_id = s.id
        JOIN {conversation} c ON c.session_id = s.id
        LEFT JOIN {clock} d ON d.session_id = s.id
    ) ON s.user_id = u.id
        AND s.first_seen AT TIME ZONE %(zone)s >= %(start)s AND s.first_seen AT TIME ZONE %(zone)s < %(end)s
    WHERE u.status = 'active'
"""


@dataclass(slots=True)
class Cells:
    """The numbers of one user."""

    sessions: int = 0
    cost_usd: Decimal = Decimal(0)
    duration_ms: int = 0
    assistant_ms: int = 0
    user_ms: int = 0

    def add(self, cost: str | None, *milliseconds: int) -> None:
        """Count a session there."""
        duration, assistant, user = milliseconds
        self.sessions += 1
        self.cost_usd += amount(cost) or 0
        self.duration_ms += duration
        self.assistant_ms += assistant
        self.user_ms += user


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that is not the same there and here."""

    email: str
    cell: str
    theirs: object
    ours: object
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison: how many numbers there are, and those that differ."""

    users: int
    differences: tuple[Difference, ...]

    @property
    def cells(self) -> int:
        return self.users * len(CELLS)


@dataclass(slots=True)
class _User:
    """A user there: the numbers of the page, and why ours may differ."""

    email: str
    numbers: Cells = field(default_factory=Cells)
    reasons: set[str] = field(default_factory=set)


def prove(reader: Reader, users: Users, settings: Settings, report: BridgeReport, now: datetime) -> Proof:
    """Compare the 30 days before `now`. Users whose addresses differ in case only are one user."""
    start = now - PERIOD
    theirs = _theirs(_rows(reader, start, now), users, report)
    ours, others = _ours(start, now)
    differences = [
        Difference(user.email, cell, one, other, _reasons(user.reasons, settings, others.get(key, 0)))
        for key, user in sorted(theirs.items(), key=lambda item: item[1].email)
        for cell, one, other in _different(user.numbers, ours.get(key, Cells()))
    ]
    return Proof(len(theirs), tuple(differences))


def _theirs(rows: Iterable[tuple[Any, ...]], users: Users, report: BridgeReport) -> dict[Any, _User]:
    """The users there by our primary keys; those that we do not have by a pair that is no key of ours."""
    found: dict[Any, _User] = {}
    for source_user, email, session, *values in rows:
        user, reason = users.known(source_user, email)
        key = user.pk if user is not None else ("there", source_user)
        entry = found.setdefault(key, _User(email))
        entry.reasons.update(report.doubts.get(source_user, ()), filter(None, [reason]))
        if session is not None:
            entry.numbers.add(*values)
    return found


def _rows(reader: Reader, start: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    is_full = reader.schema.is_full
    query = _THEIRS.format(
        cost="t.data->>'total_cost_usd'" if is_full else "t.estimated_cost_usd::text",
        tokens=TOKENS if is_full else FLAT_TOKENS,
        conversation=CONVERSATION,
        clock=CLOCK,
    )
    with reader.source.cursor(name="org_analytics_proof") as cursor:
        cursor.execute(query.encode(), {"zone": reader.zone, "start": start, "end": end})
        yield from cursor


def _ours(start: datetime, end: datetime) -> tuple[dict[Any, Cells], dict[Any, int]]:
    """The numbers of our users, and how many of their sessions are not the bridge's, by primary key."""
    using = CodingSession.objects.write_db
    with snapshot_on(using):
        sessions: Any = CodingSession.objects.using(using)
        counted = sessions.analyzed().started_between(start, end)
        sums = {
            user: Cells(count, cost or Decimal(0), *(milliseconds or 0 for milliseconds in times))
            for user, count, cost, *times in counted.values("user")
            .annotate(count=Count("pk"), **{f"sum_{name}": Sum(name) for name in CELLS[1:]})
            .values_list("user", "count", *(f"sum_{name}" for name in CELLS[1:]))
        }
        links = ConfabulousSession.objects.using(using).values("session")
        others = dict(
            counted.exclude(pk__in=links).values("user").annotate(count=Count("pk")).values_list("user", "count")
        )
    return sums, others


def _different(theirs: Cells, ours: Cells) -> Iterator[tuple[str, object, object]]:
    for cell in CELLS:
        one, other = getattr(theirs, cell), getattr(ours, cell)
        if isinstance(one, Decimal):
            one, other = round_cents(one), round_cents(other)
        if one != other:
            yield cell, one, other


def _reasons(known: set[str], settings: Settings, others: int) -> tuple[str, ...]:
    reasons = sorted(known)
    if others:
        reasons.append(f"sessions of ours that this command did not write: {others}")
    if settings.started_at == TRANSCRIPT:
        reasons.append("sessions start at another instant here (--started-at transcript)")
    return tuple(reasons) or ("unknown",)
