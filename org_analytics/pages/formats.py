"""Numbers and dates as text in the reader's locale. Milliseconds, `Decimal` dollars and counts in, text out."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from django.utils import numberformat
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from ..money import round_cents

UNKNOWN = "–"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Conventions:
    """How a language writes numbers, looked up once: a page has thousands of them."""

    decimal: str
    thousands: str
    grouping: Any
    dollars: str
    durations: tuple[tuple[int, str], ...]

    def number(self, value: Decimal | int, places: int = 0) -> str:
        return numberformat.format(
            value, self.decimal, places, self.grouping, self.thousands, force_grouping=True, use_l10n=True
        )


@cache
def _conventions_of(language: str | None) -> _Conventions:
    return _Conventions(
        decimal=get_format("DECIMAL_SEPARATOR", language, use_l10n=True),
        thousands=get_format("THOUSAND_SEPARATOR", language, use_l10n=True),
        grouping=get_format("NUMBER_GROUPING", language, use_l10n=True),
        # Translators: an amount of US dollars; German puts the sign behind: %(amount)s $
        dollars=_("$%(amount)s"),
        durations=(
            (86_400, pgettext("duration in days", "%(count)dd")),
            (3_600, pgettext("duration in hours", "%(count)dh")),
            (60, pgettext("duration in minutes", "%(count)dm")),
            (1, pgettext("duration in seconds", "%(count)ds")),
        ),
    )


def _conventions() -> _Conventions:
    return _conventions_of(get_language())


def count(number: int) -> str:
    """`1,234`."""
    return _conventions().number(number)


def money(amount: Decimal | None) -> str:
    """`$1,234.50`; above zero but under a cent `<$0.01`; a dash for none."""
    if amount is None:
        return UNKNOWN
    conventions = _conventions()
    is_less = 0 < amount < _CENT
    text = conventions.dollars % {"amount": conventions.number(_CENT if is_less else round_cents(amount), places=2)}
    return f"<{text}" if is_less else text


def at_least(text: str) -> str:
    """What is only partly known."""
    return _("≥ %(amount)s") % {"amount": text}


def duration(milliseconds: int | None) -> str:
    """Rounded to the second, two units at most (`1d 2h`, `1m 30s`); a dash for none."""
    if milliseconds is None:
        return UNKNOWN
    seconds = (milliseconds + 500) // 1000
    counts = []
    for size, unit in _conventions().durations:
        number, seconds = divmod(seconds, size)
        counts.append((number, unit))
    first = next((place for place, (number, _unit) in enumerate(counts) if number), len(counts) - 1)
    shown = [(number, unit) for number, unit in counts[first : first + 2] if number] or counts[-1:]
    return " ".join([unit % {"count": number} for number, unit in shown])


def percent(ratio: Decimal) -> str:
    """`12%` of 0.12; under ten per cent with one place."""
    hundreds = ratio * 100
    places = 0 if hundreds >= 10 else 1
    rounded = hundreds.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _("%(number)s%%") % {"number": _conventions().number(rounded, places)}


def day(value: date) -> str:
    """`17 Nov 2026`, for sentences."""
    return date_format(value, pgettext("date format, see Django's date filter", "j M Y"))


def moment(value: datetime, zone: tzinfo) -> str:
    """`17 Nov 2026, 14:05` in the zone."""
    text = pgettext("date and time format, see Django's date filter", "j M Y, H:i")
    return date_format(value.astimezone(zone), text)


def short_day(value: date) -> str:
    """`Tue 17 Nov`, for axes and rows."""
    return date_format(value, pgettext("date format without the year, see Django's date filter", "D j M"))
