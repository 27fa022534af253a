"""A recap there as `record()` takes it. What cannot be stored is shortened or left out: it never refuses a session."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..limits import END_OF_STARTS, FIRST_START, MAX_MESSAGE_ID, MAX_MODEL, MAX_RECAP, MAX_RECAP_ITEM, MAX_RECAP_ITEMS
from .costs import clean_text

# Ours → theirs.
THEIR_LISTS = {
    "went_well": "went_well",
    "went_badly": "went_bad",
    "suggestions_person": "human_suggestions",
    "suggestions_environment": "environment_suggestions",
    "suggestions_context": "default_context_suggestions",
}
ODD_RECAP = "recap: shortened, or odd items left out"
UNREADABLE_RECAP = "recap: not readable, or without a time in our range"
# What no text may contain; it may have several lines.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def recap_of_card(card: Any, notes: set[str]) -> dict[str, Any] | None:
    """The recap of a card's columns; None if it has none that we can store."""
    values = card if isinstance(card, Mapping) else {}
    text, computed_at = _clean_lines(values.get("recap"), MAX_RECAP, notes), _instant(values.get("computed_at"))
    if not text or computed_at is None:
        notes.add(UNREADABLE_RECAP)
        return None
    return {
        "recap": text,
        **{ours: _items(values.get(theirs), notes) for ours, theirs in THEIR_LISTS.items()},
        "model_used": clean_text(str(values.get("model_used") or ""), MAX_MODEL),
        "computed_at": computed_at,
    }


def _items(value: Any, notes: set[str]) -> list[dict[str, str]]:
    items = list(filter(None, (_item(item, notes) for item in value))) if isinstance(value, list) else []
    if len(items) > MAX_RECAP_ITEMS or not isinstance(value, list | None):
        notes.add(ODD_RECAP)
    return items[:MAX_RECAP_ITEMS]


def _item(value: Any, notes: set[str]) -> dict[str, str] | None:
    """An item: a text, or an object with `text` and perhaps `message_id`."""
    fields = value if isinstance(value, Mapping) else {"text": value}
    text = _clean_lines(fields.get("text"), MAX_RECAP_ITEM, notes)
    if not text:
        notes.add(ODD_RECAP)
        return None
    message_id = fields.get("message_id")
    if isinstance(message_id, str) and 0 < len(message_id) <= MAX_MESSAGE_ID and message_id.isprintable():
        return {"text": text, "message_id": message_id}
    return {"text": text}


def _clean_lines(value: Any, longest: int, notes: set[str]) -> str:
    if not isinstance(value, str):
        return ""
    text = _UNSTORABLE.sub(" ", value.replace("\r\n", "\n")).strip()
    if len(text) > longest:
        notes.add(ODD_RECAP)
    return text[:longest].rstrip()


def _instant(value: Any) -> datetime | None:
    """The time; PostgreSQL's JSON has it in the time zone of the connection, which is UTC."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):  # also years that Python does not have
        return None
    return instant if instant.tzinfo and FIRST_START <= instant < END_OF_STARTS else None
