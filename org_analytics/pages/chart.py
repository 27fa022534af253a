"""The chart: one measure by day and provider, as numbers for the script and as a table."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from ..choices import Provider
from ..reporting.reports import Bucket, Series
from ..reporting.usage import Usage
from .figures import LABELS, Figures
from .formats import UNKNOWN, axis_conventions, format_short_day

_KINDS = {"cost": "money", "sessions": "count"}


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One day: a text per provider, their total, and the same day of the previous period."""

    bucket: Bucket
    label: str
    texts: list[str]
    total: str
    previous: str | None

    @property
    def cells(self) -> list[str]:
        """The texts of the row in the chart's table."""
        return [*self.texts, self.total, *([] if self.previous is None else [self.previous])]


@dataclass(frozen=True)
class Chart:
    """A measure over the days of a series; `previous` is the previous period where it is compared."""

    measure: str
    series: Series
    previous: Series | None

    @property
    def label(self) -> str:
        return str(LABELS[self.measure])

    @property
    def description(self) -> str:
        """The name of the drawing for screen readers."""
        text = _("Chart of %(measure)s by day and provider. “Show as table” shows the figures.")
        return text % {"measure": self.label}

    @cached_property
    def nothing(self) -> str:
        """The text of a day without usage."""
        return self._format(Usage())

    @property
    def providers(self) -> list[str]:
        return [str(Provider(name).label) for name in self.series.providers]

    @cached_property
    def rows(self) -> list[ChartRow]:
        """One row per day, oldest first."""
        return [
            ChartRow(
                bucket=bucket,
                label=format_short_day(bucket.day),
                texts=[self._format(usage) for usage in bucket.usage.values()],
                total=self._format(bucket.total),
                previous=self._format_previous(place),
            )
            for place, bucket in enumerate(self.series.buckets)
        ]

    @property
    def sums(self) -> list[str]:
        """The sums over all days: of each provider, of all together, of the previous period."""
        days = self.series.buckets
        by_provider = [Usage.total(bucket.usage[name] for bucket in days) for name in self.series.providers]
        totals = [*by_provider, self.series.total, *([self.previous.total] if self.previous else [])]
        return [self._format(total) for total in totals]

    @property
    def data(self) -> dict[str, Any]:
        """The script's data: numbers (dollars, counts, milliseconds), their texts, and how to write an axis."""
        rows = self.rows
        return {
            "kind": _KINDS.get(self.measure, "time"),
            "conventions": axis_conventions(),
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
            "previous": self.previous and self._previous_data(self.previous),
            "totalLabel": _("Total"),
        }

    def _previous_data(self, previous: Series) -> dict[str, Any]:
        days = previous.buckets
        return {
            "label": _("Previous period"),
            "days": [format_short_day(bucket.day) for bucket in days],
            "values": [self._number(bucket.total) for bucket in days],
            "texts": [self._format(bucket.total) for bucket in days],
        }

    def _format_previous(self, place: int) -> str | None:
        """Return the text of a day of the previous period: a dash where it has fewer days, None where there is none."""
        if not self.previous:
            return None
        days = self.previous.buckets
        return self._format(days[place].total) if place < len(days) else UNKNOWN

    def _format(self, usage: Usage) -> str:
        return Figures(usage).format(self.measure)

    def _number(self, usage: Usage) -> float | int:
        value = Figures(usage).value(self.measure) or 0
        return float(value) if isinstance(value, Decimal) else value
