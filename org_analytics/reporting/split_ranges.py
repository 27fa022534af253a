"""A range of time as whole days, which are in the daily roll-up, and ragged ends, whose sessions are found by index."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Case, DateField, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from ..conf import app_settings
from ..models import CodingSession, Repo
from ..periods import Interval, buckets, day_of
from ..rollup import maintenance
from ..rollup.tables import DailyUsage
from ..rollup.triggers import SESSIONS, SUMMED_COLUMNS, summand
from .selection import Selection
from .snapshots import once_per_snapshot

# With room for any change of the clock.
LONGEST_DAY = timedelta(days=2)


class SplitRange:
    """A selection's sessions, without regard to its providers: whole days of the calendar, and what is left over."""

    def __init__(self, selection: Selection, using: str, zone: ZoneInfo | None = None) -> None:
        """`zone`: the zone whose days the caller tells apart.

        Stored day boundaries that differ from the zone's (another zone, or other time zone data when they were stored)
        are then not used: all sessions are left over.
        """
        self.start, self.end, self.using = selection.start, selection.end, using
        self.of_days, self.of_sessions = repo_rule(selection, using)
        boundaries = once_per_snapshot(
            ("days", self.start, self.end), lambda: maintenance.stored_days(using, self.start, self.end)
        )
        if zone is not None and boundaries != maintenance.days_between(self.start, self.end, zone):
            boundaries = {}
        self.starts, self.day_ends = self._parts(boundaries, zone)
        self.cuts = list(boundaries)
        self.has_days = len(self.cuts) > 1
        self.ends = [(self.start, self.end)]  # also of a range that is empty: there is something to ask always
        if self.has_days:
            ends = (self.start, self.cuts[0]), (self.cuts[-1], self.end)
            self.ends = [(start, end) for start, end in ends if start < end]

    def _parts(
        self, boundaries: dict[datetime, date], zone: ZoneInfo | None
    ) -> tuple[dict[date, datetime], dict[date, datetime]]:
        """The first instant in range of each day, and the end of each day that has sessions left over."""
        if boundaries:
            starts = {day: start for start, day in boundaries.items()}
            *_earlier, last = starts
            # Where days are not told apart, any day outside of the range will do.
            day_before = day_of(self.start, zone) if zone else date.min
            return starts, {day_before: min(boundaries), last: self.end}
        # Not TruncDate, which tells a day twice where the clock goes back over midnight.
        parts = buckets(self.start, self.end, app_settings.time_zone, Interval.DAY)
        return (
            {day: start for day, (start, _end) in parts.items()},
            {day: end for day, (_start, end) in parts.items()} or {date.min: self.end},
        )

    def start_of(self, day: date | str | None) -> datetime | None:
        """The first instant in range of a day; SQLite gives days as text."""
        if day is None:
            return None
        return self.starts.get(date.fromisoformat(day) if isinstance(day, str) else day, self.start)

    @property
    def days(self) -> QuerySet[DailyUsage]:
        """The roll-up's rows of the whole days, if there are any."""
        days = DailyUsage.objects.using(self.using)
        if not self.has_days:
            return days.none()
        first, *_between, last = self.starts
        return days.filter(self.of_days, day__gte=first, day__lt=last)

    @property
    def sessions(self) -> QuerySet[CodingSession]:
        """The sessions before the first and after the last midnight; all where there is no whole day."""
        sessions = CodingSession.objects.using(self.using).filter(self.of_sessions)
        within = (Q(started_at__gte=start, started_at__lt=end) for start, end in self.ends)
        return sessions.filter(reduce(or_, within)) if self.ends else sessions.none()

    @property
    def day(self) -> Any:
        """The day of a session that is left over."""
        *earlier, last = self.day_ends
        cases = [When(started_at__lt=self.day_ends[day], then=Value(day)) for day in earlier]
        return Case(*cases, default=Value(last), output_field=DateField())

    def union(self, days: Callable[[], Any], sessions: Callable[[], Any], names: tuple[str, ...]) -> Any:
        """The rows of both, in one statement; a part is only built where it has something."""
        parts = [
            part().values_list(*names) for part, is_there in ((days, self.has_days), (sessions, self.ends)) if is_there
        ]
        return parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]


def repo_rule(selection: Selection, using: str) -> tuple[Q, Q]:
    """The repository rule for the roll-up and for sessions; fork links as they are now."""
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


def _sum(name: str, expression: Any) -> Cast:
    """As wide as what is summed: PostgreSQL would go up to bigint and numeric, which are slow to add and to read.

    No user's, no day's and no provider's sum comes near the limits.
    """
    return Cast(Sum(expression), IntegerField() if name.endswith("_count") else BigIntegerField())


def _of_session(name: str) -> RawSQL:
    return RawSQL(summand(name, SESSIONS).replace("%", "%%"), (), BigIntegerField())  # noqa: S611


def only(sums: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The sums of these measures; of the others a zero, which costs nothing."""
    zero = Value(0, IntegerField())
    return {name: expression if name.removeprefix("sum_") in names else zero for name, expression in sums.items()}


SUMS_OF_DAYS = {f"sum_{name}": _sum(name, F(name)) for name in SUMMED_COLUMNS}
SUMS_OF_SESSIONS = {f"sum_{name}": _sum(name, _of_session(name)) for name in SUMMED_COLUMNS}
