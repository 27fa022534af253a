"""Numbers and dates as text in the reader's locale. Milliseconds, `Decimal` dollars and counts in, text out."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

# Private API: it takes the separators as arguments, so that they are looked up once for thousands of numbers.
# Tried with Django 5.2, 6.0 and 6.1.
from django.utils import numberformat
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ..money import round_cents
from ..periods import Days
from .languages import languages_in_use

UNKNOWN = "–"
_CENT = Decimal("0.01")
_HOUR = 3_600
# From here on hours stand alone.
_ONLY_HOURS = 100


@dataclass(frozen=True, slots=True)
class _Conventions:
    """How a language writes numbers, looked up once: a page has thousands of them."""

    decimal: str
    thousands: str
    grouping: int | tuple[int, ...]
    dollars: str
    hours: str
    minutes: str
    seconds: str
    day: str
    short_day: str
    moment: str

    def number(self, value: Decimal | int, places: int = 0) -> str:
        if self.grouping != 3:
            return numberformat.format(
                value, self.decimal, places, self.grouping, self.thousands, force_grouping=True, use_l10n=True
            )
        # Python groups by three itself, in a fraction of the time.
        text = f"{value:,.{places}f}" if places else f"{int(value):,}"
        return text.translate({ord(","): self.thousands, ord("."): self.decimal})


@cache
def _conventions_of(text_language: str | None, language: str | None) -> _Conventions:
    decimal = get_format("DECIMAL_SEPARATOR", language, use_l10n=True)
    thousands = get_format("THOUSAND_SEPARATOR", language, use_l10n=True)
    if not thousands or thousands == decimal:
        thousands = "." if decimal == "," else ","
    grouping = get_format("NUMBER_GROUPING", language, use_l10n=True)
    return _Conventions(
        decimal=decimal,
        thousands=thousands,
        # In about forty languages Django groups no digits, in Chinese four: CLDR has three. India's 3-2 is a tuple.
        grouping=grouping if isinstance(grouping, tuple) else 3,
        # Translators: an amount of US dollars; German puts the sign behind: %(amount)s $
        dollars=_("$%(amount)s"),
        hours=pgettext("duration in hours", "%(count)sh"),
        minutes=pgettext("duration in minutes", "%(count)sm"),
        seconds=pgettext("duration in seconds", "%(count)ss"),
        day=pgettext("date format, see Django's date filter", "j M Y"),
        short_day=pgettext("date format without the year, see Django's date filter", "D j M"),
        moment=pgettext("date and time format, see Django's date filter", "j M Y, H:i"),
    )


def _conventions() -> _Conventions:
    return _conventions_of(*languages_in_use())


def axis_conventions() -> dict[str, Any]:
    """Return what a script needs to write numbers as the functions here do; `{}` stands for the number."""
    conventions = _conventions()
    grouping = conventions.grouping
    return {
        "decimal": conventions.decimal,
        "thousands": conventions.thousands,
        "grouping": [size for size in grouping if size > 0] if isinstance(grouping, tuple) else [grouping],
        "money": conventions.dollars % {"amount": "{}"},
        "hour": conventions.hours % {"count": "{}"},
        "minute": conventions.minutes % {"count": "{}"},
        "second": conventions.seconds % {"count": "{}"},
    }


def format_count(number: int) -> str:
    """`1,234`."""
    return _conventions().number(number)


def format_money(amount: Decimal | None) -> str:
    """`$1,234.50`; above zero but under a cent `<$0.01`; below zero `−$0.50`; a dash for none."""
    if amount is None:
        return UNKNOWN
    conventions = _conventions()
    size = abs(amount)
    is_less = 0 < size < _CENT
    text = conventions.dollars % {"amount": conventions.number(_CENT if is_less else round_cents(size), places=2)}
    if amount < 0:
        return f">−{text}" if is_less else f"−{text}"
    return f"<{text}" if is_less else text


def format_at_least(text: str) -> str:
    """`≥ $1.50`, for a cost that is only partly known."""
    return _("≥ %(amount)s") % {"amount": text}


def format_duration(milliseconds: int | None) -> str:
    """`26h 10m`, `1m 30s`, from 100 hours on `1,234h`; rounded to the second, a dash for none.

    Hours are the largest unit: a day of work could be taken for eight hours or for 24.
    """
    if milliseconds is None:
        return UNKNOWN
    conventions = _conventions()
    seconds = (milliseconds + 500) // 1000
    hours, seconds = divmod(seconds, _HOUR)
    if hours >= _ONLY_HOURS:
        return conventions.hours % {"count": conventions.number(hours)}
    minutes, seconds = divmod(seconds, 60)
    if hours:
        return _two_units(conventions.hours, hours, conventions.minutes, minutes)
    if minutes:
        return _two_units(conventions.minutes, minutes, conventions.seconds, seconds)
    return conventions.seconds % {"count": seconds}


def _two_units(larger: str, count: int, smaller: str, rest: int) -> str:
    text = larger % {"count": count}
    return f"{text} {smaller % {'count': rest}}" if rest else text


def format_percent(ratio: Decimal) -> str:
    """`12%` of 0.12; under ten per cent with one place."""
    hundreds = ratio * 100
    places = 0 if hundreds >= 10 else 1
    rounded = hundreds.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _("%(number)s%%") % {"number": _conventions().number(rounded, places)}


def format_day(value: date) -> str:
    """`17 Nov 2026`, for sentences."""
    return _format_date(value, _conventions().day, languages_in_use())


def format_days(days: Days) -> str:
    """`17 Nov 2026`, or the first and the last day."""
    if days.count == 1:
        return format_day(days.first)
    return _("%(first)s – %(last)s") % {"first": format_day(days.first), "last": format_day(days.last)}


def format_moment(value: datetime, zone: tzinfo) -> str:
    """`17 Nov 2026, 14:05` in the zone."""
    return date_format(value.astimezone(zone), _conventions().moment)


def format_short_day(value: date) -> str:
    """`Tue 17 Nov`, for axes and rows."""
    return _format_date(value, _conventions().short_day, languages_in_use())


@lru_cache(maxsize=1_000)  # the same few days in a hundred rows
def _format_date(value: date, pattern: str, languages: tuple[str | None, str | None]) -> str:
    return date_format(value, pattern)
