"""The answers, computed the slow and obvious way: every session in Python."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from org_analytics.conf import app_settings
from org_analytics.models import CodingSession, Repo
from org_analytics.money import to_nanos
from org_analytics.periods import Interval, buckets, day_of
from org_analytics.reporting import reports
from org_analytics.reporting.daily import Measure, daily_values
from org_analytics.reporting.groups import Breakdown, Grouping, breakdown, breakdown_rows
from org_analytics.reporting.members import json_id
from org_analytics.reporting.reports import Coverage
from org_analytics.reporting.selection import NONE, Selection
from org_analytics.reporting.usage import Usage


class BruteForce:
    """The correct answers for a selection."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        roots = {repo.key: repo.root_id or repo.pk for repo in Repo.objects.all()}
        self.wanted = {roots.get(path.casefold()) for path in selection.repos}
        active = [user for user in get_user_model().objects.prefetch_related("groups") if user.is_active]
        self.members = {user.pk for user in active}
        has_teams = bool(getattr(settings, "ORG_ANALYTICS_TEAMS", None))
        self.teams = {user.pk: {group.name for group in user.groups.all() if has_teams} or {NONE} for user in active}
        self.people = {user.pk for user in active if self._is_wanted(user)}
        in_range = [
            session
            for session in CodingSession.objects.select_related("repo")
            if selection.start <= session.started_at < selection.end
        ]
        self.of_members = [session for session in in_range if session.user_id in self.members]
        in_repos = [session for session in in_range if self._passes(session)]
        self.analyzed = [session for session in in_repos if session.analyzed_at]
        self.selected = [session for session in in_repos if self._is_selected(session.provider)]
        self.counted = [session for session in self.selected if session.analyzed_at and session.user_id in self.people]

    def _is_wanted(self, user: Any) -> bool:
        wanted, teams = self.selection.people, set(self.selection.teams)
        return (
            self.selection.person.casefold() in user.email.casefold()
            and (not wanted or json_id(user.pk) in wanted)
            and (not teams or bool(teams & self.teams[user.pk]))
        )

    def _passes(self, session: CodingSession) -> bool:
        if session.repo is None:
            return self.selection.include_no_repo
        return not self.selection.repos or (session.repo.root_id or session.repo.pk) in self.wanted

    def _is_selected(self, provider: str) -> bool:
        return not self.selection.providers or provider in self.selection.providers

    def usage_by_person(self) -> dict[Any, Usage]:
        return {json_id(pk): usage(s for s in self.counted if s.user_id == pk) for pk in self.people}

    def usage_by(self, grouping: Grouping) -> dict[Any, Usage]:
        """The usage by key."""
        if grouping is Grouping.PERSON:
            return self.usage_by_person()
        return {key: usage(sessions) for key, sessions in self.sessions_by(grouping).items()}

    def sessions_by(self, grouping: Grouping) -> dict[Any, list[CodingSession]]:
        """The counted sessions by key."""
        found: dict[Any, list[CodingSession]] = {}
        for session in self.counted:
            for key in self._keys(session, grouping):
                found.setdefault(key, []).append(session)
        return found

    def _keys(self, session: CodingSession, grouping: Grouping) -> Iterable[Any]:
        if grouping is Grouping.PERSON:
            return [json_id(session.user_id)]
        if grouping is Grouping.TEAM:
            teams = self.teams[session.user_id] & set(self.selection.teams or self.teams[session.user_id])
            return [None if team == NONE else team for team in teams]
        if grouping is Grouping.REPO:
            return [session.repo and (session.repo.root or session.repo).path]
        if grouping is Grouping.PROVIDER:
            return [session.provider]
        day = day_of(session.started_at, app_settings.time_zone)
        return [(day if grouping is Grouping.DAY else day - timedelta(day.weekday())).isoformat()]

    def totals(self) -> Usage:
        return usage(self.counted)

    def coverage(self) -> Coverage:
        strangers = [s for s in self.selected if s.user_id not in self.members]
        if self.selection.selects_people:
            strangers = []
        return Coverage(
            pending_sessions=sum(not s.analyzed_at for s in self.selected if s.user_id in self.people),
            unpriced_sessions=usage(self.counted).unpriced_count,
            inactive_user_sessions=sum(bool(s.analyzed_at) for s in strangers),
            latest_session_at=max((s.started_at for s in self.counted), default=None),
        )

    def providers_present(self) -> tuple[str, ...]:
        return tuple(sorted({s.provider for s in self.analyzed if s.user_id in self.members}))

    def repos(self) -> list[str]:
        roots = {s.repo.root or s.repo for s in self.of_members if s.repo}
        return sorted(repo.path for repo in roots)

    def series(self) -> list[tuple[datetime, datetime, dict[str, Usage]]]:
        """Start, end and usage by provider of each day of the reporting zone."""
        parts = buckets(self.selection.start, self.selection.end, app_settings.time_zone, Interval.DAY).values()
        providers = [name for name in self.providers_present() if self._is_selected(name)]
        return [
            (
                start,
                end,
                {
                    name: usage(s for s in self.counted if s.provider == name and start <= s.started_at < end)
                    for name in providers
                },
            )
            for start, end in parts
        ]


