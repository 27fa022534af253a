"""Sums out of the database, per user, or per day and provider. What a question makes of them is elsewhere.

Whole days come from the daily roll-up, as it is cut; what a range has before and after them comes from the sessions,
through their index. Both in one statement, so that nothing is counted twice or missed while somebody writes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BigIntegerField, Case, DateField, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from .conf import app_settings
from .daily import DailyUsage, ReportingDay
from .fields import from_nanos
from .filters import Selection
from .models import CodingSession, Repo
from .periods import Interval, buckets
from .reading import snapshot
from .triggers import MEASURES, NANOS, SESSIONS, measure


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
        parts = _Parts(selection, using)
        whole = parts.whole.values("user_id", "provider").annotate(
            latest=Max("day", filter=Q(session_count__gt=0)), **_SUMS_OF_DAYS
        )
        ragged = parts.ragged.annotate(part=parts.day).values("user_id", "provider")
        ragged = ragged.annotate(latest=Max("part", filter=_ANALYZED), **_SUMS_OF_SESSIONS)
        rows = parts.united(whole, ragged, ("user_id", "provider", "latest", *_SUMS_OF_DAYS))
        pk = get_user_model()._meta.pk
        return [
            UserGroup(
                user_id=pk.to_python(user),
                usage=_usage(sums),
                pending_count=sums[_PENDING],
                latest_from=parts.start_of(latest),
                providers=frozenset(providers.split(",")) if providers else _NONE,
            )
            for user, latest, providers, *sums in _per_user(rows, selection.providers, using)
        ]


def _per_user(rows: Any, providers: tuple[str, ...], using: str) -> list[tuple[Any, ...]]:
    """(user, latest day, names of providers with counted sessions, sums of the selected ones…) of each user.

    Rows come by user and provider; adding them up here would be to build four times as many objects.
    """
    connection = connections[using]
    try:
        inner, parameters = rows.query.get_compiler(using=using).as_sql()
    except EmptyResultSet:
        return []
    selected = f"FILTER (WHERE provider IN ({', '.join(['%s'] * len(providers))}))" if providers else ""
    sums = [f"max(latest) {selected}", _NAMES_OF_PROVIDERS[connection.vendor]]
    sums += [f"CAST(coalesce(sum({name}) {selected}, 0) AS bigint)" for name in _SUMS_OF_DAYS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT user_id, {', '.join(sums)} FROM ({inner}) part GROUP BY user_id",  # noqa: S608
            [*providers * (len(sums) - 1), *parameters],
        )
        return list(cursor.fetchall())


def by_day(selection: Selection, user_ids: Collection[Any]) -> list[DayGroup]:
    """Per day of the reporting zone and provider, of these users, whatever provider is selected; no empty days."""
    with snapshot() as using:
        parts = _Parts(selection, using, days_of=app_settings.time_zone.key)
        whole = parts.whole.filter(user__in=user_ids).values("day", "provider").annotate(**_SUMS_OF_DAYS)
        ragged = parts.ragged.filter(_ANALYZED, user__in=user_ids).annotate(day=parts.day).values("day", "provider")
        names = ("day", "provider", *_SUMS_OF_DAYS)
        return [
            DayGroup(day, provider, _usage(sums))
            for day, provider, *sums in parts.united(whole, ragged.annotate(**_SUMS_OF_SESSIONS), names)
            if sums[_COUNTED]
        ]


def latest_start(selection: Selection, since: datetime, user_ids: Collection[Any]) -> datetime | None:
    """When the last counted session of these users started, where it is known to be on the day of `since`."""
    with snapshot() as using:
        parts = _Parts(selection, using)
        sessions = CodingSession.objects.using(using).filter(_ANALYZED, parts.of_sessions, user__in=user_ids)
        until = min(selection.end, since + _LONGEST_DAY)
        sessions = sessions.started_between(since, until).of_providers(selection.providers)
        return sessions.order_by("-started_at").values_list("started_at", flat=True).first()


class _Parts:
    """A selection's sessions, without regard to its providers: whole days of the calendar, and what is left over."""

    def __init__(self, selection: Selection, using: str, days_of: str | None = None) -> None:
        """`days_of`: the zone that days are wanted of; where the calendar is cut in another, all is left over."""
        self.start, self.end, self.using = selection.start, selection.end, using
        self.of_days, self.of_sessions = _repo_rule(selection, using)
        near = ReportingDay.objects.using(using).filter(
            starts_at__gte=self.start - _LONGEST_DAY, starts_at__lte=self.end
        )
        days = list(near.order_by("starts_at").values_list("starts_at", "day", "zone"))
        self.is_cut = bool(days) and days_of in (None, days[0][2])
        self.starts = {day: start for start, day, _zone in days if start >= self.start} if self.is_cut else {}
        self.day_before = max((day for start, day, _zone in days if start < self.start), default=date.min)
        self.cuts = list(self.starts.values())

    def start_of(self, day: date | str | None) -> datetime | None:
        """The first instant in range of a day; SQLite gives days as text."""
        if day is None:
            return None
        return self.starts.get(date.fromisoformat(day) if isinstance(day, str) else day, self.start)

    @property
    def whole(self) -> QuerySet[DailyUsage]:
        """The roll-up's rows."""
        days = DailyUsage.objects.using(self.using)
        if len(self.cuts) < 2:
            return days.none()
        first, *_between, last = self.starts
        return days.filter(self.of_days, day__gte=first, day__lt=last)

    @property
    def ragged(self) -> QuerySet[CodingSession]:
        """The sessions before the first and after the last midnight; all where there is none."""
        sessions = CodingSession.objects.using(self.using)
        if len(self.cuts) < 2:
            return sessions.filter(self.of_sessions).started_between(self.start, self.end)
        ends = [(start, end) for start, end in ((self.start, self.cuts[0]), (self.cuts[-1], self.end)) if start < end]
        within = [Q(started_at__gte=start, started_at__lt=end) for start, end in ends]
        return sessions.filter(self.of_sessions, reduce(or_, within)) if within else sessions.none()

    @property
    def day(self) -> Any:
        """The day of a session that is left over."""
        if not self.is_cut:
            # Not TruncDate, which tells a day twice where the clock goes back over midnight.
            days = buckets(self.start, self.end, app_settings.time_zone, Interval.DAY).items()
            return Case(*(When(started_at__lt=end, then=Value(day, DateField())) for day, (_start, end) in days))
        before = Value(self.day_before, output_field=DateField())
        if not self.cuts:
            return before
        *_earlier, last = self.starts
        return Case(When(started_at__lt=self.cuts[0], then=before), default=Value(last, output_field=DateField()))

    def united(self, whole: Any, ragged: Any, names: tuple[str, ...]) -> Any:
        """The rows of both, in one statement."""
        if self.ragged.query.is_empty():
            return whole.values_list(*names)
        if self.whole.query.is_empty():
            return ragged.values_list(*names)
        return whole.values_list(*names).union(ragged.values_list(*names), all=True)


