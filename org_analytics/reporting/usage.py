"""Usage: the sums of a set of sessions."""

from collections.abc import Iterable
from decimal import Decimal
from operator import add
from typing import Any, NamedTuple

from ..money import from_nanos


class Usage(NamedTuple):
    """Counted sessions and exact sums. Each `…_count` is the number of sessions whose value is known.

    A tuple, because a page adds and reads thousands of them.
    """

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
        """The sum of all, column by column."""
        return cls(*map(sum, zip(*usages, strict=True)))

    @property
    def cost_usd(self) -> Decimal:
        """The known cost in dollars, unrounded."""
        return from_nanos(self.cost_nanos)

    def __add__(self, other: tuple[Any, ...]) -> "Usage":
        """Add column by column; a plain tuple would append the other's columns."""
        return Usage(*map(add, self, other))


class ModelSums(NamedTuple):
    """Exact sums of the model usage of a set of sessions. Each `…_count` is the number of rows whose value is known."""

    requests: int = 0
    requests_count: int = 0
    input_tokens: int = 0
    input_tokens_count: int = 0
    output_tokens: int = 0
    output_tokens_count: int = 0
    cache_write_tokens: int = 0
    cache_write_tokens_count: int = 0
    cache_read_tokens: int = 0
    cache_read_tokens_count: int = 0

    @classmethod
    def total(cls, sums: Iterable["ModelSums"]) -> "ModelSums":
        """The sum of all, column by column."""
        return cls(*map(sum, zip(*sums, strict=True)))

    def known(self, name: str) -> int | None:
        """The sum of the known values of a count, such as "requests"; None if all are unknown."""
        value: int = getattr(self, name)
        return value if getattr(self, f"{name}_count") else None

    def __add__(self, other: tuple[Any, ...]) -> "ModelSums":
        """Add column by column, as Usage does."""
        return ModelSums(*map(add, self, other))
