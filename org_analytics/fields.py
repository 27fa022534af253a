"""Money: an exact integer of nano-dollars in the database, a `Decimal` of dollars in Python."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import exceptions
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Avg, Max, Min, StdDev, Sum, Variance
from django.db.models.expressions import Col, CombinedExpression
from django.utils.translation import gettext_lazy as _

NANO_PLACES = 9
MAX_NANOS = 2**63 - 1
if TYPE_CHECKING:
    _Field = models.Field[Decimal | str | int | None, Decimal | None]
else:
    _Field = models.Field

_EXACT = (Col, Sum, Min, Max)
_INEXACT = (Avg, StdDev, Variance)
# Of our own, as a host's may be any; entering a local one for each number costs more than the sum.
_PRECISE = Context(prec=60)
_NANO = Decimal(1).scaleb(-NANO_PLACES)
_CENT = Decimal("0.01")
_NANOS_A_CENT = 10**7


class MoneyOverflow(ArithmeticError):
    """A sum of money beyond what the database can add exactly: 2^63 nano-dollars, $9.2 billion."""


def to_nanos(amount: Decimal) -> int:
    """Nano-dollars of an amount; more than nine places are rounded half-even, once."""
    return int(amount.quantize(_NANO, ROUND_HALF_EVEN, _PRECISE).scaleb(NANO_PLACES, _PRECISE))


def from_nanos(nanos: int) -> Decimal:
    """The amount of dollars, exactly. Raises MoneyOverflow beyond what the database can hold."""
    _refuse_overflow(nanos)
    return Decimal(nanos).scaleb(-NANO_PLACES, _PRECISE)


def round_cents(amount: Decimal) -> Decimal:
    """Two places, half away from zero: the one rounding that the API's money goes through, after the sum."""
    return amount.quantize(_CENT, ROUND_HALF_UP, _PRECISE)


def cents(nanos: int, count: int = 1) -> str:
    """nanos / count in dollars, rounded as `round_cents` does, in whole numbers alone: thousands of rows go through.

    Raises MoneyOverflow beyond what the database can hold.
    """
    _refuse_overflow(nanos)
    if not (nanos and count):
        return "0.00"
    whole, part = divmod((2 * nanos + _NANOS_A_CENT * count) // (2 * _NANOS_A_CENT * count), 100)
    return f"{whole}.{part:02d}"


def _refuse_overflow(nanos: int) -> None:
    if not -MAX_NANOS <= nanos <= MAX_NANOS:
        raise MoneyOverflow("The total cost is beyond 2^63 nano-dollars.")


def average(total: Decimal, count: int) -> Decimal:
    """total / count to far more places than are shown; zero where there is nothing to average."""
    return _PRECISE.divide(total, Decimal(count)) if count else Decimal(0)


def plain(amount: Decimal) -> str:
    """Unrounded: plain notation with two to nine places and no other trailing zeros (`0.00`, `0.00114675`)."""
    whole, _point, places = f"{amount.quantize(_NANO, ROUND_HALF_EVEN, _PRECISE):f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def refuse_arithmetic(value: object) -> None:
    """Raise FieldError on `F("cost") + 1`, to be written: the database would add one nano-dollar."""
    if isinstance(value, CombinedExpression):
        raise exceptions.FieldError("Money has no arithmetic in the database: read it and calculate in Python.")


class MoneyField(_Field):
    """Dollars, exact: Sum, Min, Max, Count and comparisons work in the database and give Decimals.

    Deliberately no IntegerField: arithmetic between columns has no meaning Django could guess, so `F("cost") * 2`
    raises FieldError, read or saved; an Avg, whose result is no whole number of nano-dollars, raises TypeError.
    """

    description = _("Amount of US dollars, exact to nine places")

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        refuse_arithmetic(value)
        return value

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            # str() first: a float means the number its author wrote, not its binary expansion.
            amount = Decimal(str(value))
        except (InvalidOperation, ValueError):  # ValueError: an int of more digits than Python turns into text
            raise exceptions.ValidationError(_("Enter an amount of dollars, such as 12.50.")) from None
        if not amount.is_finite():
            raise exceptions.ValidationError(_("The amount must be finite."))
        return amount

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        try:
            amount = self.to_python(value)
        except exceptions.ValidationError as error:
            raise ValueError(f"Field '{self.name}': not an amount of dollars.") from error
        if amount is None:
            return None
        if abs(amount) > from_nanos(MAX_NANOS):
            raise ValueError(f"Field '{self.name}': the amount is beyond 2^63 nano-dollars.")
        return to_nanos(amount)

    def from_db_value(self, value: Any, expression: Any, _connection: BaseDatabaseWrapper) -> Decimal | None:
        # Django has made an integer of the value already: only the expression tells that it was none.
        if not isinstance(expression, _EXACT) and any(isinstance(part, _INEXACT) for part in expression.flatten()):
            raise TypeError("Money can be summed and compared in the database, not averaged: divide in Python.")
        if value is None:
            return None
        return from_nanos(int(value))

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else plain(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{"form_class": forms.DecimalField, "decimal_places": NANO_PLACES, "step_size": None, **kwargs}
        )
