"""Cursors: where the next part of a list of sessions begins, as a signed text."""

from typing import Any, NamedTuple

from django.core import signing

from .session_order import SessionOrder
from .session_rows import ShownSession

_SALT = "org_analytics.sessions"


class InvalidCursorError(Exception):
    """A text that is not a cursor of this list, or whose session is gone."""


class Cursor(NamedTuple):
    """The last session of a part: its id, and its value in the list's order.

    The value is left out of lists by title: addresses are logged, and a title must not be.
    """

    pk: int
    value: Any


def write_cursor(last: ShownSession, order: SessionOrder) -> str:
    """The cursor that continues after this session."""
    is_known = not order.is_by_title and getattr(last, order.field.name) is not None
    return signing.dumps([str(order), last.id, order.field.value_to_string(last) if is_known else None], salt=_SALT)


def read_cursor(text: str, order: SessionOrder) -> Cursor:
    """The cursor that this text is. Raises InvalidCursorError."""
    try:
        of_order, pk, value = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidCursorError from error
    if of_order != str(order):
        raise InvalidCursorError
    return Cursor(pk, None if value is None else order.field.to_python(value))
