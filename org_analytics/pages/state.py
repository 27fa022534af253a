"""A view of the organization page: all that its address says, and the address of any other view."""

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
_BESIDE_TABLE = {"measure", "compare", "chart"}
_ORDER = (
    "range",
    "start",
    "end",
    "provider",
    "repo",
    "include_no_repo",
    "q",
    "zero",
    "compare",
    "measure",
    "chart",
    "o",
    "p",
)


@dataclass(frozen=True, slots=True)
class PageState:
    """All that the address says. `preset` is None where dates were given."""

    selection: Selection
    preset: str | None
    order: str
    page: int
    measure: str
    is_compared: bool
    is_chart_table: bool
    hides_idle: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """The query string's parameters that say something, in the order in which we write them."""
        selection = self.selection
        given = {
            "range": self.preset if self.preset != DEFAULT_PRESET else "",
            "start": "" if self.preset else selection.days.first.isoformat(),
            "end": "" if self.preset else selection.days.last.isoformat(),
            "provider": list(selection.providers),
            "repo": list(selection.repos),
            "include_no_repo": "" if selection.include_no_repo else "0",
            "q": selection.person,
            "zero": "0" if self.hides_idle else "",
            "compare": "1" if self.is_compared else "",
            "measure": self.measure if self.measure != DEFAULT_MEASURE else "",
            "chart": "table" if self.is_chart_table else "",
            "o": self.order if self.order != DEFAULT_ORDER else "",
            "p": str(self.page) if self.page > 1 else "",
        }
        return {name: given[name] for name in _ORDER if given[name]}

    def query(self, **changes: Any) -> str:
        """This view's query string with changes (empty removes); a change to the table leads to its first page."""
        parameters = self.parameters
        if changes.keys() - _BESIDE_TABLE:
            parameters.pop("p", None)
        parameters.update(changes)
        text = urlencode({name: parameters[name] for name in _ORDER if parameters.get(name)}, doseq=True)
        return f"?{text}" if text else ""
