"""The meaning of what Cursor keeps: the times of a conversation, its directory and its model."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from ..coerce import instant, instant_of_ms, items, mapping, model_name, text
from ..transcript import UNKNOWN_MODEL

_TIMESTAMP = re.compile(
    r"<timestamp>\s*\w+, ([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4}), (\d{1,2}):(\d{2}) ([AP]M) "
    r"\(UTC(?:([+-])(\d{1,2})(?::(\d{2}))?)?\)\s*</timestamp>"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_MODELS = ("default", "auto")
_NOT_IN_SLUG = re.compile(r"[^A-Za-z0-9]+")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]")
_MAX_PATH = 4096


def instant_of(value: object) -> int | None:
    """A time that is an ISO text or a number of milliseconds."""
    return instant(value) if type(value) is str else instant_of_ms(value)


def model_of(value: object) -> str:
    """The model's name. Where Cursor chooses the model, it does not say which one."""
    name = model_name(value)
    return UNKNOWN_MODEL if name is None or name.lower() in _NO_MODELS else name


def timestamp_tags(line: dict[str, Any]) -> Iterator[int]:
    """The times that Cursor adds to prompts, in whole minutes."""
    for block in _blocks(line):
        written = text(block.get("text"))
        for match in _TIMESTAMP.finditer(written) if written is not None else ():
            at = _tagged_instant(match)
            if at is not None:
                yield at


def tool_directory(line: dict[str, Any], slug: str) -> str | None:
    """The directory above a tool's path whose sanitized form is the name of the project's folder."""
    for block in _blocks(line):
        for value in mapping(block.get("input")).values():
            if type(value) is str and len(value) <= _MAX_PATH and _ABSOLUTE.match(value):
                found = _ancestor(value, _sanitized(slug))
                if found is not None:
                    return found
    return None


def folder_of_uri(value: object) -> str | None:
    """The directory of a `file:` URI; None for one on another machine."""
    try:
        uri = urlsplit(text(value) or "")
    except ValueError:
        return None
    if uri.scheme != "file" or uri.netloc not in ("", "localhost"):
        return None
    path = unquote(uri.path)
    return (path[1:] if re.match(r"/[A-Za-z]:", path) else path) or None


def _blocks(line: dict[str, Any]) -> list[dict[str, Any]]:
    return [mapping(block) for block in items(mapping(line.get("message")).get("content"))]


def _tagged_instant(match: re.Match[str]) -> int | None:
    month, day, year, hour, minute, half, sign, zone_hours, zone_minutes = match.groups()
    if month not in _MONTHS:
        return None
    offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        local = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour) % 12 + (12 if half == "PM" else 0), int(minute)
        )
        return instant((local - offset).replace(tzinfo=UTC).isoformat())
    except (ValueError, OverflowError):
        return None


def _ancestor(path: str, slug: str) -> str | None:
    while path and slug:
        if _sanitized(path) == slug:
            return path
        end = max(path.rfind("/"), path.rfind("\\"))
        path = path[:end] if end > 0 else ""
    return None


def _sanitized(path: str) -> str:
    return _NOT_IN_SLUG.sub("-", path).strip("-")
