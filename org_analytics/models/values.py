"""Validation of single values: each function returns the value as it is stored, or raises ValidationError.

A message never repeats a value.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from ..fields import MoneyField
from ..limits import END_OF_STARTS, FIRST_START, MAX_COST_USD, MAX_COUNT, MAX_MS
from ..money import round_nanos

# Also lone surrogates: JSON can carry them, UTF-8 and so the database cannot.
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAKS_AND_TABS = str.maketrans("", "", "\n\r\t")
_money = MoneyField()


def text(value: Any, shortest: int, longest: int, *, has_lines: bool = False) -> str:
    """Text of `shortest` to `longest` characters that the databases can store; one line unless `has_lines`."""
    if not isinstance(value, str):
        raise ValidationError(_("Must be text."))
    if not shortest <= len(value) <= longest:
        raise ValidationError(
            _("Must have %(shortest)d to %(longest)d characters."), params={"shortest": shortest, "longest": longest}
        )
    if _UNSTORABLE.search(value.translate(_LINE_BREAKS_AND_TABS) if has_lines else value):
        raise ValidationError(_("Must not contain control characters."))
    return value


def instant(value: Any) -> datetime:
    """A datetime or ISO 8601 text with a time zone, in UTC."""
    if isinstance(value, str):
        try:
            value = parse_datetime(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise ValidationError(_("Must be a date and time, such as 2026-01-31T12:00:00Z."))
    if value.utcoffset() is None:
        raise ValidationError(_("Must have a time zone."))
    if not FIRST_START <= value < END_OF_STARTS:
        raise ValidationError(_("Must be between the years 2000 and 2100."))
    return value.astimezone(UTC)


def cost(value: Any) -> Decimal:
    """Dollars, rounded to nano-dollars."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float) or value == "":
        raise ValidationError(_("Must be an amount of dollars, such as 12.50."))
    # Compare an integer before it is turned into text: Python refuses to convert thousands of digits.
    amount = None if isinstance(value, int) and not 0 <= value <= MAX_COST_USD else _money.to_python(value)
    if amount is None or not 0 <= amount <= MAX_COST_USD:
        raise ValidationError(_("Must be between 0 and %(maximum)s."), params={"maximum": MAX_COST_USD})
    return round_nanos(amount)


def milliseconds(value: Any) -> int:
    """A length of time, at most 366 days."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError(_("Must be a whole number of milliseconds."))
    if not 0 <= value <= MAX_MS:
        raise ValidationError(_("Must be between 0 and 366 days."))
    return value


def count(value: Any) -> int:
    """A whole number that is exact in JSON."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise ValidationError(_("Must be a whole number from 0 to 2^53 - 1."))
    return value


def flag(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValidationError(_("Must be true or false."))
    return value


def or_none(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same validator, but None is allowed."""
    return lambda value: None if value is None else clean(value)
