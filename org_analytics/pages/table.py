"""What stands on the organization page: cards and the table of people, as the template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from ..reporting.people import Person
from ..reporting.reports import PersonUsage
from ..reporting.usage import Usage
from .figures import LABELS, Figures
from .formats import percent
from .state import TABLE_COLUMNS, PageState

CARDS = ("sessions", "cost", "duration", "assistant", "user_time")
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Against the period before; `direction`: more, less, same or new."""

    text: str
    direction: str


@dataclass(frozen=True, slots=True)
class Card:
    """One number of everyone."""

    name: str
    label: str
    text: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table; `sort` is its `aria-sort`, empty where the table is sorted by another."""

    name: str
    label: str
    query: str
    sort: str


class Cell(NamedTuple):
    """One number of a row; `share`: per cent of the column's largest, in the sorted column only."""

    text: str
    share: str | None = None


class TableRow(NamedTuple):
    """One person's line."""

    person: Person
    figures: Figures

    @property
    def label(self) -> str:
        """The name, for the nameless the e-mail, where there is neither the id."""
        return self.person.name or self.person.email or str(self.person.id)

    @property
    def is_idle(self) -> bool:
        return not self.figures.sessions


def cards(totals: Usage, before: Usage) -> list[Card]:
    """The cards, each with its change."""
    now, then = Figures(totals), Figures(before)
    return [Card(name, str(LABELS[name]), now.text(name), change(now.total(name), then.total(name))) for name in CARDS]


def change(now: Decimal | int | None, then: Decimal | int | None) -> Change | None:
    """None where either side is wholly unknown."""
    if now is None or then is None:
        return None
    if now == then:
        return Change(_("no change"), "same")
    if not then:
        return Change(_("new"), "new")
    ratio = percent(abs(Decimal(now) - Decimal(then)) / Decimal(then))
    if now > then:
        return Change(_("+%(percent)s more") % {"percent": ratio}, "more")
    return Change(_("−%(percent)s less") % {"percent": ratio}, "less")


def rows(people: Sequence[PersonUsage], state: PageState) -> list[TableRow]:
    """The table's rows in the state's order; ties by name, then id (the report's order); unknown last both ways."""
    shown = [
        TableRow(row.person, Figures(row.usage)) for row in people if row.usage.session_count or not state.hides_idle
    ]
    name, is_descending = state.order.removeprefix("-"), state.order.startswith("-")
    keys: list[Any] = [_sort_key(row, name) for row in shown]
    known = [place for place, key in enumerate(keys) if key is not None]
    unknown = [place for place, key in enumerate(keys) if key is None]
    known.sort(key=keys.__getitem__, reverse=is_descending)
    return [shown[place] for place in known + unknown]


def _sort_key(row: TableRow, name: str) -> Any:
    if name == "user":
        return row.person.collated_name if row.person.name is not None else None
    return row.figures.value(name)


def columns(state: PageState) -> list[Column]:
    """The table's heads; the first click on a number sorts it descending."""
    sorted_by, is_descending = state.order.removeprefix("-"), state.order.startswith("-")
    heads = []
    for name in TABLE_COLUMNS:
        is_sorted = name == sorted_by
        turned = name if is_descending else f"-{name}"
        order = turned if is_sorted else name if name == "user" else f"-{name}"
        sort = ("descending" if is_descending else "ascending") if is_sorted else ""
        heads.append(Column(name, str(LABELS[name]), state.query(o=order), sort))
    return heads


def cells(figures: Figures, state: PageState, largest: Decimal | int) -> list[Cell]:
    """A row's numbers; in the sorted column with the share of the largest."""
    sorted_by = state.order.removeprefix("-")
    return [
        Cell(figures.text(name), _share(figures.value(name), largest) if name == sorted_by else None)
        for name in TABLE_COLUMNS[1:]
    ]


def largest(table: Sequence[TableRow], state: PageState) -> Decimal | int:
    """The largest number of the column that the table is sorted by, over all rows and not the page's alone."""
    name = state.order.removeprefix("-")
    if name == "user":
        return 0
    from_largest = table if state.order.startswith("-") else reversed(table)
    return next((value for row in from_largest if (value := row.figures.value(name)) is not None), 0)


def _share(value: Decimal | int | None, largest: Decimal | int) -> str | None:
    return f"{Decimal(value) / Decimal(largest) * 100:.1f}" if value and largest else None
