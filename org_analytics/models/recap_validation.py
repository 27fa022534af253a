"""Validation of recaps. A message never repeats a value."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..limits import MAX_MESSAGE_ID, MAX_MODEL, MAX_RECAP, MAX_RECAP_ITEM, MAX_RECAP_ITEMS
from .named_values import Cleaners, clean_named, indexed, prefixed
from .values import instant, or_none, text

# As JSON stores it: {"text": …} or {"text": …, "message_id": …}.
Item = dict[str, str]
LISTS = ("went_well", "went_badly", "suggestions_person", "suggestions_environment", "suggestions_context")
# What changes when people go on with a session. Not its cost, which changes with prices, and not its title.
_GROWING = ("started_at", "ended_at", "duration_ms", "assistant_ms", "user_ms")


class RecapRow(NamedTuple):
    """A validated recap in the form of its stored columns. `session_digest`: the session as it was then."""

    recap: str
    computed_at: datetime
    went_well: list[Item] = []
    went_badly: list[Item] = []
    suggestions_person: list[Item] = []
    suggestions_environment: list[Item] = []
    suggestions_context: list[Item] = []
    model_used: str = ""
    session_digest: str = ""


def clean_recap(value: Any) -> RecapRow:
    """Validate a recap. Raises ValidationError that names each bad field, and the index of a bad item."""
    if not isinstance(value, Mapping):
        raise ValidationError(_("Must be an object."))
    cleaned, errors = clean_named(value, _CLEANERS, ("recap", "computed_at"))
    if errors:
        raise ValidationError(prefixed("", ValidationError(errors)))
    return RecapRow(**cleaned)


def session_digest(session: Any) -> str:
    """A hash of a session (a row or a stored one) that differs after people went on with it."""
    values = "|".join(str(getattr(session, name)) for name in _GROWING)
    return hashlib.blake2b(values.encode(), digest_size=16).hexdigest()


def _items(value: Any) -> list[Item]:
    """A list of texts or of objects with `text` and perhaps `message_id`."""
    if not isinstance(value, list | tuple) or len(value) > MAX_RECAP_ITEMS:
        raise ValidationError(_("Must be a list of at most %(maximum)d items."), params={"maximum": MAX_RECAP_ITEMS})
    items: list[Item] = []
    errors: list[ValidationError] = []
    for index, item in enumerate(value):
        try:
            items.append(_item(item))
        except ValidationError as error:
            errors += indexed(index, error)
    if errors:
        raise ValidationError(errors)
    return items


def _item(value: Any) -> Item:
    if isinstance(value, str):
        return {"text": _item_text(value)}
    if not isinstance(value, Mapping):
        raise ValidationError(_("Must be text or an object."))
    cleaned, errors = clean_named(value, _ITEM_CLEANERS, ("text",))
    if errors:
        raise ValidationError(errors)
    return {name: cleaned[name] for name in _ITEM_CLEANERS if cleaned.get(name)}


_item_text = partial(text, shortest=1, longest=MAX_RECAP_ITEM, has_lines=True)
_CLEANERS: Cleaners = {
    "recap": partial(text, shortest=1, longest=MAX_RECAP, has_lines=True),
    **dict.fromkeys(LISTS, _items),
    "model_used": partial(text, shortest=0, longest=MAX_MODEL),
    "computed_at": instant,
}
_ITEM_CLEANERS: Cleaners = {
    "text": _item_text,
    "message_id": or_none(partial(text, shortest=0, longest=MAX_MESSAGE_ID)),
}
