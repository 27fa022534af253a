"""The table of people: its headings, rows and cells, as the template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.paginator import Page
from django.utils.translation import gettext as _

from ..reporting.members import Person
from ..reporting.reports import PersonUsage
from .figures import LABELS, Figures
from .formats import format_count
from .state import TABLE_COLUMNS, OrganizationState

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `sort` is its `aria-sort`, empty where the table is sorted by another column."""

    name: str
    label: str
    query: str
    sort: str


class Cell(NamedTuple):
    """One number of a row; `share` is its per cent of the column's largest, in the sorted column only."""

    text: str
    share: str | None = None


class TableRow(NamedTuple):
    """One person's row."""

    person: Person
    figures: Figures

    @property
    def label(self) -> str:
        """The name; the e-mail address of a person without one; the id where there is neither."""
        return self.person.name or self.person.email or str(self.person.id)

    @property
    def is_idle(self) -> bool:
        return not self.figures.sessions


def make_rows(people: Sequence[PersonUsage], state: OrganizationState) -> list[TableRow]:
    """Return the rows in the state's order; ties by name, then id (the report's order); unknown values are last."""
    shown = [
        TableRow(row.person, Figures(row.usage)) for row in people if row.usage.session_count or not state.hides_idle
    ]
    keys: list[Any] = [_sort_key(row, state.sorted_by) for row in shown]
    known = [place for place, key in enumerate(keys) if key is not None]
    unknown = [place for place, key in enumerate(keys) if key is None]
    known.sort(key=keys.__getitem__, reverse=state.is_descending)
    return [shown[place] for place in known + unknown]


def _sort_key(row: TableRow, column: str) -> Any:
    if column == "user":
        return row.person.collated_name if row.person.name is not None else None
    return row.figures.value(column)


def make_columns(state: OrganizationState) -> list[Column]:
    """Return the headings with the views that a click on them leads to."""
    return [
        Column(name, str(LABELS[name]), state.query(o=_order_after_click(name, state)), _aria_sort(name, state))
        for name in TABLE_COLUMNS
    ]


def _order_after_click(column: str, state: OrganizationState) -> str:
    """Return the opposite order of the sorted column; of another one names ascend and numbers descend."""
    ascends = state.is_descending if column == state.sorted_by else column == "user"
    return column if ascends else f"-{column}"


def _aria_sort(column: str, state: OrganizationState) -> str:
    if column != state.sorted_by:
        return ""
    return "descending" if state.is_descending else "ascending"


def make_cells(figures: Figures, state: OrganizationState, largest: Decimal | int) -> list[Cell]:
    """Return a row's numbers; in the sorted column with their share of the largest."""
    return [
        Cell(figures.format(name), _format_share(figures.value(name), largest) if name == state.sorted_by else None)
        for name in TABLE_COLUMNS[1:]
    ]


def largest_value(rows: Sequence[TableRow], state: OrganizationState) -> Decimal | int:
    """Return the largest number of the sorted column over all rows, not only those of one page."""
    if state.sorted_by == "user":
        return 0
    from_largest = rows if state.is_descending else reversed(rows)
    return next((value for row in from_largest if (value := row.figures.value(state.sorted_by)) is not None), 0)


def _format_share(value: Decimal | int | None, largest: Decimal | int) -> str | None:
    return f"{Decimal(value) / Decimal(largest) * 100:.1f}" if value and largest else None


def page_label(page: Page[TableRow]) -> str:
    """Return which page this is and which rows it has."""
    return _("Page %(number)s of %(pages)s (%(first)s–%(last)s of %(all)s)") % {
        "number": format_count(page.number),
        "pages": format_count(page.paginator.num_pages),
        "first": format_count(page.start_index()),
        "last": format_count(page.end_index()),
        "all": format_count(page.paginator.count),
    }
