"""The small tables of a person's page: their repositories, providers and models side by side."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from ..reporting.groups import BreakdownRow, Grouping
from .formats import format_count
from .groupings import TEXTS, repo_filter
from .state import DOWNLOADS, SessionListState
from .table import group_figures, group_label

# The rest is one click away.
_MAX_ROWS = 8


class PanelRow(NamedTuple):
    """A group: `url` leads to the view of a repository, `narrowed` to this page with the row as a filter."""

    label: str
    url: str
    sessions: str
    narrowed: str
    cost: str
    share: str


class Panel(NamedTuple):
    """The costliest groups of a grouping. `more` leads to all of them with every column, `downloads` to their files."""

    name: str
    heading: str
    column: str
    rows: list[PanelRow]
    more: str
    more_label: str
    downloads: list[tuple[str, str]]


def make_panel(
    grouping: Grouping, rows: Sequence[BreakdownRow], person_id: int | str, state: SessionListState
) -> Panel:
    """Return the panel of a grouping of one person's sessions."""
    ordered = sorted(rows, key=_costliest_first)
    largest = max((_cost(row) for row in rows), default=Decimal(0))
    texts = TEXTS[grouping]
    address = state.query_elsewhere(team=[], person=[str(person_id)], group=str(grouping))
    return Panel(
        name=str(grouping),
        heading=str(texts.heading),
        column=str(texts.column),
        rows=[_panel_row(row, grouping, largest, state) for row in ordered[:_MAX_ROWS]],
        more=reverse("org_analytics:organization") + address,
        downloads=[(label, reverse(f"org_analytics:{name}") + address) for label, name in DOWNLOADS.items()],
        more_label=_("As a table (%(number)s)") % {"number": format_count(len(rows))},
    )


def _panel_row(row: BreakdownRow, grouping: Grouping, largest: Decimal, state: SessionListState) -> PanelRow:
    figures = group_figures(row, grouping)
    share = _cost(row) / largest * 100 if largest > 0 else Decimal(0)
    return PanelRow(
        label=group_label(row, grouping),
        url=repo_url(str(row.key), state) if grouping is Grouping.REPO and row.key is not None else "",
        sessions=figures.format("sessions"),
        narrowed=_narrowed(row, grouping, state),
        cost=figures.format("cost"),
        share=f"{share:.1f}" if share > 0 else "",
    )


def repo_url(path: str, state: SessionListState) -> str:
    """Return the address of the view of one repository, for everyone."""
    filters = {"provider": "", "team": [], "person": [], **repo_filter(path)}
    return reverse("org_analytics:organization") + state.query_elsewhere(**filters)


def _narrowed(row: BreakdownRow, grouping: Grouping, state: SessionListState) -> str:
    """Return the query string of this page with the row as a filter, empty where no filter selects it."""
    if grouping is Grouping.REPO:
        return state.query(**repo_filter(None if row.key is None else str(row.key)))
    return state.query(provider=[row.key]) if grouping is Grouping.PROVIDER else ""


def _cost(row: BreakdownRow) -> Decimal:
    return row.usage.cost_usd


def _costliest_first(row: BreakdownRow) -> tuple[Decimal, int, str]:
    return -_cost(row), -row.usage.session_count, row.label
