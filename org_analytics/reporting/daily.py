"""One number a day for the rows of a breakdown: what the small line in each row shows."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import add
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from ..conf import app_settings
from ..models import Repo
from ..rollup.sums import DAILY_MODEL_USAGE, DAILY_USAGE, NANOS
from .groups import Grouping, as_date
from .members import json_id
from .people import selected_user_ids
from .selection import Selection
from .snapshots import snapshot
from .split_ranges import SplitRange, repo_rule, summand, sums_of_days, sums_of_sessions
from .team_days import sum_by_team
from .teams import memberships

RowKey = int | str | None


class Measure(StrEnum):
    """A number of a day: sessions, the known cost in nano-dollars, or a known time in milliseconds."""

    SESSIONS = "sessions"
    COST = "cost"
    DURATION = "duration"
    ASSISTANT = "assistant"
    USER_TIME = "user_time"


# Measure → the columns of the roll-up that it is made of: sessions, sessions of known value, value.
_COLUMNS = {
    Measure.SESSIONS: ("session_count",),
    Measure.COST: ("session_count", "cost_count", "cost_nanos", "cost_dollars"),
    Measure.DURATION: ("session_count", "duration_count", "duration_ms"),
    Measure.ASSISTANT: ("session_count", "assistant_count", "assistant_ms"),
    Measure.USER_TIME: ("session_count", "user_count", "user_ms"),
}


@dataclass(frozen=True, slots=True)
class _Source:
    """How the database knows the keys of the rows.

    `of_days` and `of_sessions`: expressions for rows of the roll-up and for sessions. `days_rule`, `sessions_rule`:
    which of them belong to one of the rows. `key_of`: from a value of the expression to the key.
    """

    of_days: Any
    of_sessions: Any
    days_rule: Q
    sessions_rule: Q
    key_of: Callable[[Any], RowKey]


def daily_values(
    selection: Selection, grouping: Grouping, keys: Collection[RowKey], measure: Measure
) -> dict[RowKey, dict[date, int | None]]:
    """The measure by key of a row and day of the reporting time zone; None on a day of which no value is known.

    Days without counted sessions are left out. Costs that are not broken down by model have no days.
    """
    sums: dict[RowKey, dict[date, list[int]]] = {key: {} for key in keys}
    with snapshot() as using:
        source = _SOURCES[grouping](selection, keys, using)
        parts = _parts(selection, source, using)
        columns = _COLUMNS[measure]
        if grouping is Grouping.TEAM:
            rows: Any = sum_by_team(_rows_of_users(parts, columns), len(columns), memberships(), using)
        else:
            rows = parts.fetch(_rows(parts, source, grouping is Grouping.MODEL, columns))
        for stored_day, value, *numbers in rows:
            key = source.key_of(value)
            if key not in sums:
                continue
            by_day, day = sums[key], as_date(stored_day)
            by_day[day] = list(map(add, by_day[day], numbers)) if day in by_day else numbers
    return {
        key: {day: _value(numbers) for day, numbers in by_day.items() if numbers[0]} for key, by_day in sums.items()
    }


def _parts(selection: Selection, source: _Source, using: str) -> SplitRange:
    """The days and the sessions of the rows."""
    of_days, of_sessions = repo_rule(selection, using)
    chosen = Q(user__in=selected_user_ids(selection))
    if selection.providers:
        chosen &= Q(provider__in=selection.providers)
    rule = of_days & chosen & source.days_rule, of_sessions & chosen & source.sessions_rule
    return SplitRange.load(selection, using, app_settings.time_zone, rule)


def _rows(parts: SplitRange, source: _Source, is_by_model: bool, columns: tuple[str, ...]) -> Any:
    """Rows of day, value of the key, and the sums of these columns."""
    rollup = DAILY_MODEL_USAGE if is_by_model else DAILY_USAGE
    names = [f"sum_{column}" for column in columns]
    of_days, of_sessions = sums_of_days(rollup), sums_of_sessions(rollup)
    days: Any = parts.model_days if is_by_model else parts.days
    sessions: Any = parts.sessions
    return parts.union(
        lambda: days.values("day", key=source.of_days).annotate(**{name: of_days[name] for name in names}),
        lambda: (
            sessions.analyzed()
            .annotate(day=parts.session_day())
            .values("day", key=source.of_sessions)
            .annotate(**{name: of_sessions[name] for name in names})
        ),
        ("day", "key", *names),
    )


def _rows_of_users(parts: SplitRange, columns: tuple[str, ...]) -> Any:
    """Rows of day, user and these columns, not summed."""
    days: Any = parts.days
    sessions: Any = parts.sessions
    names = {column: f"sum_{column}" for column in columns}
    return parts.union(
        lambda: days.values("day", "user_id", **{name: F(column) for column, name in names.items()}),
        lambda: (
            sessions.analyzed()
            .annotate(day=parts.session_day())
            .values("day", "user_id", **{name: summand(DAILY_USAGE, column) for column, name in names.items()})
        ),
        ("day", "user_id", *names.values()),
    )


def _value(numbers: list[int]) -> int | None:
    """The measure, from the sums of its columns."""
    sessions, *others = numbers
    if not others:
        return sessions
    known, value, *dollars = others
    return value + sum(dollars) * NANOS if known else None


def _of_people(selection: Selection, keys: Collection[RowKey], using: str) -> _Source:
    rule = Q(user__in=[key for key in keys if key is not None])
    to_python = get_user_model()._meta.pk.to_python
    return _Source(F("user_id"), F("user_id"), rule, rule, lambda pk: json_id(to_python(pk)))


def _of_providers(selection: Selection, keys: Collection[RowKey], using: str) -> _Source:
    rule = Q(provider__in=keys)
    return _Source(F("provider"), F("provider"), rule, rule, str)


def _of_models(selection: Selection, keys: Collection[RowKey], using: str) -> _Source:
    models = [key for key in keys if key is not None]
    rules = Q(model__in=models), Q(model_usage__model__in=models)
    return _Source(F("model"), F("model_usage__model"), *rules, str)


def _of_teams(selection: Selection, keys: Collection[RowKey], using: str) -> _Source:
    """All selected people, whose rows are then summed by team."""
    return _Source(F("user_id"), F("user_id"), Q(), Q(), lambda team: team)


def _of_repos(selection: Selection, keys: Collection[RowKey], using: str) -> _Source:
    paths = [key for key in keys if key is not None]
    repos = Repo.objects.using(using).filter(Q(path__in=paths, root=None) | Q(root__path__in=paths))
    rows: dict[Any, RowKey] = dict(repos.values_list("pk", Coalesce("root__path", "path")))
    ids = list(rows)
    days_rule, sessions_rule = Q(repo_id__in=ids), Q(repo_id__in=ids)
    if None in keys:
        rows[0] = None
        days_rule, sessions_rule = Q(repo_id__in=[0, *ids]), sessions_rule | Q(repo_id=None)
    return _Source(F("repo_id"), Coalesce("repo_id", 0), days_rule, sessions_rule, rows.__getitem__)


_SOURCES = {
    Grouping.PERSON: _of_people,
    Grouping.TEAM: _of_teams,
    Grouping.REPO: _of_repos,
    Grouping.PROVIDER: _of_providers,
    Grouping.MODEL: _of_models,
}
