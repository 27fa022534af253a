"""The small line in each row of a table: one measure by day, as the points of an SVG polyline and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.utils.translation import gettext as _

from ..money import from_nanos
from ..reporting.reports import Series
from .figures import LABELS
from .formats import format_count, format_duration, format_money, format_short_day

HEIGHT = 16
# Room for half of the line's width above and below.
_MARGIN = 1
# The sum of a usage that a measure draws.
_SUMS = {
    "cost": "cost_nanos",
    "sessions": "session_count",
    "duration": "duration_ms",
    "assistant": "assistant_ms",
    "user_time": "user_ms",
}


class Sparkline(NamedTuple):
    """The drawing is `width` units wide, one less than there are days, and `height` high; `text` says it in words."""

    points: str
    text: str
    width: int
    height: int = HEIGHT


@dataclass(frozen=True)
class Sparklines:
    """The lines of one table: a measure (nano-dollars, milliseconds, a count) over the same days."""

    measure: str
    days: Sequence[date]

    @cached_property
    def words(self) -> str:
        """The text of a line, with places for its numbers; made once for a hundred lines."""
        text = _("%(measure)s by day: first %(first)s, last %(last)s, highest %(highest)s on %(day)s")
        places = {name: f"%({name})s" for name in ("first", "last", "highest", "day")}
        return text % {"measure": str(LABELS[self.measure]).replace("%", "%%"), **places}

    def make(self, values: Mapping[date, int | None]) -> Sparkline | None:
        """Return the line of these values; None where there is nothing to draw.

        A day without a value is drawn as zero, and a day whose value is unknown (None) too.
        """
        days = self.days
        heights = [values.get(day) or 0 for day in days]
        highest = max(heights, default=0)
        if len(days) < 2 or highest <= 0:
            return None
        text = self.words % {
            "first": self._format(values.get(days[0], 0)),
            "last": self._format(values.get(days[-1], 0)),
            "highest": self._format(highest),
            "day": format_short_day(days[heights.index(highest)]),
        }
        scale, half, ground = 2 * (HEIGHT - 2 * _MARGIN), highest, HEIGHT - _MARGIN
        points = _points([ground - (value * scale + half) // (2 * highest) for value in heights])
        return Sparkline(points, text, width=len(days) - 1)

    def _format(self, value: int | None) -> str:
        if self.measure == "cost":
            return _("unpriced") if value is None else format_money(from_nanos(value))
        return format_count(value or 0) if self.measure == "sessions" else format_duration(value)


def values_of(series: Series, measure: str) -> dict[date, int | None]:
    """Return the measure of each day of a series, all providers together."""
    return {bucket.day: getattr(bucket.total, _SUMS[measure]) for bucket in series.buckets}


def _points(heights: Sequence[int]) -> str:
    """Return the points of the line, without those inside a level stretch."""
    last = len(heights) - 1
    return " ".join(
        f"{place},{height}"
        for place, height in enumerate(heights)
        if place in (0, last) or not heights[place - 1] == height == heights[place + 1]
    )
