"""Reports: usage per person, over time and in total. Immutable and exact; money is never a float."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from ..conf import app_settings
from ..models import CodingSession, Repo
from ..periods import Interval, buckets
from ..rollup.sums import SUMMED_COLUMNS
from .aggregates import by_day, by_user, count_without_repo, days_of_use, latest_start, of_all
from .garbage import collector_paused
from .grouped_sums import Group
from .members import Person, json_id, members
from .people import select_people, selected_user_ids
from .selection import Selection
from .snapshots import once_per_snapshot, snapshot
from .usage import Usage

_NOTHING = Usage()


class PersonUsage(NamedTuple):
    """A member and their usage."""

    person: Person
    usage: Usage


@dataclass(frozen=True, slots=True)
class Coverage:
    """Sessions that the numbers leave out or only partly contain, for the same selection."""

    pending_sessions: int = 0
    unpriced_sessions: int = 0
    inactive_user_sessions: int = 0
    latest_session_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of a selection, their coverage, and the providers of all members, selected or not."""

    totals: Usage
    coverage: Coverage
    providers_present: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report(Summary):
    """Usage per person, the totals and their coverage."""

    people: tuple[PersonUsage, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Usage by provider in [start, end): the part of a day or week of the reporting time zone that is in the range."""

    day: date
    start: datetime
    end: datetime
    usage: dict[str, Usage]

    @property
    def total(self) -> Usage:
        return Usage.total(self.usage.values())


@dataclass(frozen=True, slots=True)
class Series:
    """Usage over time, without gaps. Its sum equals the report's totals for the same selection."""

    buckets: tuple[Bucket, ...]
    providers_present: tuple[str, ...]
    providers: tuple[str, ...]

    @property
    def total(self) -> Usage:
        return Usage.total(bucket.total for bucket in self.buckets)


def report(selection: Selection) -> Report:
    """Usage of every active member in the selection, including members without a session."""
    with snapshot(), collector_paused():
        everybody = members()
        groups = {json_id(user): group for user, group in by_user(selection).items()}
        of_members = {person.id: groups.pop(person.id) for person in everybody if person.id in groups}
        people = select_people(selection, everybody)
        usages = {user: group.usage for user, group in of_members.items()}
        rows = tuple(PersonUsage(person, usages.get(person.id, _NOTHING)) for person in people)
        summary = summarize(
            selection,
            selected=[of_members[person.id] for person in people if person.id in of_members],
            of_members=of_members.values(),
            of_non_members=groups.values(),
        )
    return Report(summary.totals, summary.coverage, summary.providers_present, rows)


def summarize(
    selection: Selection,
    selected: Collection[Group],
    of_members: Collection[Group],
    of_non_members: Collection[Group],
) -> Summary:
    """Sum the groups of the selected people, with what they leave out.

    `of_members` are the groups of all members, selected or not.
    """
    totals = Usage.total(group.usage for group in selected)
    # Only members can be searched for.
    left_out = [] if selection.selects_people else of_non_members
    return Summary(
        totals=totals,
        coverage=Coverage(
            pending_sessions=sum(group.pending_count for group in selected),
            unpriced_sessions=totals.unpriced_count,
            inactive_user_sessions=sum(group.usage.session_count for group in left_out),
            latest_session_at=_latest(selection, selected),
        ),
        providers_present=tuple(sorted(frozenset().union(*{group.providers for group in of_members}))),
    )


def _latest(selection: Selection, groups: Collection[Group]) -> datetime | None:
    since = max((group.latest_from for group in groups if group.latest_from), default=None)
    return latest_start(selection, since, selected_user_ids(selection)) if since else None


def series(
    selection: Selection, interval: Interval = Interval.DAY, measures: Collection[str] = tuple(SUMMED_COLUMNS)
) -> Series:
    """Usage by day or week of the reporting time zone. Sums only `measures` and the session count."""
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
    """The total usage of the selection: the same as the report's totals, but faster."""
    with snapshot():
        return of_all(selection, selected_user_ids(selection))


def no_repo_count(selection: Selection) -> int:
    """The number of counted sessions without a repository, whatever repositories are selected."""
    with snapshot():
        return count_without_repo(selection, selected_user_ids(selection))


def repos(selection: Selection) -> list[str]:
    """Sorted root paths of the repositories with sessions of members in range, analyzed or not."""
    return sorted(_present_roots(selection).values())


def repos_by_use(selection: Selection) -> list[str]:
    """The same paths, those that the selected people used on most days first."""
    with snapshot() as using:
        paths = _present_roots(selection)
        uses = days_of_use(selection, selected_user_ids(selection) if selection.selects_people else None)
        root_ids = dict(Repo.objects.using(using).exclude(root=None).values_list("pk", "root_id"))
    total: dict[int, int] = defaultdict(int)
    for pk, count in uses.items():
        total[root_ids.get(pk, pk)] += count
    return [path for pk, path in sorted(paths.items(), key=lambda root: (-total[root[0]], root[1]))]


def _present_roots(selection: Selection) -> dict[int, str]:
    """The paths, by id, of the root repositories with sessions of members in range.

    Looks for one session per root, by index, in its own repository first and then in the forks, which can be many.
    """
    with snapshot() as using:
        return once_per_snapshot(
            ("present roots", selection.start, selection.end), lambda: _find_roots(selection, using)
        )


def _find_roots(selection: Selection, using: str) -> dict[int, str]:
    sessions = CodingSession.objects.started_between(selection.start, selection.end).filter(
        user__in=app_settings.members.order_by().values("pk")
    )
    # Subqueries in the result: PostgreSQL turns an EXISTS, or a join, into a scan of all sessions.
    own = Subquery(sessions.filter(repo=OuterRef("pk")).order_by("repo", "started_at").values("user")[:1])
    repos = Repo.objects.using(using).annotate(own=own).order_by()
    forks = repos.filter(root=OuterRef("pk"), own__isnull=False).values("own")[:1]
    roots = repos.filter(root=None).annotate(first=Coalesce("own", Subquery(forks))).filter(first__isnull=False)
    return dict(roots.values_list("pk", "path"))


def has_sessions() -> bool:
    """Whether there is any session at all."""
    with snapshot() as using:
        return CodingSession.objects.using(using).exists()
