"""The table of the organization page: its headings, rows and cells, as the template shows them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, overload

from django.core.paginator import Page
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..reporting.groups import BreakdownRow, Grouping
from ..reporting.members import Person
from ..reporting.reports import PersonUsage
from ..reporting.usage import ModelSums
from .figures import LABELS, Figures, ModelFigures, RestFigures
from .formats import format_count, format_day, format_short_day
from .groupings import TEXTS
from .labels import person_label
from .markup import cells_html, line_html, name_html
from .sparkline import Sparkline
from .state import OrganizationState

PAGE_SIZE = 100


class Column(NamedTuple):
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
    """One person's row. `last_active`: the day of their last session in the reporting time zone."""

    person: Person
    figures: Figures
    last_active: date | None = None

    @property
    def key(self) -> int | str:
        return self.person.id

    @property
    def label(self) -> str:
        return person_label(self.person)

    @property
    def detail(self) -> str:
        """The second line: the e-mail address unless it is the label."""
        return self.person.email if self.person.name else ""

    @property
    def name_key(self) -> Any:
        """The sort key of the first column, None where there is no name."""
        return self.person.collated_name if self.person.name is not None else None

    @property
    def note(self) -> str:
        """When the person was last active, in words."""
        day = self.last_active
        return _("Last active %(day)s") % {"day": format_day(day)} if day else ""

    @property
    def is_idle(self) -> bool:
        return not self.figures.sessions


class GroupRow(NamedTuple):
    """The row of a team, a repository, a provider, a model, a day or a week; without a key that of the rest."""

    key: int | str | None
    label: str
    figures: Figures
    detail: str = ""
    note: str = ""
    is_idle: bool = False

    @property
    def name_key(self) -> Any:
        """The sort key of the first column, None for the rest."""
        return None if self.key is None else (str(self.key).casefold(), self.key)


def about_people(rows: Sequence[Any]) -> Sequence[TableRow]:
    """Return the rows if each is about one person, else none."""
    return rows if rows and isinstance(rows[0], TableRow) else ()


class ShownRow(NamedTuple):
    """A row as the template shows it; `url` leads to the view behind it, `line` draws the measure by day."""

    label: str
    detail: str
    note: str
    is_idle: bool
    url: str | None
    cells: list[Cell]
    line: Sparkline | None

    @property
    def name_html(self) -> SafeString:
        return name_html(self.label, self.detail, self.note, self.url)

    @property
    def line_html(self) -> SafeString:
        return line_html(self.line)

    @property
    def cells_html(self) -> SafeString:
        return cells_html(self.cells)


Row = TableRow | GroupRow
SomeRow = TypeVar("SomeRow")


class PersonRows(Sequence[TableRow]):
    """The rows of people, in the state's order. A row is made when it is asked for: a page shows few of thousands."""

    def __init__(self, people: Sequence[PersonUsage], last_active: Mapping[int | str, date] | None = None) -> None:
        self.people = people
        self.last_active = last_active or {}

    def __len__(self) -> int:
        return len(self.people)

    @overload
    def __getitem__(self, place: int) -> TableRow: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[TableRow]: ...

    def __getitem__(self, place: int | slice) -> TableRow | Sequence[TableRow]:
        if isinstance(place, slice):
            return PersonRows(self.people[place], self.last_active)
        person, usage = self.people[place]
        return TableRow(person, Figures(usage), self.last_active.get(person.id))

    @property
    def active_count(self) -> int:
        """How many of the people had a session."""
        return sum(1 for _person, usage in self.people if usage.session_count)

    def with_last_active(self, last_active: Mapping[int | str, date]) -> "PersonRows":
        """Return the same rows with the days on which people were last active."""
        return PersonRows(self.people, last_active)


def person_rows(people: Sequence[PersonUsage], state: OrganizationState) -> PersonRows:
    """Return the rows of people in the state's order."""
    shown = [row for row in people if row.usage.session_count or not state.hides_idle]
    return PersonRows(_in_order(shown, [_sort_key(row, state.sorted_by) for row in PersonRows(shown)], state))


