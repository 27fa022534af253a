"""Database aggregates per user, per another key, and per day and provider, which `reports` turns into results.

Whole days come from the daily roll-up. The parts of a range before and after them come from the sessions, by index. One
statement reads both, so that concurrent writes are neither missed nor counted twice.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.aggregates import Aggregate
from django.db.models.functions import Coalesce

from ..choices import Provider
from ..conf import app_settings
from ..models import CodingSession
from ..rollup.sums import NANOS, SUMMED_COLUMNS
from .members import member_ids
from .selection import Selection
from .snapshots import snapshot
from .split_ranges import SUMS_OF_DAYS, SUMS_OF_SESSIONS, WITHOUT_REPO, SplitRange, only, repo_rule
from .usage import Usage

_PROVIDERS = tuple(Provider.values)  # `values` is computed on each access
_ANALYZED = Q(analyzed_at__isnull=False)
_COUNTED = Q(session_count__gt=0)
_PLACES = {name: place for place, name in enumerate(SUMMED_COLUMNS)}
_SESSIONS, _PENDING = _PLACES["session_count"], _PLACES["pending_count"]
_NOTHING = Usage()
# A row of sums in the order of the roll-up's columns → the columns that make a Usage, whatever that order is.
_usage_columns = itemgetter(
    *(
        _PLACES[name]
        for field in Usage._fields
        for name in (("cost_dollars", "cost_nanos") if field == "cost_nanos" else (field,))
    )
)


class Group(NamedTuple):
    """The sessions of one key (a user, a repository, …) with the selected providers.

    `providers` are all that have counted sessions. The last counted session started at `latest_from` or after it.
    """

    key: Any
    usage: Usage
    pending_count: int
    latest_from: datetime | None
    providers: frozenset[str]

    def merged(self, other: "Group") -> "Group":
        """The same key's sessions in both groups."""
        return Group(
            self.key,
            self.usage + other.usage,
            self.pending_count + other.pending_count,
            max(filter(None, (self.latest_from, other.latest_from)), default=None),
            self.providers | other.providers,
        )


class Key(Enum):
    """Something else than people to group by; a repository is not yet replaced by its root, and 0 means none."""

    PROVIDER = "provider"
    REPO = "repo"
    DAY = "day"


# Key → its expressions for rows of the roll-up and for sessions.
_EXPRESSIONS: dict[Key, Callable[[SplitRange], tuple[Any, Any]]] = {
    Key.PROVIDER: lambda parts: (F("provider"), F("provider")),
    Key.REPO: lambda parts: (F("repo_id"), Coalesce("repo_id", 0)),
    Key.DAY: lambda parts: (F("day"), parts.session_day()),
}


class Who(IntEnum):
    """Whose sessions a group holds."""

    NON_MEMBERS = 0
    OTHER_MEMBERS = 1
    SELECTED = 2


@dataclass(frozen=True, slots=True)
class DayGroup:
    """The usage of one provider on one day of the reporting time zone."""

    day: date
    provider: str
    usage: Usage


class _Providers(Aggregate):
    """The providers of the counted rows as one integer: a bit for each, in the order of `Provider`."""

    function = "bit_or"
    output_field = IntegerField()

    def __init__(self, counts: Q) -> None:
        bits = (When(Q(counts, provider=name), then=1 << place) for place, name in enumerate(_PROVIDERS))
        super().__init__(Case(*bits, default=0))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """SQLite has no `bit_or`, but the sum of distinct bits is the same."""
        return self.as_sql(
            compiler, connection, function="sum", template="%(function)s(DISTINCT %(expressions)s)", **extra
        )


def by_user(selection: Selection) -> dict[Any, Group]:
    """Usage per user, members or not: the coverage counts the sessions of other users."""
    to_python = get_user_model()._meta.pk.to_python
    with snapshot() as using:
        parts = SplitRange.load(selection, using)
        key = {"key": F("user_id")}
        groups = _groups(parts, selection, key, key, of_tens=key)
    return {to_python(user): group for (user,), group in groups.items()}


def by_key(selection: Selection, key: Key, user_ids: Any, *, with_others: bool) -> dict[Who, list[Group]]:
    """Usage per key, apart for the selected people, other members and users who are not members.

    Without others the database reads the rows of the selected people only.
    """
    with snapshot() as using:
        rule = repo_rule(selection, using)
        if not with_others:
            rule = rule[0] & Q(user__in=user_ids), rule[1] & Q(user__in=user_ids)
        parts = SplitRange.load(selection, using, app_settings.time_zone if key is Key.DAY else None, rule)
        who = _who(selection, user_ids)
        days, sessions = _EXPRESSIONS[key](parts)
        groups = _groups(parts, selection, {"key": days, "who": who}, {"key": sessions, "who": who})
    found: dict[Who, list[Group]] = {who: [] for who in Who}
    for (_key, of_whom), group in groups.items():
        found[Who(of_whom)].append(group)
    return found


def _who(selection: Selection, user_ids: Any) -> Case:
    selected = When(user__in=user_ids, then=Who.SELECTED.value)
    cases = [selected, When(user__in=member_ids(), then=Who.OTHER_MEMBERS.value)]
    return Case(*cases[: 1 + selection.selects_people], default=Who.NON_MEMBERS.value, output_field=IntegerField())


