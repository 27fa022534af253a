"""The questions and their answers: immutable, exact numbers. Money is summed as integers and Decimals only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from ..conf import app_settings
from ..models import CodingSession, Repo
from ..periods import Interval, buckets
from ..rollup.triggers import SUMMED_COLUMNS
from .aggregates import UserGroup, by_day, by_user, latest_start, of_all
from .people import Person, json_id, members, selected_user_ids
from .selection import Selection
from .snapshots import snapshot
from .usage import Usage


class PersonUsage(NamedTuple):
    """One row."""

    person: Person
    usage: Usage


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the numbers leave out, over the same filters."""

    pending_sessions: int = 0
    unpriced_sessions: int = 0
    inactive_user_sessions: int = 0
    latest_session_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Usage per person, of everyone, and what it covers."""

    people: tuple[PersonUsage, ...]
    totals: Usage
    coverage: Coverage
    providers_present: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day or week of the reporting zone, cut at the range: [start, end), with usage by selected provider present."""

    day: date
    start: datetime
    end: datetime
    usage: dict[str, Usage]

    @property
    def total(self) -> Usage:
        return Usage.total(self.usage.values())


@dataclass(frozen=True, slots=True)
class Series:
    """Usage over time, without gaps. Sums equal the report's totals of the same selection."""

    buckets: tuple[Bucket, ...]
    providers_present: tuple[str, ...]
    providers: tuple[str, ...]

    @property
    def total(self) -> Usage:
        return Usage.total(bucket.total for bucket in self.buckets)


def report(selection: Selection) -> Report:
    """Usage of every active member in the selection, also of those without a session."""
    with snapshot():
        everyone = {person.id: person for person in members()}
        groups = {json_id(group.user_id): group for group in by_user(selection)}
        people = {pk: person for pk, person in everyone.items() if person.matches(selection.person)}
        counted = {pk: group for pk, group in groups.items() if pk in people}
        latest = _latest(selection, counted.values())
    nothing = Usage()
    rows = tuple(
        PersonUsage(person, counted[person.id].usage if person.id in counted else nothing)
        for person in sorted(people.values(), key=lambda person: person.order)
    )
    totals = Usage.total(group.usage for group in counted.values())
    # A search is for people who are rows.
    strangers = [] if selection.person else [group for pk, group in groups.items() if pk not in everyone]
    return Report(
        people=rows,
        totals=totals,
        coverage=Coverage(
            pending_sessions=sum(group.pending_count for group in counted.values()),
            unpriced_sessions=totals.unpriced_count,
            inactive_user_sessions=sum(group.usage.session_count for group in strangers),
            latest_session_at=latest,
        ),
        providers_present=tuple(
            sorted(frozenset().union(*(group.providers for pk, group in groups.items() if pk in everyone)))
        ),
    )


def _latest(selection: Selection, groups: Collection[UserGroup]) -> datetime | None:
    since = max((group.latest_from for group in groups if group.latest_from), default=None)
    return latest_start(selection, since, selected_user_ids(selection)) if since else None


def series(
    selection: Selection, interval: Interval = Interval.DAY, measures: Collection[str] = tuple(SUMMED_COLUMNS)
) -> Series:
    """The selection's usage by day or week of the reporting zone; of `measures` alone, and the number of sessions."""
    with snapshot():
        groups = by_day(selection, selected_user_ids(selection), measures)
    present = sorted({group.provider for group in groups if group.usage.session_count})
    providers = tuple(filter(selection.has_provider, present))
    parts = buckets(selection.start, selection.end, app_settings.time_zone, interval)
    usage = {day: dict.fromkeys(providers, Usage()) for day in parts}
    for group in groups:
        if group.provider in providers:
            day = interval.first_day(group.day)
            usage[day][group.provider] = Usage.total([usage[day][group.provider], group.usage])
    return Series(
        buckets=tuple(Bucket(day, start, end, usage[day]) for day, (start, end) in parts.items()),
        providers_present=tuple(present),
        providers=providers,
    )


def total(selection: Selection) -> Usage:
    """The selection's usage: what the report's totals are, and quicker."""
    with snapshot():
        return of_all(selection, selected_user_ids(selection))


def repos(selection: Selection) -> list[str]:
    """Root paths of all sessions in range, analyzed or not, of users who are rows; sorted. One probe a repository."""
    with snapshot() as using:
        sessions = CodingSession.objects.started_between(selection.start, selection.end).filter(
            repo=OuterRef("pk"), user__in=app_settings.members.order_by().values("pk")
        )
        # A subquery in the result, as PostgreSQL makes a join over all sessions of an EXISTS.
        first = Subquery(sessions.order_by("repo", "started_at").values("user")[:1])
        seen = Repo.objects.using(using).annotate(first=first).filter(first__isnull=False)
        return sorted(set(seen.values_list(Coalesce("root__path", "path"), flat=True)))


def has_sessions() -> bool:
    """Whether anybody has ever sent one."""
    with snapshot() as using:
        return CodingSession.objects.using(using).exists()
