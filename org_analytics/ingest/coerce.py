"""Converts values of transcripts, where any field may have any type. A value that does not fit becomes None."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from ..limits import MAX_COUNT, MAX_EXTERNAL_ID
from ..repo_paths import is_local

MAX_MODEL = 128  # a server may accept longer names; no real model has one
SECOND = 1_000_000  # instants are whole microseconds since 1970

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_ADDRESS = re.compile(r"(?:arn:|[a-z][a-z0-9+.-]*://)[^/]*", re.IGNORECASE)
_NOT_IN_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})


def count(value: object) -> int | None:
    """A whole number from 0 to 2^53 - 1; True is not a number."""
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


def instant(value: object) -> int | None:
    """An ISO 8601 time with a zone, in this century, as microseconds since 1970."""
    if type(value) is not str or len(value) > 40:
        return None
    try:
        at = (datetime.fromisoformat(value) - _EPOCH) // _MICROSECOND
    except (ValueError, TypeError, OverflowError):  # not a time, or a time without a zone
        return None
    return at if _EARLIEST <= at < _LATEST else None


def instant_of_ms(value: object) -> int | None:
    """A whole number of milliseconds since 1970, in this century, as microseconds since 1970."""
    at = value * 1000 if type(value) is int else 0
    return at if _EARLIEST <= at < _LATEST else None


def moment(at: int) -> datetime:
    """Microseconds since 1970 as an aware datetime."""
    return _EPOCH + at * _MICROSECOND


def text(value: object) -> str | None:
    """Text that is not empty."""
    return value if type(value) is str and value else None


def mapping(value: object) -> dict[str, Any]:
    """The object, or an empty one, so that its fields can be read without a check."""
    return value if type(value) is dict else {}


def items(value: object) -> list[Any]:
    """The array, or an empty one."""
    return value if type(value) is list else []


def one_line(value: str, limit: int) -> str:
    """The text without control characters, cut to `limit` characters."""
    return "".join(" " if unicodedata.category(char) in _NOT_IN_TEXT else char for char in value[:limit]).strip()


def model_name(value: object) -> str | None:
    """The name of a model without a path, host or account: names of self-hosted models may contain them.

    >>> model_name("/home/ann/models/qwen3.gguf"), model_name("openai/gpt-5")
    ('qwen3.gguf', 'openai/gpt-5')
    """
    return _clean_model_name(value) if type(value) is str else None


@lru_cache(maxsize=1024)
def _clean_model_name(name: str) -> str | None:
    if not name.isprintable():
        return None
    if is_local(name) or _ADDRESS.match(name):
        name = re.split(r"[/\\]", _ADDRESS.sub("", name).rstrip("/\\"))[-1]
    return name if 0 < len(name) <= MAX_MODEL else None


def is_session_id(value: object) -> bool:
    """Whether `CodingSession.objects.record()` accepts it as an external id."""
    return (
        type(value) is str
        and 0 < len(value) <= MAX_EXTERNAL_ID
        and not any(unicodedata.category(c) in _NOT_IN_TEXT for c in value)
    )
