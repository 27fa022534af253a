"""Money: an exact integer of nano-dollars in the database, a `Decimal` of dollars in Python."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import exceptions
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Avg, Max, Min, StdDev, Sum, Variance

# Undocumented: a column and an arithmetic expression, to tell exact results from others. Tried with Django 5.2 to 6.1.
from django.db.models.expressions import Col, CombinedExpression
from django.utils.translation import gettext_lazy as _

from .money import MAX_NANOS, NANO_PLACES, format_exact, from_nanos, to_nanos

if TYPE_CHECKING:
    _Field = models.Field[Decimal | str | int | None, Decimal | None]
else:
    _Field = models.Field

_EXACT = (Col, Sum, Min, Max)
_INEXACT = (Avg, StdDev, Variance)


def refuse_arithmetic(value: object) -> None:
    """Raise FieldError if `F("cost") + 1` is to be written: the database would add one nano-dollar."""
    if isinstance(value, CombinedExpression):
        raise exceptions.FieldError("Money has no arithmetic in the database: read it and calculate in Python.")


class MoneyField(_Field):
    """Dollars, exact: Sum, Min, Max, Count and comparisons work in the database and give Decimals.

    Not an IntegerField on purpose: Django cannot know what arithmetic with dollars means, so `F("cost") * 2` raises
    FieldError when it is read or saved. An Avg is not a whole number of nano-dollars and raises TypeError.
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
        # Django has already converted the value to an integer; only the expression shows that it was not one.
        if not isinstance(expression, _EXACT) and any(isinstance(part, _INEXACT) for part in expression.flatten()):
            raise TypeError("Money can be summed and compared in the database, not averaged: divide in Python.")
        if value is None:
            return None
        return from_nanos(int(value))

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else format_exact(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{"form_class": forms.DecimalField, "decimal_places": NANO_PLACES, "step_size": None, **kwargs}
        )
