"""What a usage shows: its numbers, which of them are known, and how they are written."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .aggregates import Usage
from .fields import average
from .formats import at_least, count, duration, money

LABELS = {
    "user": gettext_lazy("User"),
    "sessions": gettext_lazy("Sessions"),
    "cost": gettext_lazy("Est. cost"),
    "duration": gettext_lazy("Total duration"),
    "assistant": gettext_lazy("Assistant time"),
    "user_time": gettext_lazy("User time"),
    "avg_cost": gettext_lazy("Avg cost"),
    "avg_duration": gettext_lazy("Avg duration"),
    "avg_assistant": gettext_lazy("Avg assistant"),
    "avg_user": gettext_lazy("Avg user"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """A usage's numbers by column, unrounded; None = nothing known. Times in milliseconds, costs in dollars."""

    sessions: int
    cost: Decimal | None
    duration: int | None
    assistant: int | None
    user_time: int | None
    avg_cost: Decimal | None
    avg_duration: int | None
    avg_assistant: int | None
    avg_user: int | None
    unpriced: int
    has_partly_priced: bool

    @classmethod
    def of(cls, usage: Usage) -> "Figures":
        """An unknown value counts neither in the sum nor in the average; no session at all costs nothing."""
        is_known = usage.cost_count or not usage.session_count
        return cls(
            sessions=usage.session_count,
            cost=usage.cost_usd if is_known else None,
            duration=usage.duration_ms if usage.duration_count else None,
            assistant=usage.assistant_ms if usage.assistant_count else None,
            user_time=usage.user_ms if usage.user_count else None,
            avg_cost=average(usage.cost_usd, usage.cost_count) if usage.cost_count else None,
            avg_duration=usage.duration_ms // usage.duration_count if usage.duration_count else None,
            avg_assistant=usage.assistant_ms // usage.assistant_count if usage.assistant_count else None,
            avg_user=usage.user_ms // usage.user_count if usage.user_count else None,
            unpriced=usage.unpriced_count,
            has_partly_priced=usage.unpriced_count > usage.session_count - usage.cost_count,
        )

    def value(self, name: str) -> Decimal | int | None:
        """The number of a column, None where it is unknown."""
        number: Decimal | int | None = getattr(self, name)
        return number

    def total(self, name: str) -> Decimal | int | None:
        """The same, but no sessions add up to zero: for sums and comparisons."""
        return self.value(name) if self.sessions else 0

    def text(self, name: str) -> str:
        """The number of a column as the reader sees it."""
        if name == "sessions":
            return count(self.sessions)
        if name == "cost":
            return self._cost(self.cost, self.unpriced > 0)
        if name == "avg_cost":
            return self._cost(self.avg_cost, self.has_partly_priced)
        return duration(getattr(self, name))

    def _cost(self, amount: Decimal | None, is_lower_bound: bool) -> str:
        if amount is None and self.unpriced:
            return _("unpriced")
        return at_least(money(amount)) if is_lower_bound else money(amount)
