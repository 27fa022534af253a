"""The sums of a set of sessions."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from ..money import from_nanos


class Usage(NamedTuple):
    """Counted sessions and exact sums; each `…_count` says for how many sessions that value is known."""

    session_count: int = 0
    unpriced_count: int = 0
    cost_nanos: int = 0
    cost_count: int = 0
    duration_ms: int = 0
    duration_count: int = 0
    assistant_ms: int = 0
    assistant_count: int = 0
    user_ms: int = 0
    user_count: int = 0

    @classmethod
    def total(cls, usages: Iterable["Usage"]) -> "Usage":
        """Their sum, column by column."""
        return cls(*map(sum, zip(*usages, strict=True)))

    @property
    def cost_usd(self) -> Decimal:
        return from_nanos(self.cost_nanos)
