"""Percentiles of times in milliseconds."""

import statistics
from typing import NamedTuple


class Percentiles(NamedTuple):
    """Milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    maximum: float

    def __str__(self) -> str:
        return (
            f"{self.count} requests, p50 {self.p50:.0f} ms, p95 {self.p95:.0f} ms, "
            f"p99 {self.p99:.0f} ms, max {self.maximum:.0f} ms"
        )


def percentiles(milliseconds: list[float]) -> Percentiles:
    """Of at least two times."""
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return Percentiles(len(milliseconds), cuts[49], cuts[94], cuts[98], max(milliseconds))
