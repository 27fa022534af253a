"""A view of a page: everything its address says, and the address of any other view.

The parameters have short names because they stand in addresses: `q` searches, `o` is the sort order, `p` the page of
the table, `zero=0` hides people without sessions, `compare=1` shows the previous period, `repo_q` finds repositories.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..periods import DEFAULT_PRESET
from ..reporting.groups import Grouping
from ..reporting.selection import Selection
from ..reporting.session_order import NEWEST_FIRST

CHART_MEASURES = ("cost", "sessions", "duration", "assistant", "user_time")
TABLE_COLUMNS = (
    "user",
    "sessions",
    "cost",
    "duration",
    "assistant",
    "user_time",
    "avg_cost",
    "avg_duration",
    "avg_assistant",
    "avg_user",
)
_AFTER_COST = TABLE_COLUMNS.index("cost") + 1
TOKEN_COLUMNS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
MODEL_COLUMNS = (*TABLE_COLUMNS[:_AFTER_COST], *TOKEN_COLUMNS, *TABLE_COLUMNS[_AFTER_COST:])
TABLE_ORDERS = [*MODEL_COLUMNS, *(f"-{name}" for name in MODEL_COLUMNS)]
DEFAULT_MEASURE = "cost"
# Label and name of the address of each download.
DOWNLOADS = {"CSV": "organization-csv", "JSON": "organization-json"}
# Parameters that change nothing in the table.
_BESIDE_TABLE = {"measure", "compare", "chart"}


def columns_of(grouping: Grouping) -> tuple[str, ...]:
    """Return the columns of the table."""
    return MODEL_COLUMNS if grouping is Grouping.MODEL else TABLE_COLUMNS


def default_order(grouping: Grouping) -> str:
    """Return how the table is sorted unless the address says it: days newest first, all else by cost."""
    return "-user" if grouping in (Grouping.DAY, Grouping.WEEK) else "-cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What the addresses of all pages say. `preset` is None where dates were given.

    No link repeats `repo_search`: it narrows a list to choose from, and is over once something is chosen.
    """

    selection: Selection
    preset: str | None
    measure: str = DEFAULT_MEASURE
    is_compared: bool = False
    is_chart_table: bool = False
    repo_search: str = ""
    order: str

    @property
    def sorted_by(self) -> str:
        """The column that the table is sorted by."""
        return self.order.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.order.startswith("-")

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, in the order in which addresses have them."""
        return {name: value for name, value in self._all_parameters().items() if value}

    @property
    def people_filter_count(self) -> int:
        """How many filters of people are set. A page of one person has none."""
        return 0

    @property
    def fields_of_filters(self) -> frozenset[str]:
        """The fields that only this page's form of filters has."""
        return frozenset()

    def _all_parameters(self) -> dict[str, Any]:
        """Return every parameter, empty where it has its default."""
        raise NotImplementedError

    def _filters(self) -> dict[str, Any]:
        selection = self.selection
        return {
            "range": self.preset if self.preset != DEFAULT_PRESET else "",
            "start": "" if self.preset else selection.days.first.isoformat(),
            "end": "" if self.preset else selection.days.last.isoformat(),
            "provider": list(selection.providers),
            "repo": list(selection.repos),
            "include_no_repo": "" if selection.include_no_repo else "0",
        }

    def _people(self) -> dict[str, Any]:
        return {"team": list(self.selection.teams), "person": [str(pk) for pk in self.selection.people]}

    def _chart(self) -> dict[str, Any]:
        return {
            "compare": "1" if self.is_compared else "",
            "measure": self.measure if self.measure != DEFAULT_MEASURE else "",
            "chart": "table" if self.is_chart_table else "",
        }

    def query(self, **changes: Any) -> str:
        """Return the query string with changes; empty removes. A change of the table leads to its first page."""
        parameters = self._all_parameters()
        if changes.keys() - _BESIDE_TABLE:
            parameters.update(self._first_page)
        parameters.update(changes)
        return _encoded(parameters)

    def query_elsewhere(self, **changes: Any) -> str:
        """Return the query string for another page: the filters and the chart's options, without the table's."""
        return _encoded({**self._filters(), **self._people(), **self._chart(), **changes})

    @property
    def _first_page(self) -> dict[str, str]:
        """The parameters of the first page of the table."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationState(PageState):
    """Everything the address of the organization page says."""

    grouping: Grouping = Grouping.PERSON
    page_number: int = 1
    hides_idle: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table."""
        return columns_of(self.grouping)

    @property
    def people_filter_count(self) -> int:
        selection = self.selection
        return len(selection.teams) + len(selection.people) + (selection.person != "")

    @property
    def fields_of_filters(self) -> frozenset[str]:
        return frozenset({"q", "team"})

    def grouped_by(self, grouping: Grouping) -> str:
        """Return the query string of the same view with another grouping; its order stays where it has the column."""
        keeps_order = self.sorted_by != "user" and self.sorted_by in columns_of(grouping)
        is_default = self.order == default_order(self.grouping)
        order = self.order if keeps_order and not is_default else ""
        return self.query(
            group="" if grouping is Grouping.PERSON else grouping,
            o="" if order == default_order(grouping) else order,
        )

    def _all_parameters(self) -> dict[str, Any]:
        return {
            **self._filters(),
            "q": self.selection.person,
            **self._people(),
            "zero": "0" if self.hides_idle else "",
            "group": self.grouping if self.grouping is not Grouping.PERSON else "",
            **self._chart(),
            "o": self.order if self.order != default_order(self.grouping) else "",
            "p": str(self.page_number) if self.page_number > 1 else "",
        }

    @property
    def _first_page(self) -> dict[str, str]:
        return {"p": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionListState(PageState):
    """Everything the address of a person's page says, or of a session's: the list from which one came."""

    search: str = ""
    cursor: str = ""

    def _all_parameters(self) -> dict[str, Any]:
        return {
            **self._filters(),
            **self._people(),
            "q": self.search,
            **self._chart(),
            "o": self.order if self.order != str(NEWEST_FIRST) else "",
            "cursor": self.cursor,
        }

    @property
    def _first_page(self) -> dict[str, str]:
        return {"cursor": ""}


def _encoded(parameters: dict[str, Any]) -> str:
    text = urlencode({name: value for name, value in parameters.items() if value}, doseq=True)
    return f"?{text}" if text else ""
