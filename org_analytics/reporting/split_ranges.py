"""Split a time range into whole days, read from the daily roll-up, and partial days, read from the sessions."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BigIntegerField, Case, DateField, F, IntegerField, Model, Q, QuerySet, Value, When
from django.db.models.aggregates import Aggregate
from django.db.models.expressions import RawSQL

from ..conf import app_settings
from ..models import CodingSession, Repo
from ..periods import Interval, buckets, day_of
from ..rollup import maintenance
from ..rollup.sums import DAILY_USAGE, MODEL_USAGE, SESSIONS, SUM, Rollup, ten_days_of
from ..rollup.tables import DailyModelUsage, DailyUsage, TenDayUsage
from .selection import Selection
from .snapshots import once_per_snapshot

Row = TypeVar("Row", bound=Model)
# The sessions without a repository, in the roll-up and among the sessions.
WITHOUT_REPO = (Q(repo_id=0), Q(repo_id=None))


class SplitRange:
    """The sessions of a selection, of all providers: whole days of the calendar, and partial days at both ends."""

    def __init__(
        self,
        selection: Selection,
        using: str,
        rule: tuple[Q, Q],
        boundaries: dict[datetime, date],
        zone: ZoneInfo | None,
    ) -> None:
        """Use `load()`. `rule`: the conditions on rows of the roll-up and on sessions."""
        self.start, self.end, self.using = selection.start, selection.end, using
        self.days_rule, self.sessions_rule = rule
        self.starts, self.day_ends = self._day_bounds(boundaries, zone)
        midnights = list(boundaries)
        self.has_days = len(midnights) > 1
        self.tens = _whole_tens(list(boundaries.values())) if self.days_rule == Q() else None
        self.ends = [(self.start, self.end)]  # also for an empty range, so that there is always a query
        if self.has_days:
            ends = (self.start, midnights[0]), (midnights[-1], self.end)
            self.ends = [(start, end) for start, end in ends if start < end]

    @classmethod
    def load(
        cls, selection: Selection, using: str, zone: ZoneInfo | None = None, rule: tuple[Q, Q] | None = None
    ) -> Self:
        """Read the day boundaries and the repository rule (unless `rule` is given) and split the range.

        `zone`: the zone whose days the caller distinguishes. If the stored day boundaries differ from the zone's
        (another zone, or other time zone data when they were stored), no whole day is used.
        """
        start, end = selection.start, selection.end
        boundaries = once_per_snapshot(("days", start, end), lambda: maintenance.stored_days(using, start, end))
        if zone is not None and boundaries != maintenance.days_between(start, end, zone):
            boundaries = {}
        return cls(selection, using, rule or repo_rule(selection, using), boundaries, zone)

    def _day_bounds(
        self, boundaries: dict[datetime, date], zone: ZoneInfo | None
    ) -> tuple[dict[date, datetime], dict[date, datetime]]:
        """The first instant in range of each day, and the end of each partial day."""
        if boundaries:
            starts = {day: start for start, day in boundaries.items()}
            *_earlier, last = starts
            # A caller that does not distinguish days can have any day outside the range.
            day_before = day_of(self.start, zone) if zone else date.min
            return starts, {day_before: min(boundaries), last: self.end}
        # TruncDate would return a day twice if the clock goes back over midnight.
        parts = buckets(self.start, self.end, app_settings.time_zone, Interval.DAY)
        return (
            {day: start for day, (start, _end) in parts.items()},
            {day: end for day, (_start, end) in parts.items()} or {date.min: self.end},
        )

    def start_of(self, day: date | str | None) -> datetime | None:
        """The first instant in range of a day. SQLite returns days as text."""
        if day is None:
            return None
        return self.starts.get(date.fromisoformat(day) if isinstance(day, str) else day, self.start)

    @property
    def days(self) -> QuerySet[DailyUsage]:
        """The rows of the roll-up for the whole days."""
        return self._whole_days(DailyUsage.objects.all())

    @property
    def model_days(self) -> QuerySet[DailyModelUsage]:
        """The rows of the roll-up by model for the whole days."""
        return self._whole_days(DailyModelUsage.objects.all())

    @property
    def ten_days(self) -> QuerySet[TenDayUsage]:
        """The rows of the roll-up of ten days for the ten days that are whole."""
        rows = TenDayUsage.objects.using(self.using)
        if self.tens is None:
            return rows.none()
        first, last = map(ten_days_of, self.tens)
        return rows.filter(ten_days__gte=first, ten_days__lte=last)

    @property
    def days_beside_tens(self) -> QuerySet[DailyUsage]:
        """The rows of the roll-up for the whole days that are not in whole ten days."""
        return self.days if self.tens is None else self.days.exclude(day__range=self.tens)

    def _whole_days(self, days: QuerySet[Row]) -> QuerySet[Row]:
        days = days.using(self.using)
        if not self.has_days:
            return days.none()
        first, *_between, last = self.starts
        return days.filter(self.days_rule, day__gte=first, day__lt=last)

    @property
    def sessions(self) -> QuerySet[CodingSession]:
        """The sessions of the partial days: before the first and after the last midnight. All if no day is whole."""
        sessions = CodingSession.objects.using(self.using).filter(self.sessions_rule)
        within = (Q(started_at__gte=start, started_at__lt=end) for start, end in self.ends)
        return sessions.filter(reduce(or_, within)) if self.ends else sessions.none()

    def session_day(self) -> Case:
        """An expression for the day of a session in a partial day."""
        *earlier, last = self.day_ends
        cases = [When(started_at__lt=self.day_ends[day], then=Value(day)) for day in earlier]
        return Case(*cases, default=Value(last), output_field=DateField())

    def union(
        self,
        days: Callable[[], Any],
        sessions: Callable[[], Any],
        names: tuple[str, ...],
        tens: Callable[[], Any] | None = None,
    ) -> Any:
        """The rows of all parts in one statement. A part without rows is not built."""
        candidates = (tens, self.tens), (days, self.has_days), (sessions, self.ends)
        parts = [part().values_list(*names) for part, has_rows in candidates if part and has_rows]
        return parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]

    def fetch(self, rows: Any) -> list[tuple[Any, ...]]:
        """The rows of a union as the driver returns them, where Django would convert each of thousands of integers.

        SQLite returns days and UUIDs as text. `get_compiler` is private; tried with Django 5.2, 6.0 and 6.1.
        """
        try:
            sql, parameters = rows.query.get_compiler(using=self.using).as_sql()
        except EmptyResultSet:
            return []
        with connections[self.using].cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())


def _whole_tens(days: list[date]) -> tuple[date, date] | None:
    """The first and the last day of the ten days that are whole; the last of these stored days is not in range."""
    # The first day counts only if the day before it belongs to others, also where the zone skipped that day.
    starts = [day for day in days if ten_days_of(day) != ten_days_of(day - timedelta(1))]
    if len(starts) < 2:
        return None
    return starts[0], days[days.index(starts[-1]) - 1]


def repo_rule(selection: Selection, using: str) -> tuple[Q, Q]:
    """The repository rule as conditions on rows of the roll-up and on sessions, with the current fork links."""
    none = {"repo_id": 0}, {"repo_id": None}
    if not selection.repos:
        return (Q(), Q()) if selection.include_no_repo else (~Q(**none[0]), ~Q(**none[1]))
    ids = once_per_snapshot(("repos", selection.repos), lambda: _rolled_up_ids(selection.repos, using))
    if not selection.include_no_repo:
        return Q(repo_id__in=ids), Q(repo_id__in=ids)
    return Q(repo_id__in=[0, *ids]), Q(repo_id__in=ids) | Q(repo_id=None)


def _rolled_up_ids(paths: tuple[str, ...], using: str) -> list[int]:
    """The ids of the repositories that have the same root as one of these paths."""
    repos = Repo.objects.using(using)
    return list(repos.rooted_in(repos.named(paths).root_ids()).values_list("pk", flat=True))


class _Sum(Aggregate):
    """A sum of integers. No user's, no day's and no provider's sum comes near the limits of a column."""

    function = "SUM"
    output_field = BigIntegerField()

    def __init__(self, name: str, expression: Any) -> None:
        super().__init__(expression)
        self.is_wide = not name.endswith("_count")

    def get_db_converters(self, connection: Any) -> list[Any]:
        """None: both drivers return integers, and Django would convert each of thousands again."""
        return []

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, **extra, **({"function": SUM} if self.is_wide else {}))


def summand(rollup: Rollup, name: str) -> RawSQL:
    """What a session adds to a summed column, as an expression of sessions."""
    sql = rollup.summand(name, SESSIONS, MODEL_USAGE)
    # SQL of this package's own names.
    return RawSQL(sql.replace("%", "%%"), (), BigIntegerField())  # noqa: S611


def sums_of_days(rollup: Rollup) -> dict[str, Any]:
    """The sums of rows of the roll-up, by name of the column."""
    return {f"sum_{name}": _Sum(name, F(name)) for name in rollup.sums}


def sums_of_sessions(rollup: Rollup) -> dict[str, Any]:
    """The same sums of sessions, or of sessions joined with their model usage."""
    return {f"sum_{name}": _Sum(name, summand(rollup, name)) for name in rollup.sums}


def only(sums: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The sums of these measures, and 0 for the others, which costs nothing."""
    zero = Value(0, IntegerField())
    return {name: expression if name.removeprefix("sum_") in names else zero for name, expression in sums.items()}


SUMS_OF_DAYS, SUMS_OF_SESSIONS = sums_of_days(DAILY_USAGE), sums_of_sessions(DAILY_USAGE)
