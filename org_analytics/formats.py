"""Numbers and dates as text in the reader's locale. Milliseconds, `Decimal` dollars and counts in, text out."""

from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from .fields import round_cents

UNKNOWN = "–"
_CENT = Decimal("0.01")
_UNITS: tuple[tuple[int, Promise], ...] = (
    (86_400, pgettext_lazy("duration in days", "%(count)dd")),
    (3_600, pgettext_lazy("duration in hours", "%(count)dh")),
    (60, pgettext_lazy("duration in minutes", "%(count)dm")),
    (1, pgettext_lazy("duration in seconds", "%(count)ds")),
)


def count(number: int) -> str:
    """`1,234`."""
    return number_format(number, use_l10n=True, force_grouping=True)


def money(amount: Decimal | None) -> str:
    """`$1,234.50`; above zero but under a cent `<$0.01`; a dash for none."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < _CENT:
        return f"<{_dollars(_CENT)}"
    return _dollars(round_cents(amount))


def at_least(text: str) -> str:
    """What is only partly known."""
    return _("≥ %(amount)s") % {"amount": text}


def duration(milliseconds: int | None) -> str:
    """Rounded to the second, two units at most (`1d 2h`, `1m 30s`); a dash for none."""
    if milliseconds is None:
        return UNKNOWN
    seconds = (milliseconds + 500) // 1000
    counts = []
    for size, unit in _UNITS:
        number, seconds = divmod(seconds, size)
        counts.append((number, unit))
    first = next((place for place, (number, _unit) in enumerate(counts) if number), len(counts) - 1)
    shown = [(number, unit) for number, unit in counts[first : first + 2] if number] or counts[-1:]
    return " ".join(str(unit) % {"count": number} for number, unit in shown)


def percent(ratio: Decimal) -> str:
    """`12%` of 0.12; under ten per cent with one place."""
    hundreds = ratio * 100
    places = 0 if hundreds >= 10 else 1
    rounded = hundreds.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    number = number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True)
    return _("%(number)s%%") % {"number": number}


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


def _dollars(amount: Decimal) -> str:
    # Translators: an amount of US dollars; German puts the sign behind: %(amount)s $
    return _("$%(amount)s") % {"amount": number_format(amount, decimal_pos=2, use_l10n=True, force_grouping=True)}
