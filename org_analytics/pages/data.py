"""The figures of one view of a page, read from one state of the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.utils import timezone

from ..conf import app_settings
from ..periods import previous_period
from ..reporting import reports
from ..reporting.daily import Measure, RowKey, daily_values
from ..reporting.groups import Grouping, PersonReport, breakdown, person_report
from ..reporting.last_active import last_active_days
from ..reporting.members import Person, members
from ..reporting.people import selected_user_ids
from ..reporting.replicas import replica_lag
from ..reporting.reports import Coverage, Series, Summary
from ..reporting.selection import Selection
from ..reporting.snapshots import snapshot
from ..reporting.teams import team_names
from ..reporting.usage import Usage
from ..rollup import maintenance
from .figures import FIGURE_COLUMNS
from .repositories import RepoList, list_repos
from .sparkline import Sparkline, Sparklines
from .state import OrganizationState, PageState, SessionListState
from .table import PAGE_SIZE, PersonRows, Row, group_rows, person_rows

# Key of a row → day → number; days without counted sessions are left out.
ValuesByDay = Mapping[RowKey, Mapping[date, int | None]]


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures that all pages with filters and a chart show."""

    totals: Usage
    coverage: Coverage
    providers_present: tuple[str, ...]
    repos: RepoList
    series: Series
    previous: Selection
    previous_series: Series | None
    previous_total: Usage
    no_repo_count: int
    is_zone_current: bool
    replica_lag: timedelta | None
    has_sessions: bool


@dataclass(frozen=True, slots=True)
class TableData:
    """What the organization page shows beside the overview.

    `rows` are all in their order, `page` those shown, and `lines` the small lines of these by key. `lines` is None
    where the grouping or a range of one day leaves nothing to draw. `has_nobody`: a search matches no member.
    """

    summary: Summary
    rows: Sequence[Row]
    page: Page[Row]
    lines: Mapping[RowKey, Sparkline | None] | None
    has_nobody: bool
    team_names: frozenset[str]
    chosen_members: Mapping[int | str, Person]


def read_page(state: OrganizationState) -> tuple[TableData, Overview]:
    """Read the figures of the organization page; each question is asked once, and all in one snapshot."""
    people = state.selection.people
    with snapshot():
        summary, rows = read_rows(state)
        page = Paginator(rows, PAGE_SIZE).get_page(state.page_number)
        values = _read_values(state, page) if has_lines(state) else {}
        if isinstance(rows, PersonRows):
            last_active = _last_active(state, page, values)
            first = page.start_index() - 1
            page.object_list = rows.with_last_active(last_active)[max(first, 0) : page.end_index()]
        data = TableData(
            summary=summary,
            rows=rows,
            page=page,
            lines=_make_lines(state, values) if has_lines(state) else None,
            has_nobody=state.selection.person != "" and not selected_user_ids(state.selection),
            team_names=team_names() if app_settings.has_teams else frozenset(),
            chosen_members={person.id: person for person in members(people)} if people else {},
        )
        return data, read_overview(state, state.selection, summary)


def has_lines(state: OrganizationState) -> bool:
    """Whether rows have a line: a row of a day or a week has no days to compare."""
    return state.grouping not in (Grouping.DAY, Grouping.WEEK) and state.selection.days.count > 1


def _read_values(state: OrganizationState, rows: Iterable[Row]) -> ValuesByDay:
    """Read the measure by day of these rows; one query for all."""
    keys = [row.key for row in rows if row.figures.sessions]
    return daily_values(state.selection, state.grouping, keys, Measure(state.measure)) if keys else {}


def _make_lines(state: OrganizationState, values: ValuesByDay) -> dict[RowKey, Sparkline | None]:
    lines = Sparklines(state.measure, list(state.selection.days))
    return {key: lines.make(by_day) for key, by_day in values.items()}


def _last_active(state: OrganizationState, rows: Iterable[Row], values: ValuesByDay) -> dict[int | str, date]:
    """Return the last day with a counted session, which is the only day where no line is drawn."""
    if has_lines(state):
        return {key: max(by_day) for key, by_day in values.items() if key is not None and by_day}
    return {row.key: state.selection.days.last for row in rows if row.key is not None and row.figures.sessions}


def read_rows(state: OrganizationState) -> tuple[Summary, Sequence[Row]]:
    """Read the rows of the table, in the state's order, and what they sum up to."""
    if state.grouping is Grouping.PERSON:
        report = reports.report(state.selection)
        return report, person_rows(report.people, state)
    found = breakdown(state.selection, state.grouping)
    return found, group_rows(found.rows, state)


def read_download(state: OrganizationState) -> tuple[Summary, Sequence[Row]]:
    """Read the rows of a download: those of the table, and when people were last active."""
    with snapshot():
        summary, rows = read_rows(state)
        if isinstance(rows, PersonRows):
            rows = rows.with_last_active(last_active_days(state.selection))
        return summary, rows


def read_person(state: SessionListState, selection: Selection, person: Person) -> tuple[PersonReport, Overview]:
    """Read the figures of a person's page; `selection` selects that person."""
    with snapshot():
        report = person_report(selection, person)
        return report, read_overview(state, selection, report)


def read_overview(state: PageState, selection: Selection, summary: Summary) -> Overview:
    """Read what the filters and the chart of a view show beside its rows."""
    previous = _previous_selection(selection)
    with snapshot() as using:
        previous_series = reports.series(previous) if state.is_compared else None
        return Overview(
            totals=summary.totals,
            coverage=summary.coverage,
            providers_present=summary.providers_present,
            repos=list_repos(selection, state.repo_search),
            series=reports.series(selection, measures=FIGURE_COLUMNS[state.measure]),
            previous=previous,
            previous_series=previous_series,
            previous_total=previous_series.total if previous_series else reports.total(previous),
            no_repo_count=_no_repo_count(selection),
            is_zone_current=maintenance.days_are_current(using, selection.start, selection.end),
            replica_lag=replica_lag(using),
            has_sessions=bool(summary.totals.session_count) or reports.has_sessions(),
        )


def _no_repo_count(selection: Selection) -> int:
    """How many sessions without a repository are counted beside those of the selected repositories."""
    return reports.no_repo_count(selection) if selection.repos and selection.include_no_repo else 0


def _previous_selection(selection: Selection) -> Selection:
    days, start, end = previous_period(selection.days, app_settings.time_zone, timezone.now())
    return replace(selection, days=days, start=start, end=end)
