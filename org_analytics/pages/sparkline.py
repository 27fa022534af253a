"""The small line in each row of a table: one measure by day, as the points of an SVG polyline and in words."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from ..reporting.usage import Usage
from .figures import LABELS, Figures
from .formats import format_short_day

HEIGHT = 16
# The sum that a measure draws: integers are faster than the decimals of `Figures`.
_SUMS = {
    "cost": "cost_nanos",
    "sessions": "session_count",
    "duration": "duration_ms",
    "assistant": "assistant_ms",
    "user_time": "user_ms",
}
# Room for half of the line's width above and below.
_MARGIN = 1


class Sparkline(NamedTuple):
    """The drawing is `width` units wide, one less than there are days, and `height` high; `text` says it in words."""

    points: str
    text: str
    width: int
    height: int = HEIGHT


def make_sparkline(measure: str, days: Sequence[date], usages: Sequence[Usage]) -> Sparkline | None:
    """Return the line of a measure over these days; None where there is nothing to draw.

    A day whose value is unknown is drawn as zero.
    """
    values = [getattr(usage, _SUMS[measure]) for usage in usages]
    highest = max(values, default=0)
    if len(values) < 2 or not highest:
        return None
    peak = values.index(highest)
    text = _("%(measure)s by day: first %(first)s, last %(last)s, highest %(highest)s on %(day)s") % {
        "measure": LABELS[measure],
        "first": Figures(usages[0]).format(measure),
        "last": Figures(usages[-1]).format(measure),
        "highest": Figures(usages[peak]).format(measure),
        "day": format_short_day(days[peak]),
    }
    room = HEIGHT - 2 * _MARGIN
    heights = [HEIGHT - _MARGIN - (2 * value * room + highest) // (2 * highest) for value in values]
    return Sparkline(_points(heights), text, width=len(values) - 1)


def _points(heights: Sequence[int]) -> str:
    """Return the points of the line, without those inside a level stretch."""
    last = len(heights) - 1
    return " ".join(
        f"{place},{height}"
        for place, height in enumerate(heights)
        if place in (0, last) or not heights[place - 1] == height == heights[place + 1]
    )
