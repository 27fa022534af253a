"""The answers, computed the slow and obvious way: every session in Python."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from org_analytics.conf import app_settings
from org_analytics.models import CodingSession, Repo
from org_analytics.money import to_nanos
from org_analytics.periods import Interval, buckets
from org_analytics.reporting import reports
from org_analytics.reporting.reports import Coverage
from org_analytics.reporting.selection import Selection
from org_analytics.reporting.usage import Usage


class BruteForce:
    """The correct answers for a selection."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        roots = {repo.key: repo.root_id or repo.pk for repo in Repo.objects.all()}
        self.wanted = {roots.get(path.casefold()) for path in selection.repos}
        self.members = {user.pk for user in get_user_model().objects.all() if user.is_active}
        in_range = [
            session
            for session in CodingSession.objects.select_related("repo")
            if selection.start <= session.started_at < selection.end
        ]
        self.of_members = [session for session in in_range if session.user_id in self.members]
        in_repos = [session for session in in_range if self._passes(session)]
        self.analyzed = [session for session in in_repos if session.analyzed_at]
        self.selected = [session for session in in_repos if self._is_selected(session.provider)]
        self.counted = [session for session in self.selected if session.analyzed_at and session.user_id in self.members]

    def _passes(self, session: CodingSession) -> bool:
        if session.repo is None:
            return self.selection.include_no_repo
        return not self.selection.repos or (session.repo.root_id or session.repo.pk) in self.wanted

    def _is_selected(self, provider: str) -> bool:
        return not self.selection.providers or provider in self.selection.providers

    def people(self) -> dict[Any, Usage]:
        def json_id(pk: Any) -> Any:
            return pk if isinstance(pk, int) else str(pk)

        return {json_id(pk): usage(s for s in self.counted if s.user_id == pk) for pk in self.members}

    def totals(self) -> Usage:
        return usage(self.counted)

    def coverage(self) -> Coverage:
        strangers = [s for s in self.selected if s.user_id not in self.members]
        return Coverage(
            pending_sessions=sum(not s.analyzed_at for s in self.selected if s.user_id in self.members),
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
    assert {row.person.id: row.usage for row in report.people} == expected.people()
    assert report.totals == reports.total(selection) == expected.totals()
    assert report.coverage == expected.coverage()
    assert report.providers_present == expected.providers_present()
    assert reports.repos(selection) == expected.repos()
    series = reports.series(selection)
    assert [(bucket.start, bucket.end, bucket.usage) for bucket in series.buckets] == expected.series()
