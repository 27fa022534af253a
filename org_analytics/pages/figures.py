"""The figures of a usage: which of them are known, and how they are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..money import average
from ..reporting.usage import ModelSums, Usage
from .formats import UNKNOWN, format_at_least, format_count, format_duration, format_money
from .state import TOKEN_COLUMNS

LABELS = {
    "sessions": gettext_lazy("Sessions"),
    "cost": gettext_lazy("Est. cost"),
    "requests": gettext_lazy("Requests"),
    "input_tokens": gettext_lazy("Input tokens"),
    "output_tokens": gettext_lazy("Output tokens"),
    "cache_write_tokens": gettext_lazy("Cache write tokens"),
    "cache_read_tokens": gettext_lazy("Cache read tokens"),
    "duration": gettext_lazy("Total duration"),
    "assistant": gettext_lazy("Assistant time"),
    "user_time": gettext_lazy("User time"),
    "avg_cost": gettext_lazy("Avg cost"),
    "avg_duration": gettext_lazy("Avg duration"),
    "avg_assistant": gettext_lazy("Avg assistant"),
    "avg_user": gettext_lazy("Avg user"),
}
# The columns of the roll-up that a sum and its text are made of, beside the number of sessions.
FIGURE_COLUMNS = {
    "sessions": (),
    "cost": ("unpriced_count", "cost_dollars", "cost_nanos", "cost_count"),
    "duration": ("duration_ms", "duration_count"),
    "assistant": ("assistant_ms", "assistant_count"),
    "user_time": ("user_ms", "user_count"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """A usage's unrounded numbers, one property per column of the table; None = nothing known.

    Times are in milliseconds, costs in dollars. An unknown value counts neither in the sum nor in the average;
    a usage without sessions costs nothing, but that what is not broken down by model has a cost alone.
    """

    usage: Usage

    @property
    def sessions(self) -> int:
        return self.usage.session_count

    @property
    def cost_nanos(self) -> int | None:
        return self.usage.cost_nanos if self.usage.cost_count or not self.sessions else None

    @property
    def cost(self) -> Decimal | None:
        return None if self.cost_nanos is None else self.usage.cost_usd

    @property
    def duration(self) -> int | None:
        return self.usage.duration_ms if self.usage.duration_count else None

    @property
    def assistant(self) -> int | None:
        return self.usage.assistant_ms if self.usage.assistant_count else None

    @property
    def user_time(self) -> int | None:
        return self.usage.user_ms if self.usage.user_count else None

    @property
    def avg_cost(self) -> Decimal | None:
        return average(self.usage.cost_usd, self.usage.cost_count) if self.usage.cost_count else None

    @property
    def avg_duration(self) -> int | None:
        return self.usage.duration_ms // self.usage.duration_count if self.usage.duration_count else None

    @property
    def avg_assistant(self) -> int | None:
        return self.usage.assistant_ms // self.usage.assistant_count if self.usage.assistant_count else None

    @property
    def avg_user(self) -> int | None:
        return self.usage.user_ms // self.usage.user_count if self.usage.user_count else None

    @property
    def unpriced(self) -> int:
        return self.usage.unpriced_count

    @property
    def has_partly_priced(self) -> bool:
        """Whether some of the unpriced sessions are priced in part, so that the average too is a lower bound."""
        return self.unpriced > self.sessions - self.usage.cost_count

    def value(self, column: str) -> Decimal | int | None:
        """Return the number of a column, None where it is unknown."""
        number: Decimal | int | None = getattr(self, column)
        return number

    def sort_key(self, column: str) -> Decimal | int | None:
        """Return a number that sorts as the column does: integers are quicker to compare than dollars."""
        return self.cost_nanos if column == "cost" else self.value(column)

    def total(self, column: str) -> Decimal | int | None:
        """Return the number for sums and comparisons: no sessions add up to zero."""
        return self.value(column) if self.sessions or self.usage.cost_nanos else 0

    def format(self, column: str) -> str:
        """Return the text of a column as the reader sees it."""
        if column == "sessions":
            return format_count(self.sessions)
        if column == "cost":
            return self._format_cost(self.cost, self.unpriced > 0)
        if column == "avg_cost":
            return self._format_cost(self.avg_cost, self.has_partly_priced)
        return format_duration(getattr(self, column))

    def _format_cost(self, amount: Decimal | None, is_lower_bound: bool) -> str:
        if amount is None and self.unpriced:
            return _("unpriced")
        return format_at_least(format_money(amount)) if is_lower_bound else format_money(amount)


@dataclass(frozen=True, slots=True)
class ModelFigures(Figures):
    """The figures of a model: also its requests and tokens, which are written as counts."""

    sums: ModelSums

    @classmethod
    def of_all(cls, totals: Usage, rows: Iterable["ModelFigures"]) -> "ModelFigures":
        """Return the figures of all models: the totals, and the sums of the rows."""
        return cls(totals, ModelSums.total(row.sums for row in rows))

    def value(self, column: str) -> Decimal | int | None:
        if column in TOKEN_COLUMNS:
            return self.sums.known(column)
        number: Decimal | int | None = getattr(self, column)
        return number

    def format(self, column: str) -> str:
        if column not in TOKEN_COLUMNS:
            return Figures.format(self, column)
        number = self.sums.known(column)
        return UNKNOWN if number is None else format_count(number)


@dataclass(frozen=True, slots=True)
class RestFigures(ModelFigures):
    """The costs that are not broken down by model: no session of their own has them."""

    def format(self, column: str) -> str:
        return UNKNOWN if column == "sessions" else ModelFigures.format(self, column)
