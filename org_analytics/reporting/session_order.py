"""The orders of a list of sessions, and the place of a session in one: sessions after it and before it.

A session without a known value comes last in both directions. Sessions with the same value are ordered by id, so each
has a place of its own, which new sessions do not move.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.db.models.functions import NullIf

from ..models import CodingSession

# The name in an address → the column.
ORDERED_COLUMNS = {
    "started": "started_at",
    "duration": "duration_ms",
    "assistant": "assistant_ms",
    "user_time": "user_ms",
    "cost": "cost_usd",
    "title": "title",
}


class _Folded(Func):
    """Text with small letters for A to Z, compared by code points: the same order on every database."""

    function = "LOWER"  # on SQLite it knows only ASCII
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template='%(function)s(%(expressions)s COLLATE "C")', **extra)


@dataclass(frozen=True, slots=True)
class SessionOrder:
    """By one of `ORDERED_COLUMNS`, ascending or descending."""

    name: str
    is_descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The order that an address names: a name, with `-` before it for descending. Raises ValueError."""
        name = text.removeprefix("-")
        if name not in ORDERED_COLUMNS:
            raise ValueError("Unknown order.")
        return cls(name, text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.name}" if self.is_descending else self.name

    @property
    def field(self) -> Any:
        """The column by which it orders."""
        return CodingSession._meta.get_field(ORDERED_COLUMNS[self.name])

    @property
    def is_by_title(self) -> bool:
        return self.name == "title"

    @property
    def has_unknown(self) -> bool:
        """Whether a session can lack the value. A session without a title does."""
        return self.is_by_title or bool(self.field.null)

    def annotate(self, sessions: QuerySet[Any]) -> QuerySet[Any]:
        """These sessions with their value, `place`."""
        place: Any = F(self.field.name)
        annotated: QuerySet[Any] = sessions.annotate(
            place=NullIf(_Folded(place), Value("")) if self.is_by_title else place
        )
        return annotated

    def sort(self, sessions: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        """These annotated sessions in this order, or in the opposite one."""
        is_descending = self.is_descending is not backwards
        # An index on a column that is never null serves only an order that does not speak of nulls.
        nulls: Any = {"nulls_first" if backwards else "nulls_last": True} if self.has_unknown else {}
        place, pk = F("place"), F("pk")
        return sessions.order_by(*((place.desc(**nulls), pk.desc()) if is_descending else (place.asc(**nulls), pk)))

    def beyond(self, value: Any, pk: int, *, backwards: bool = False) -> Q:
        """The condition on annotated sessions to come after the one with this value and id, or before it."""
        lookup = "lt" if self.is_descending is not backwards else "gt"
        same_value = Q(**{f"pk__{lookup}": pk})
        is_unknown = Q(place__isnull=True)
        if value is None:
            return (Q(place__isnull=False) | same_value) if backwards else (is_unknown & same_value)
        # The first part is what an index can use.
        known = Q(**{f"place__{lookup}e": value}) & (Q(**{f"place__{lookup}": value}) | same_value)
        return known | is_unknown if self.has_unknown and not backwards else known


NEWEST_FIRST = SessionOrder("started", is_descending=True)
ORDERS = tuple(str(SessionOrder(name, descends)) for name in ORDERED_COLUMNS for descends in (False, True))