def _groups(
    parts: SplitRange,
    selection: Selection,
    of_days: dict[str, Any],
    of_sessions: dict[str, Any],
    of_tens: dict[str, Any] | None = None,
) -> dict[tuple[Any, ...], Group]:
    """The groups by their keys, which are given as expressions of rows of the roll-ups and of sessions."""
    width = len(of_days)
    first_sum = width + 3
    start_of = cache(parts.start_of)
    groups: dict[tuple[Any, ...], Group] = {}
    for row in _fetched(_grouped(parts, selection, of_days, of_sessions, of_tens), parts.using):
        keys, (is_selected, latest, providers) = row[:width], row[width:first_sum]
        group = Group(
            keys[0],
            _usage(row[first_sum:]) if is_selected else _NOTHING,
            row[first_sum + _PENDING] if is_selected else 0,
            start_of(latest) if is_selected else None,
            _providers_of(providers),
        )
        previous = groups.get(keys)
        groups[keys] = previous.merged(group) if previous else group
    return groups


def _grouped(
    parts: SplitRange,
    selection: Selection,
    of_days: dict[str, Any],
    of_sessions: dict[str, Any],
    of_tens: dict[str, Any] | None,
) -> Any:
    """Rows of the keys, is_selected (provider), latest counted day, counted providers, sums."""
    is_selected: Any = Value(True)
    if selection.providers:
        is_selected = ExpressionWrapper(Q(provider__in=selection.providers), BooleanField())
    columns = (*of_days, "is_selected", "latest", "providers", *SUMS_OF_DAYS)
    extra = {"providers": _Providers(_COUNTED), **SUMS_OF_DAYS}
    days = parts.days_beside_tens if of_tens else parts.days
    # The last day of these is not known: it is the first of the range's whole ten days, or later.
    first_of_tens = Value(parts.tens and parts.tens[0], DateField())

    def tens() -> Any:
        rows = parts.ten_days.values(**of_tens or {}, is_selected=is_selected)
        return rows.annotate(latest=Max(first_of_tens, filter=_COUNTED), **extra)

    return parts.union(
        lambda: days.values(**of_days, is_selected=is_selected).annotate(latest=Max("day", filter=_COUNTED), **extra),
        lambda: (
            parts.sessions.annotate(part=parts.session_day())
            .values(**of_sessions, is_selected=is_selected)
            .annotate(latest=Max("part", filter=_ANALYZED), providers=_Providers(_ANALYZED), **SUMS_OF_SESSIONS)
        ),
        columns,
        tens if of_tens else None,
    )


def _fetched(rows: Any, using: str) -> list[tuple[Any, ...]]:
    """The rows as the driver returns them. Django would convert each integer again.

    `get_compiler` is private; tried with Django 5.2, 6.0 and 6.1.
    """
    try:
        sql, parameters = rows.query.get_compiler(using=using).as_sql()
    except EmptyResultSet:
        return []
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def by_day(
    selection: Selection, user_ids: Collection[Any] | QuerySet[Any], measures: Collection[str]
) -> list[DayGroup]:
    """Usage of these users per day of the reporting time zone and provider, whatever provider is selected.

    Sums `measures` (columns of the roll-up) and the session count; other columns stay zero. Leaves out empty days.
    """
    with snapshot() as using:
        parts = SplitRange.load(selection, using, app_settings.time_zone)
        sessions = parts.sessions.annotate(day=parts.session_day())
        rows = _of_users(user_ids, parts, sessions, ("day", "provider"), {"session_count", *measures})
        return [DayGroup(day, provider, _usage(sums)) for day, provider, *sums in rows if sums[_SESSIONS]]


def of_all(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> Usage:
    """The total usage of these users with the selected providers."""
    with snapshot() as using:
        parts = SplitRange.load(selection, using)
        rows = _of_users(user_ids, parts, parts.sessions, ("provider",), SUMMED_COLUMNS)
        return Usage.total(_usage(sums) for provider, *sums in rows if selection.has_provider(provider))


def count_without_repo(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> int:
    """The number of these users' counted sessions that have no repository, with the selected providers."""
    with snapshot() as using:
        parts = SplitRange.load(selection, using, rule=WITHOUT_REPO)
        rows = _of_users(user_ids, parts, parts.sessions, ("provider",), {"session_count"})
        return sum(sums[_SESSIONS] for provider, *sums in rows if selection.has_provider(provider))


def _of_users(user_ids: Any, parts: SplitRange, sessions: Any, keys: tuple[str, ...], measures: Collection[str]) -> Any:
    """Rows of the keys and the sums of these users' analyzed sessions, from whole days and from partial days."""
    return parts.union(
        lambda: parts.days.filter(user__in=user_ids).values(*keys).annotate(**only(SUMS_OF_DAYS, measures)),
        lambda: (
            sessions.analyzed().filter(user__in=user_ids).values(*keys).annotate(**only(SUMS_OF_SESSIONS, measures))
        ),
        (*keys, *SUMS_OF_DAYS),
    )


def latest_start(selection: Selection, since: datetime, user_ids: Collection[Any] | QuerySet[Any]) -> datetime | None:
    """The start of the last counted session of these users, which is known to be `since` or later."""
    with snapshot() as using:
        _of_days, of_sessions = repo_rule(selection, using)
        sessions = CodingSession.objects.using(using).analyzed().filter(of_sessions, user__in=user_ids)
        sessions = sessions.started_between(since, selection.end).of_providers(selection.providers)
        last: datetime | None = sessions.order_by("-started_at").values_list("started_at", flat=True).first()
        return last


@cache
def _providers_of(bits: int) -> frozenset[str]:
    return frozenset(name for place, name in enumerate(_PROVIDERS) if bits >> place & 1)


def _usage(sums: Sequence[int]) -> Usage:
    """Make a Usage from sums in the order of SUMMED_COLUMNS."""
    counted, unpriced, dollars, nanos, *others = _usage_columns(sums)
    return Usage._make((counted, unpriced, dollars * NANOS + nanos, *others))
