"""Validation of values by name: all errors of an object at once, each under the name of its field."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..limits import MAX_NAMED

Cleaners = Mapping[str, Callable[[Any], Any]]


def clean_named(
    fields: Mapping[str, Any], cleaners: Cleaners, required: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The cleaned values and the errors, both by name. Reports the first `MAX_NAMED` unknown fields."""
    cleaned: dict[str, Any] = {}
    errors: dict[str, list[Any]] = {name: [_("This field is required.")] for name in required if name not in fields}
    unknown: list[str] = []
    invalid: dict[str, list[Any]] = {}
    for name, value in fields.items():
        if name not in cleaners:
            unknown.append(name)
            continue
        try:
            cleaned[name] = cleaners[name](value)
        except ValidationError as error:
            invalid[name] = error.messages
    errors.update((name, [_("Unknown field.")]) for name in unknown[:MAX_NAMED])
    errors.update((name, invalid[name]) for name in cleaners if name in invalid)
    return cleaned, errors


def indexed(index: int, error: ValidationError) -> list[ValidationError]:
    """The messages of an item of a list, each with the item's index and the name of its field."""
    return prefixed(f"[{index}]", error)


def prefixed(place: str, error: ValidationError) -> list[ValidationError]:
    """The messages of a value inside another one, each with its place and the name of its field."""
    texts = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return [
        ValidationError("%(place)s: %(text)s", params={"place": f"{place}.{name}".strip("."), "text": message})
        for name, messages in texts.items()
        for message in messages
    ]
