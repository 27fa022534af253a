"""The chart's numbers, drawn and as a table: one measure by day and provider."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from ..choices import Provider
from ..reporting.reports import Bucket, Series
from ..reporting.usage import Usage
from .figures import LABELS, Figures
from .formats import short_day

KINDS = {"cost": "money", "sessions": "count"}


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One day: a text for each provider, all of them, and the same day of the period before."""

    bucket: Bucket
    label: str
    texts: list[str]
    total: str
    before: str | None


@dataclass(frozen=True)
class Chart:
    """A measure over the days of a series, `before` the period before where it is compared."""

    measure: str
    series: Series
    before: Series | None

    @property
    def label(self) -> str:
        return str(LABELS[self.measure])

    @cached_property
    def nothing(self) -> str:
        """What a day without use shows."""
        return self._text(Usage())

    @property
    def providers(self) -> list[str]:
        return [str(Provider(name).label) for name in self.series.providers]

    @cached_property
    def rows(self) -> list[ChartRow]:
        """Oldest first."""
        before = self.before.buckets if self.before else ()
        return [
            ChartRow(
                bucket=bucket,
                label=short_day(bucket.day),
                texts=[self._text(usage) for usage in bucket.usage.values()],
                total=self._text(bucket.total),
                before=self._text(before[place].total) if place < len(before) else None,
            )
            for place, bucket in enumerate(self.series.buckets)
        ]

    @property
    def sums(self) -> list[str]:
        """Of each provider, then of all, then of the period before."""
        days = self.series.buckets
        by_provider = [sum((bucket.usage[name] for bucket in days), Usage()) for name in self.series.providers]
        totals = [*by_provider, self.series.total, *([self.before.total] if self.before else [])]
        return [self._text(total) for total in totals]

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws: numbers (dollars, counts, milliseconds) and their texts."""
        rows = self.rows
        return {
            "kind": KINDS.get(self.measure, "time"),
            "labels": [row.label for row in rows],
            "totals": [row.total for row in rows],
            "datasets": [
                {
                    "provider": name,
                    "label": str(Provider(name).label),
                    "values": [self._number(bucket.usage[name]) for bucket in self.series.buckets],
                    "texts": [row.texts[place] for row in rows],
                }
                for place, name in enumerate(self.series.providers)
            ],
            "before": self.before and self._before(rows),
            "totalLabel": _("Total"),
        }

    def _before(self, rows: list[ChartRow]) -> dict[str, Any]:
        days = self.before.buckets if self.before else ()
        return {
            "label": _("Previous period"),
            "days": [short_day(bucket.day) for bucket in days],
            "values": [self._number(bucket.total) for bucket in days],
            "texts": [row.before for row in rows],
        }

    def _text(self, usage: Usage) -> str:
        return Figures(usage).text(self.measure)

    def _number(self, usage: Usage) -> float | int:
        value = Figures(usage).value(self.measure) or 0
        return float(value) if isinstance(value, Decimal) else value
