"""Database aggregates per user, per another key, and per day and provider, which `reports` turns into results.

Whole days come from the daily roll-up. The parts of a range before and after them come from the sessions, by index. One
statement reads both, so that concurrent writes are neither missed nor counted twice.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Q,
    QuerySet,
    When,
)
from django.db.models.functions import Coalesce

from ..conf import app_settings
from ..models import CodingSession
from ..rollup.sums import SUMMED_COLUMNS
from .grouped_sums import Group, as_usage, grouped_sums
from .members import member_ids
from .selection import Selection
from .snapshots import snapshot
from .split_ranges import SUMS_OF_DAYS, SUMS_OF_SESSIONS, WITHOUT_REPO, SplitRange, only, repo_rule
from .usage import Usage

_SESSIONS = SUMMED_COLUMNS.index("session_count")


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


def by_user(selection: Selection) -> dict[Any, Group]:
    """Usage per user, members or not: the coverage counts the sessions of other users."""
    to_python = get_user_model()._meta.pk.to_python
    with snapshot() as using:
        parts = SplitRange.load(selection, using)
        key = {"key": F("user_id")}
        groups = grouped_sums(parts, selection, key, key, of_tens=key)
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
        groups = grouped_sums(parts, selection, {"key": days, "who": who}, {"key": sessions, "who": who})
    found: dict[Who, list[Group]] = {who: [] for who in Who}
    for (_key, of_whom), group in groups.items():
        found[Who(of_whom)].append(group)
    return found


def _who(selection: Selection, user_ids: Any) -> Case:
    selected = When(user__in=user_ids, then=Who.SELECTED.value)
    cases = [selected, When(user__in=member_ids(), then=Who.OTHER_MEMBERS.value)]
    return Case(*cases[: 1 + selection.selects_people], default=Who.NON_MEMBERS.value, output_field=IntegerField())


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
        return [DayGroup(day, provider, as_usage(sums)) for day, provider, *sums in rows if sums[_SESSIONS]]


def of_all(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> Usage:
    """The total usage of these users with the selected providers."""
    with snapshot() as using:
        parts = SplitRange.load(selection, using)
        rows = _of_users(user_ids, parts, parts.sessions, ("provider",), SUMMED_COLUMNS)
        return Usage.total(as_usage(sums) for provider, *sums in rows if selection.has_provider(provider))


def count_without_repo(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> int:
    """The number of these users' counted sessions that have no repository, with the selected providers."""
    with snapshot() as using:
        parts = SplitRange.load(selection, using, rule=WITHOUT_REPO)
        rows = _of_users(user_ids, parts, parts.sessions, ("provider",), {"session_count"})
        return sum(sums[_SESSIONS] for provider, *sums in rows if selection.has_provider(provider))


def days_of_use(selection: Selection, user_ids: Collection[Any] | QuerySet[Any] | None) -> dict[int, int]:
    """On how many days each repository was used, counted for each person and provider; None: people do not matter.

    Only for a ranking: a partial day counts its sessions. Counting reads nothing but the primary key of the roll-up,
    so it takes a fraction of the time of a sum.
    """
    with snapshot() as using:
        parts = SplitRange.load(selection, using, rule=(~Q(repo_id=0), ~Q(repo_id=None)))
        chosen = Q(provider__in=selection.providers) if selection.providers else Q()
        if user_ids is not None:
            chosen &= Q(user__in=user_ids)
        rows = parts.union(
            lambda: parts.days.filter(chosen).values("repo_id").annotate(uses=Count("*")),
            lambda: parts.sessions.filter(chosen).values("repo_id").annotate(uses=Count("*")),
            ("repo_id", "uses"),
        )
        uses: dict[int, int] = defaultdict(int)
        for repo_id, count in rows:
            uses[repo_id] += count
        return uses


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
