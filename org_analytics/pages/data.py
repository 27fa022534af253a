"""The figures of one view of the page, read from one state of the database."""

from dataclasses import dataclass, replace

from django.utils import timezone

from ..conf import app_settings
from ..periods import previous_period
from ..reporting import reports
from ..reporting.reports import Report, Series
from ..reporting.selection import Selection
from ..reporting.snapshots import snapshot
from ..reporting.usage import Usage
from ..rollup import maintenance
from .figures import FIGURE_COLUMNS
from .state import PageState


@dataclass(frozen=True, slots=True)
class PageData:
    """Everything that the page asks the database for."""

    report: Report
    repos: list[str]
    series: Series
    previous: Selection
    previous_series: Series | None
    previous_total: Usage
    no_repo_count: int
    is_zone_current: bool
    has_sessions: bool


def read_page(state: PageState) -> PageData:
    """Read the figures of a view; each question is asked once, and all in one snapshot."""
    selection, previous = state.selection, _previous_selection(state.selection)
    with snapshot() as using:
        report = reports.report(selection)
        previous_series = reports.series(previous) if state.is_compared else None
        return PageData(
            report=report,
            repos=reports.repos(selection),
            series=reports.series(selection, measures=FIGURE_COLUMNS[state.measure]),
            previous=previous,
            previous_series=previous_series,
            previous_total=previous_series.total if previous_series else reports.total(previous),
            no_repo_count=_count_without_repo(selection, report.totals),
            is_zone_current=maintenance.days_are_current(using, selection.start, selection.end),
            has_sessions=bool(report.totals.session_count) or reports.has_sessions(),
        )


def _count_without_repo(selection: Selection, totals: Usage) -> int:
    """Return how many sessions without a repository are counted beside those of the chosen repositories."""
    if not selection.repos or not selection.include_no_repo:
        return 0
    with_repo = reports.total(replace(selection, include_no_repo=False))
    return totals.session_count - with_repo.session_count


def _previous_selection(selection: Selection) -> Selection:
    days, start, end = previous_period(selection.days, app_settings.time_zone, timezone.now())
    return replace(selection, days=days, start=start, end=end)
