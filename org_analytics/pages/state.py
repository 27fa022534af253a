"""A view of the organization page: everything its address says, and the address of any other view.

The parameters have short names because they stand in addresses: `q` searches people, `o` is the sort order,
`p` the page of the table, `zero=0` hides people without sessions, `compare=1` shows the previous period.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..periods import DEFAULT_PRESET
from ..reporting.selection import Selection

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
DEFAULT_ORDER = "-cost"
DEFAULT_MEASURE = "cost"
# Parameters that change nothing in the table.
_BESIDE_TABLE = {"measure", "compare", "chart"}


@dataclass(frozen=True, slots=True)
class PageState:
    """Everything the address says. `preset` is None where dates were given."""

    selection: Selection
    preset: str | None
    order: str
    page_number: int
    measure: str
    is_compared: bool
    is_chart_table: bool
    hides_idle: bool

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

    def _all_parameters(self) -> dict[str, Any]:
        """Return every parameter, empty where it has its default."""
        selection = self.selection
        return {
            "range": self.preset if self.preset != DEFAULT_PRESET else "",
            "start": "" if self.preset else selection.days.first.isoformat(),
            "end": "" if self.preset else selection.days.last.isoformat(),
            "provider": list(selection.providers),
            "repo": list(selection.repos),
            "include_no_repo": "" if selection.include_no_repo else "0",
            "q": selection.person,
            "team": list(selection.teams),
            "person": [str(pk) for pk in selection.people],
            "zero": "0" if self.hides_idle else "",
            "compare": "1" if self.is_compared else "",
            "measure": self.measure if self.measure != DEFAULT_MEASURE else "",
            "chart": "table" if self.is_chart_table else "",
            "o": self.order if self.order != DEFAULT_ORDER else "",
            "p": str(self.page_number) if self.page_number > 1 else "",
        }

    def query(self, **changes: Any) -> str:
        """Return the query string with changes; empty removes. A change of the table leads to its first page."""
        parameters = self._all_parameters()
        if changes.keys() - _BESIDE_TABLE:
            parameters["p"] = ""
        parameters.update(changes)
        text = urlencode({name: value for name, value in parameters.items() if value}, doseq=True)
        return f"?{text}" if text else ""