def _repo_rule(selection: Selection, using: str) -> tuple[Q, Q]:
    """The repository rule for the roll-up and for sessions; fork links as they are now."""
    none = {"repo_id": 0}, {"repo_id": None}
    if not selection.repos:
        return (Q(), Q()) if selection.include_no_repo else (~Q(**none[0]), ~Q(**none[1]))
    repos = Repo.objects.using(using)
    ids = list(repos.rooted_in(repos.named(selection.repos).root_ids()).values_list("pk", flat=True))
    if not selection.include_no_repo:
        return Q(repo_id__in=ids), Q(repo_id__in=ids)
    return Q(repo_id__in=[0, *ids]), Q(repo_id__in=ids) | Q(repo_id=None)


def _sum(expression: Any) -> Cast:
    """PostgreSQL adds bigints up to a numeric, which is slow to read; no user's, no day's sum comes near 2^63."""
    return Cast(Sum(expression), BigIntegerField())


def _of_session(name: str) -> RawSQL:
    return RawSQL(measure(name, SESSIONS).replace("%", "%%"), (), BigIntegerField())  # noqa: S611


_SUMS_OF_DAYS = {f"sum_{name}": _sum(F(name)) for name in MEASURES}
_SUMS_OF_SESSIONS = {f"sum_{name}": _sum(_of_session(name)) for name in MEASURES}
_COUNTED, _PENDING = 0, 1
_NONE: frozenset[str] = frozenset()
_WITH_SESSIONS = "FILTER (WHERE sum_session_count > 0)"
_NAMES_OF_PROVIDERS = {
    "postgresql": f"string_agg(provider, ',') {_WITH_SESSIONS}",
    "sqlite": f"group_concat(provider, ',') {_WITH_SESSIONS}",
}
_ANALYZED = Q(analyzed_at__isnull=False)
# With room for any change of the clock.
_LONGEST_DAY = timedelta(days=2)


def _usage(sums: list[int]) -> Usage:
    """Of the sums in the order of MEASURES."""
    counted, _pending, unpriced, dollars, nanos, *others = sums
    return Usage(counted, unpriced, dollars * NANOS + nanos, *others)
