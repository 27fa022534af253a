"""Sums out of the database, per user or per day, always by provider. What a question makes of them is elsewhere."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from django.db import OperationalError
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncDate

from .conf import app_settings
from .fields import MoneyOverflow
from .filters import Selection
from .models import CodingSession, CodingSessionQuerySet


@dataclass(frozen=True, slots=True)
class Usage:
    """Counted sessions and exact sums; each `…_count` says for how many sessions that value is known."""

    session_count: int = 0
    unpriced_count: int = 0
    cost_usd: Decimal = Decimal(0)
    cost_count: int = 0
    duration_ms: int = 0
    duration_count: int = 0
    assistant_ms: int = 0
    assistant_count: int = 0
    user_ms: int = 0
    user_count: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class UserGroup:
    """What one user did with one provider."""

    user_id: Any
    provider: str
    usage: Usage
    pending_count: int
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class DayGroup:
    """What was done with one provider on one day of the reporting zone."""

    day: date
    provider: str
    usage: Usage


def by_user(selection: Selection) -> list[UserGroup]:
    """Per user and provider, members or not, whatever provider is selected: who and which are there is to be told."""
    sums = _sums(_sessions(selection).values("user_id", "provider")).annotate(
        pending_count=Count("pk", filter=~_ANALYZED), latest=Max("started_at", filter=_ANALYZED)
    )
    with _overflow_named():
        return [
            UserGroup(row["user_id"], row["provider"], _usage(row), row["pending_count"], row["latest"]) for row in sums
        ]


def by_day(selection: Selection, user_ids: Collection[Any]) -> list[DayGroup]:
    """Per day of the reporting zone and provider, of these users, whatever provider is selected; no empty days."""
    day = TruncDate("started_at", tzinfo=app_settings.time_zone)
    sessions = _sessions(selection).filter(_ANALYZED, user__in=user_ids).annotate(day=day)
    with _overflow_named():
        return [DayGroup(row["day"], row["provider"], _usage(row)) for row in _sums(sessions.values("day", "provider"))]


_ANALYZED = Q(analyzed_at__isnull=False)
_UNPRICED = Q(cost_usd__isnull=True) | Q(cost_complete=False)
_SUMMED = ("cost_usd", "duration_ms", "assistant_ms", "user_ms")


def _sessions(selection: Selection) -> CodingSessionQuerySet:
    sessions = CodingSession.objects.started_between(selection.start, selection.end)
    return sessions.in_repos(selection.repos, selection.include_no_repo).order_by()


def _sums(grouped: Any) -> Any:
    return grouped.annotate(
        session_count=Count("pk", filter=_ANALYZED),
        unpriced_count=Count("pk", filter=_ANALYZED & _UNPRICED),
        **{f"{name}_sum": Sum(name, filter=_ANALYZED) for name in _SUMMED},
        **{f"{name}_count": Count(name, filter=_ANALYZED) for name in _SUMMED},
    )


def _usage(row: dict[str, Any]) -> Usage:
    return Usage(
        session_count=row["session_count"],
        unpriced_count=row["unpriced_count"],
        cost_usd=row["cost_usd_sum"] or Decimal(0),
        cost_count=row["cost_usd_count"],
        duration_ms=int(row["duration_ms_sum"] or 0),
        duration_count=row["duration_ms_count"],
        assistant_ms=int(row["assistant_ms_sum"] or 0),
        assistant_count=row["assistant_ms_count"],
        user_ms=int(row["user_ms_sum"] or 0),
        user_count=row["user_ms_count"],
    )


@contextmanager
def _overflow_named() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if "integer overflow" not in str(error):  # SQLite's words; PostgreSQL sums on and the field refuses the result
            raise
        raise MoneyOverflow(str(error)) from error
