"""The sums of a selection by one or more keys, in one statement over all parts of its range.

Each part gives its rows (of a roll-up, or sessions), and the database groups all of them once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BooleanField, Case, DateField, ExpressionWrapper, F, IntegerField, Q, Value, When

from ..choices import Provider
from ..rollup.sums import DAILY_USAGE, NANOS, SUM, SUMMED_COLUMNS
from .selection import Selection
from .split_ranges import SplitRange, summand
from .usage import Usage

_PROVIDERS = tuple(Provider.values)  # `values` is computed on each access
_PLACES = {name: place for place, name in enumerate(SUMMED_COLUMNS)}
_PENDING = _PLACES["pending_count"]
# A row of sums in the order of the roll-up's columns → the columns that make a Usage, whatever that order is.
_usage_columns = itemgetter(
    *(
        _PLACES[name]
        for field in Usage._fields
        for name in (("cost_dollars", "cost_nanos") if field == "cost_nanos" else (field,))
    )
)
# SQLite has no bit_or, but the sum of distinct bits is the same.
_BIT_OR = {"postgresql": "bit_or(provider_bit)", "sqlite": "sum(DISTINCT provider_bit)"}
_WIDE_SUM = {"postgresql": SUM, "sqlite": "sum"}
Expressions = Mapping[str, Any]


class Group(NamedTuple):
    """The sessions of one key (a user, a repository, …) with the selected providers.

    `providers` are all that have counted sessions. The last counted session started at `latest_from` or after it.
    """

    key: Any
    usage: Usage
    pending_count: int
    latest_from: datetime | None
    providers: frozenset[str]


def grouped_sums(
    parts: SplitRange,
    selection: Selection,
    of_days: Expressions,
    of_sessions: Expressions,
    of_tens: Expressions | None = None,
) -> dict[tuple[Any, ...], Group]:
    """The groups by their keys, which are given as expressions of rows of the roll-ups and of sessions.

    `of_tens`: where the keys are the same for whole ten days. They are read as such if the selection allows it.
    """
    rows = _fetched(_rows(parts, selection, of_days, of_sessions, of_tens), tuple(of_days), selection, parts.using)
    width = len(of_days)
    first_sum = width + 2
    start_of = cache(parts.start_of)
    return {
        row[:width]: Group(
            row[0],
            as_usage(row[first_sum:]),
            row[first_sum + _PENDING],
            start_of(row[width]),
            _providers_of(row[width + 1]),
        )
        for row in rows
    }


def as_usage(sums: Sequence[int]) -> Usage:
    """Make a Usage from sums in the order of SUMMED_COLUMNS."""
    counted, unpriced, dollars, nanos, *others = _usage_columns(sums)
    return Usage._make((counted, unpriced, dollars * NANOS + nanos, *others))


def _rows(
    parts: SplitRange,
    selection: Selection,
    of_days: Expressions,
    of_sessions: Expressions,
    of_tens: Expressions | None,
) -> Any:
    """The rows of all parts: the keys, the day (if it counts), the bit of the provider, is_selected, the summands."""
    counted = Q(session_count__gt=0)
    sums = {f"sum_{name}": F(name) for name in SUMMED_COLUMNS}

    def tens() -> Any:
        # The last day of these is not known: it is the first of the range's whole ten days, or later.
        first = Value(parts.tens and parts.tens[0], DateField())
        return parts.ten_days.annotate(**of_tens or {}, **_marks(counted, first, selection), **sums)

    def days() -> Any:
        rows = parts.days_beside_tens if of_tens else parts.days
        return rows.annotate(**of_days, **_marks(counted, F("day"), selection), **sums)

    def sessions() -> Any:
        marks = _marks(Q(analyzed_at__isnull=False), parts.session_day(), selection)
        sums = {f"sum_{name}": summand(DAILY_USAGE, name) for name in SUMMED_COLUMNS}
        return parts.sessions.annotate(**of_sessions, **marks, **sums)

    return parts.union(days, sessions, _columns(of_days, selection), tens if of_tens else None)


def _columns(keys: Iterable[str], selection: Selection) -> tuple[str, ...]:
    """The names of the columns of each part."""
    marks = ("counted_day", "provider_bit", *(["is_selected"] if selection.providers else []))
    return (*keys, *marks, *(f"sum_{name}" for name in SUMMED_COLUMNS))


def _marks(counted: Q, day: Any, selection: Selection) -> dict[str, Any]:
    """The day and the provider's bit of a row with counted sessions, and whether its provider is selected."""
    bits = (When(Q(counted, provider=name), then=1 << place) for place, name in enumerate(_PROVIDERS))
    marks: dict[str, Any] = {
        "counted_day": Case(When(counted, then=day), output_field=DateField()),
        "provider_bit": Case(*bits, default=0, output_field=IntegerField()),
    }
    if selection.providers:
        marks["is_selected"] = ExpressionWrapper(Q(provider__in=selection.providers), BooleanField())
    return marks


def _fetched(rows: Any, keys: tuple[str, ...], selection: Selection, using: str) -> list[tuple[Any, ...]]:
    """The grouped rows as the driver returns them: keys, last day, providers, sums. Django would convert each integer.

    `get_compiler` is private; tried with Django 5.2, 6.0 and 6.1.
    """
    connection = connections[using]
    try:
        inner, parameters = rows.query.get_compiler(using=using).as_sql()
    except EmptyResultSet:
        return []
    is_selected = " FILTER (WHERE is_selected)" if selection.providers else ""
    sums = [_sum_of(name, connection.vendor, is_selected) for name in SUMMED_COLUMNS]
    answer = [*keys, f"max(counted_day){is_selected}", _BIT_OR[connection.vendor], *sums]
    by_key = ", ".join(keys)
    columns = ", ".join(_columns(keys, selection))
    # Both databases understand a list of column names only where it is that of a WITH query.
    sql = f"WITH part ({columns}) AS ({inner}) SELECT {', '.join(answer)} FROM part GROUP BY {by_key}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _sum_of(name: str, vendor: str, condition: str) -> str:
    function = "sum" if name.endswith("_count") else _WIDE_SUM[vendor]
    total = f"{function}(sum_{name}){condition}"
    return f"coalesce({total}, 0)" if condition else total


@cache
def _providers_of(bits: int) -> frozenset[str]:
    return frozenset(name for place, name in enumerate(_PROVIDERS) if bits >> place & 1)