def group_rows(rows: Sequence[BreakdownRow], state: OrganizationState) -> list[GroupRow]:
    """Return the rows of groups in the state's order."""
    grouping = state.grouping
    shown = [GroupRow(row.key, group_label(row, grouping), group_figures(row, grouping)) for row in rows]
    if grouping is not Grouping.MODEL:
        return sort_rows(shown, state)
    # What is not broken down is not a model: it is last in every order.
    models = [row for row in shown if row.key is not None]
    return [*sort_rows(models, state), *shown[len(models) :]]


def group_label(row: BreakdownRow, grouping: Grouping) -> str:
    """Return the name of a group as people read it."""
    if row.key is None:
        return str(TEXTS[grouping].nothing)
    if grouping is Grouping.DAY:
        return format_short_day(date.fromisoformat(str(row.key)))
    return format_day(date.fromisoformat(str(row.key))) if grouping is Grouping.WEEK else row.label


def group_figures(row: BreakdownRow, grouping: Grouping) -> Figures:
    """Return the numbers of a group; of a model also its tokens."""
    if grouping is not Grouping.MODEL:
        return Figures(row.usage)
    kind = ModelFigures if row.key is not None else RestFigures
    return kind(row.usage, row.model_sums or ModelSums())


def sort_rows(rows: list[GroupRow], state: OrganizationState) -> list[GroupRow]:
    """Return the rows of groups in the state's order."""
    return _in_order(rows, [_sort_key(row, state.sorted_by) for row in rows], state)


def _in_order(rows: Sequence[SomeRow], keys: Sequence[Any], state: OrganizationState) -> list[SomeRow]:
    """Return the rows in the order of their keys; ties stay in the report's order; unknown values are last."""
    known = [place for place, key in enumerate(keys) if key is not None]
    unknown = [place for place, key in enumerate(keys) if key is None]
    known.sort(key=keys.__getitem__, reverse=state.is_descending)
    return [rows[place] for place in known + unknown]


def _sort_key(row: Row, column: str) -> Any:
    return row.name_key if column == "user" else row.figures.sort_key(column)


def make_columns(state: OrganizationState) -> list[Column]:
    """Return the headings with the views that a click on them leads to."""
    first = {"user": TEXTS[state.grouping].column}
    return [
        Column(
            name,
            str(first.get(name) or LABELS[name]),
            state.query(o=_order_after_click(name, state)),
            _aria_sort(name, state),
        )
        for name in state.columns
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
        for name in state.columns[1:]
    ]


def show_row(
    row: Row, state: OrganizationState, largest: Decimal | int, url: str | None, line: Sparkline | None
) -> ShownRow:
    """Return a row with all that the template shows of it."""
    cells = make_cells(row.figures, state, largest)
    return ShownRow(row.label, row.detail, row.note, row.is_idle, url, cells, line)


def largest_value(rows: Sequence[Row], state: OrganizationState) -> Decimal | int:
    """Return the largest number of the sorted column over all rows, not only those of one page."""
    if state.sorted_by == "user":
        return 0
    from_largest = rows if state.is_descending else reversed(rows)
    return next((value for row in from_largest if (value := row.figures.value(state.sorted_by)) is not None), 0)


def _format_share(value: Decimal | int | None, largest: Decimal | int) -> str | None:
    return f"{Decimal(value) / Decimal(largest) * 100:.1f}" if value and value > 0 and largest else None


def page_label(page: Page[Any]) -> str:
    """Return which page this is and which rows it has."""
    return _("Page %(number)s of %(pages)s (%(first)s–%(last)s of %(all)s)") % {
        "number": format_count(page.number),
        "pages": format_count(page.paginator.num_pages),
        "first": format_count(page.start_index()),
        "last": format_count(page.end_index()),
        "all": format_count(page.paginator.count),
    }