def usage(sessions: Iterable[CodingSession]) -> Usage:
    """Their sum."""
    sessions = list(sessions)
    costs = [to_nanos(session.cost_usd) for session in sessions if session.cost_usd is not None]
    times = []
    for name in ("duration_ms", "assistant_ms", "user_ms"):
        known = [value for session in sessions if (value := getattr(session, name)) is not None]
        times += [sum(known), len(known)]
    unpriced = sum(session.cost_usd is None or not session.cost_complete for session in sessions)
    return Usage(len(sessions), unpriced, sum(costs), len(costs), *times)


def assert_exact(selection: Selection) -> None:
    """Each answer about a selection is what it must be."""
    expected, report = BruteForce(selection), reports.report(selection)
    assert {row.person.id: row.usage for row in report.people} == expected.usage_by_person()
    assert report.totals == reports.total(selection) == expected.totals()
    assert report.coverage == expected.coverage()
    assert report.providers_present == expected.providers_present()
    assert reports.repos(selection) == expected.repos()
    series = reports.series(selection)
    assert [(bucket.start, bucket.end, bucket.usage) for bucket in series.buckets] == expected.series()


GROUPINGS = [grouping for grouping in Grouping if grouping is not Grouping.MODEL]


def assert_breakdowns_exact(selection: Selection) -> None:
    """Each breakdown of a selection is what it must be, and each row is what one sees after following it."""
    expected, report = BruteForce(selection), reports.report(selection)
    for grouping in GROUPINGS:
        found = breakdown(selection, grouping)
        assert {row.key: row.usage for row in found.rows} == expected.usage_by(grouping), grouping
        assert (found.totals, found.coverage, found.providers_present) == (
            report.totals,
            report.coverage,
            report.providers_present,
        )
        assert breakdown_rows(selection, grouping) == found.rows
        assert_in_order(found, grouping)
        for row in found.rows:
            assert reports.total(followed(selection, grouping, row.key)) == row.usage, (grouping, row.key)


def assert_daily_values_exact(selection: Selection, measure: Measure) -> None:
    """The numbers of each day in each row add up what they must."""
    expected = BruteForce(selection)
    for grouping in (Grouping.PERSON, Grouping.TEAM, Grouping.REPO, Grouping.PROVIDER):
        keys = [row.key for row in breakdown(selection, grouping).rows]
        sessions_by_key = expected.sessions_by(grouping)
        days = {key: by_day(sessions_by_key.get(key, [])) for key in keys}
        assert daily_values(selection, grouping, keys, measure) == {
            key: {day: value_of(usage(sessions), measure) for day, sessions in found.items()}
            for key, found in days.items()
        }
        assert daily_values(selection, grouping, keys[:1], measure).keys() == set(keys[:1])


def by_day(sessions: Iterable[CodingSession]) -> dict[date, list[CodingSession]]:
    """The sessions by the day of the reporting zone on which they started."""
    found: dict[date, list[CodingSession]] = {}
    for session in sessions:
        found.setdefault(day_of(session.started_at, app_settings.time_zone), []).append(session)
    return found


def value_of(found: Usage, measure: Measure) -> int | None:
    """The measure of a usage, None if no value is known."""
    if measure is Measure.SESSIONS:
        return found.session_count
    value, count = {
        Measure.COST: (found.cost_nanos, found.cost_count),
        Measure.DURATION: (found.duration_ms, found.duration_count),
        Measure.ASSISTANT: (found.assistant_ms, found.assistant_count),
        Measure.USER_TIME: (found.user_ms, found.user_count),
    }[measure]
    return value if count else None


def assert_in_order(found: Breakdown, grouping: Grouping) -> None:
    keys: list[Any] = [row.key for row in found.rows]
    if grouping is not Grouping.PERSON:
        known = [key for key in keys if key is not None]
        assert keys == sorted(known) + [None] * (len(keys) - len(known))
        assert all(row.usage.session_count for row in found.rows)
    if grouping is not Grouping.TEAM:  # people in two teams count in both
        assert Usage.total(row.usage for row in found.rows) == found.totals


def followed(selection: Selection, grouping: Grouping, key: Any) -> Selection:
    """The selection that the link in a row leads to."""
    if grouping is Grouping.PERSON:
        return replace(selection, people=(key,))
    if grouping is Grouping.TEAM:
        return replace(selection, teams=(key or NONE,))
    if grouping is Grouping.REPO:
        return replace(selection, repos=(key or NONE,), include_no_repo=key is None)
    if grouping is Grouping.PROVIDER:
        return replace(selection, providers=(key,))
    parts = buckets(selection.start, selection.end, app_settings.time_zone, Interval(grouping.value))
    start, end = next(part for day, part in parts.items() if day.isoformat() == key)
    return replace(selection, start=start, end=end)
