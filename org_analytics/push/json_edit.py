"""Edit a JSON text in place: add or remove one item and leave every other byte unchanged.

`json.dump` would reformat settings that a person wrote and keeps in version control. A container is named by its
path: keys of objects and indexes of arrays. The text must already be known to be valid JSON.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Path = Sequence[str | int]

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_DEFAULT_INDENT = "  "


@dataclass(frozen=True, slots=True)
class JsonItem:
    """A member of an object or an element of an array: offsets of its start (its key), value and end."""

    name: str | int
    start: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class Insertion:
    """A text and the offset at which it is inserted."""

    at: int
    text: str

    def apply(self, text: str) -> str:
        return text[: self.at] + self.text + text[self.at :]


def append(text: str, path: Path, value: object, *, key: str | None = None) -> Insertion:
    """Return the insertion that makes the value the last item of the container, formatted like its neighbours."""
    start = _value_start(text, path)
    items = _items(text, start)
    indent = _indent(text)
    before = _separator(text, start, items)
    if items:
        return Insertion(items[-1].end, "," + before + _dump(value, key, indent, before))
    if indent is None:
        return Insertion(start + 1, _dump(value, key, None, ""))
    newline = "\r\n" if "\r\n" in text else "\n"
    before = newline + indent * (len(path) + 1)
    is_closed_on_own_line = "\n" in text[start + 1 : _skip(text, start + 1)]
    closing = "" if is_closed_on_own_line else newline + indent * len(path)
    return Insertion(start + 1, before + _dump(value, key, indent, before) + closing)


def remove(text: str, path: Path) -> str:
    """Return the text without the item, its comma and the whitespace around it."""
    start = _value_start(text, path[:-1])
    items = _items(text, start)
    index = max(index for index, item in enumerate(items) if item.name == path[-1])
    item = items[index]
    if index:
        return text[: items[index - 1].end] + text[item.end :]
    if len(items) > 1:
        return text[: item.start] + text[items[1].start :]
    return text[: start + 1] + text[_skip(text, item.end) :]


def _items(text: str, start: int) -> list[JsonItem]:
    """Return the items of the object or array that starts there."""
    items: list[JsonItem] = []
    at = _skip(text, start + 1)
    while text[at] not in "}]":
        name: str | int = len(items)
        value_start = at
        if text[start] == "{":
            name, end = _DECODER.raw_decode(text, at)
            value_start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, value_start)
        items.append(JsonItem(name, at, value_start, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return items


def _value_start(text: str, path: Path) -> int:
    start = _skip(text, 0)
    for name in path:
        # If a key is repeated, the last one counts, as in every JSON parser.
        start = next(item.value_start for item in reversed(_items(text, start)) if item.name == name)
    return start


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _separator(text: str, start: int, items: list[JsonItem]) -> str:
    """Return the whitespace before the last item."""
    if not items:
        return ""
    before = text[items[-2].end if len(items) > 1 else start : items[-1].start]
    return before.partition(",")[2] if len(items) > 1 else before[1:]


def _indent(text: str) -> str | None:
    """Return one level of the document's indentation; None if the document is on a single line."""
    start = _skip(text, 0)
    items = _items(text, start)
    if not items:
        return _DEFAULT_INDENT
    before = text[start + 1 : items[0].start]
    return before.rpartition("\n")[2] if "\n" in before else None


def _dump(value: object, key: str | None, indent: str | None, before: str) -> str:
    """Return the item as text; its own lines are indented like the whitespace before it."""
    options: dict[str, Any] = {"indent": indent} if "\n" in before else {}
    dumped = json.dumps(value, **options).replace("\n", before if "\n" in before else "\n")
    return dumped if key is None else f"{json.dumps(key)}: {dumped}"
