"""Sums out of the database, per user, or per day and provider. What a question makes of them is elsewhere.

Whole days come from the daily roll-up, as it is cut; what a range has before and after them comes from the sessions,
through their index. Both in one statement, so that nothing is counted twice or missed while somebody writes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import compress
from operator import attrgetter
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Max, Q, QuerySet

from .conf import app_settings
from .fields import from_nanos
from .filters import Selection
from .models import CodingSession
from .parts import LONGEST_DAY, SUMS_OF_DAYS, SUMS_OF_SESSIONS, Parts, repo_rule
from .reading import snapshot
from .rows import Provider
from .triggers import NANOS

_COUNTED, _PENDING = 0, 1
_PROVIDERS = tuple(Provider.values)  # which is computed each time it is asked for
_HAS_PROVIDER = [
    f"max(CASE WHEN provider = '{name}' AND sum_session_count > 0 THEN 1 ELSE 0 END)" for name in _PROVIDERS
]
_FLAGS = len(_HAS_PROVIDER)
_ANALYZED = Q(analyzed_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Counted sessions and exact sums; each `…_count` says for how many sessions that value is known."""

    session_count: int = 0
    unpriced_count: int = 0
    cost_nanos: int = 0
    cost_count: int = 0
    duration_ms: int = 0
    duration_count: int = 0
    assistant_ms: int = 0
    assistant_count: int = 0
    user_ms: int = 0
    user_count: int = 0

    @classmethod
    def total(cls, usages: Iterable["Usage"]) -> "Usage":
        """Their sum, column by column: many times quicker than one after the other."""
        return cls(*map(sum, zip(*map(_COLUMNS, usages), strict=True)))

    @property
    def cost_usd(self) -> Decimal:
        return from_nanos(self.cost_nanos)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.session_count + other.session_count,
            self.unpriced_count + other.unpriced_count,
            self.cost_nanos + other.cost_nanos,
            self.cost_count + other.cost_count,
            self.duration_ms + other.duration_ms,
            self.duration_count + other.duration_count,
            self.assistant_ms + other.assistant_ms,
            self.assistant_count + other.assistant_count,
            self.user_ms + other.user_ms,
            self.user_count + other.user_count,
        )


_COLUMNS = attrgetter(*(field.name for field in fields(Usage)))


@dataclass(frozen=True, slots=True)
class UserGroup:
    """What one user did with the selected providers; `providers`: those with counted sessions, selected or not.

    The last counted session started on the day, or part of one, that began at `latest_from`.
    """

    user_id: Any
    usage: Usage
    pending_count: int
    latest_from: datetime | None
    providers: frozenset[str]


@dataclass(frozen=True, slots=True)
class DayGroup:
    """What was done with one provider on one day of the reporting zone."""

    day: date
    provider: str
    usage: Usage


def by_user(selection: Selection) -> list[UserGroup]:
    """Per user, members or not: who is there is to be told."""
    with snapshot() as using:
        parts = Parts(selection, using)
        days, sessions = parts.days.values("user_id", "provider"), parts.sessions.annotate(part=parts.day)
        counted_day = Max("day", filter=Q(session_count__gt=0))
        rows = parts.united(
            lambda: days.annotate(latest=counted_day, **SUMS_OF_DAYS),
            lambda: sessions.values("user_id", "provider").annotate(
                latest=Max("part", filter=_ANALYZED), **SUMS_OF_SESSIONS
            ),
            ("user_id", "provider", "latest", *SUMS_OF_DAYS),
        )
        pk = get_user_model()._meta.pk
        return [
            UserGroup(
                user_id=pk.to_python(user),
                usage=_usage(sums[_FLAGS:]),
                pending_count=sums[_FLAGS + _PENDING],
                latest_from=parts.start_of(latest),
                providers=_providers(*sums[:_FLAGS]),
            )
            for user, latest, *sums in _per_user(rows, selection.providers, using)
        ]


def _per_user(rows: Any, providers: tuple[str, ...], using: str) -> list[tuple[Any, ...]]:
    """(user, latest day, a flag for each provider that has counted sessions, sums of the selected ones…) of each user.

    Rows come by user and provider; adding them up here would be to build four times as many objects.
    """
    try:
        inner, parameters = rows.query.get_compiler(using=using).as_sql()
    except EmptyResultSet:
        return []
    selected = f"FILTER (WHERE provider IN ({', '.join(['%s'] * len(providers))}))" if providers else ""
    sums = [f"CAST(coalesce(sum({name}) {selected}, 0) AS bigint)" for name in SUMS_OF_DAYS]
    columns = ["user_id", f"max(latest) {selected}", *_HAS_PROVIDER, *sums]
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM ({inner}) part GROUP BY user_id",  # noqa: S608
            [*providers, *providers * len(sums), *parameters],
        )
        return list(cursor.fetchall())


def by_day(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> list[DayGroup]:
    """Per day of the reporting zone and provider, of these users, whatever provider is selected; no empty days."""
    with snapshot() as using:
        parts = Parts(selection, using, days_of=app_settings.time_zone.key)
        days, sessions = parts.days.filter(user__in=user_ids), parts.sessions.filter(_ANALYZED, user__in=user_ids)
        rows = parts.united(
            lambda: days.values("day", "provider").annotate(**SUMS_OF_DAYS),
            lambda: sessions.annotate(day=parts.day).values("day", "provider").annotate(**SUMS_OF_SESSIONS),
            ("day", "provider", *SUMS_OF_DAYS),
        )
        return [DayGroup(day, provider, _usage(sums)) for day, provider, *sums in rows if sums[_COUNTED]]


def latest_start(selection: Selection, since: datetime, user_ids: Collection[Any] | QuerySet[Any]) -> datetime | None:
    """When the last counted session of these users started, where it is known to be on the day of `since`."""
    with snapshot() as using:
        _of_days, of_sessions = repo_rule(selection, using)
        sessions = CodingSession.objects.using(using).filter(_ANALYZED, of_sessions, user__in=user_ids)
        until = min(selection.end, since + LONGEST_DAY)
        sessions = sessions.started_between(since, until).of_providers(selection.providers)
        last: datetime | None = sessions.order_by("-started_at").values_list("started_at", flat=True).first()
        return last


@cache
def _providers(*flags: int) -> frozenset[str]:
    return frozenset(compress(_PROVIDERS, flags))


def _usage(sums: list[int]) -> Usage:
    """Of the sums in the order of MEASURES."""
    counted, _pending, unpriced, dollars, nanos, *others = sums
    return Usage(counted, unpriced, dollars * NANOS + nanos, *others)
