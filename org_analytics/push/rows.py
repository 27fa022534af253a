"""The rows of the protocol: what of a session leaves the machine, and how rows become requests."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from org_analytics.ingest.records import ModelRecord, SessionRecord

MAX_ROWS = 500
MAX_BYTES = 2 * 1024 * 1024  # of a request, unpacked
_HEAD, _SEPARATOR, _TAIL = b'{"sessions":[', b",", b"]}"
_EMPTY = len(_HEAD) + len(_TAIL) - len(_SEPARATOR)  # the first row has no separator


@dataclass(frozen=True, slots=True)
class Row:
    """A session as it is sent."""

    provider: str
    external_id: str
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A session whose row is wrong, should it still wait to be sent."""

    provider: str
    external_id: str


def row_of(record: SessionRecord, *, with_title: bool) -> Row:
    """The session as a row."""
    fields = _fields(record)
    if with_title:
        fields["title"] = record.title
    return Row(record.provider, record.external_id, _encode(fields))


def _fields(record: SessionRecord) -> dict[str, Any]:
    """Every field that is sent, by name: a new field of the record does not travel by itself."""
    return {
        "provider": record.provider,
        "external_id": record.external_id,
        "started_at": _instant(record.started_at),
        "ended_at": _instant(record.ended_at),
        "git_info": record.git_info,
        "cost_usd": _money(record.cost_usd),
        "cost_complete": record.cost_complete,
        "duration_ms": record.duration_ms,
        "assistant_ms": record.assistant_ms,
        "user_ms": record.user_ms,
        "models": [_model(usage) for usage in record.models],
    }


def _model(usage: ModelRecord) -> dict[str, Any]:
    return {
        "model": usage.model,
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cost_usd": _money(usage.cost_usd),
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def without_title(row: Row) -> Row:
    """The row as it would be without its title."""
    fields = json.loads(row.encoded)
    return replace(row, encoded=_encode({name: value for name, value in fields.items() if name != "title"}))


def _encode(fields: dict[str, Any]) -> bytes:
    """Plain ASCII, so that no text of a transcript can break the encoding."""
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def body(rows: Iterable[Row]) -> bytes:
    """The request that sends these rows, before it is packed."""
    return _HEAD + _SEPARATOR.join(row.encoded for row in rows) + _TAIL


Item = TypeVar("Item")


def batches(items: Iterable[tuple[Row, Item] | Withdrawn]) -> Iterator[list[tuple[Row, Item]]]:
    """Cut the rows, each with what belongs to it, into requests within both limits; a row over the limit goes alone.

    A session is in a request once: its row goes when another one comes, or when it is withdrawn.
    """
    waiting: dict[tuple[str, str], tuple[Row, Item]] = {}
    size = _EMPTY
    for item in items:
        row = item if isinstance(item, Withdrawn) else item[0]
        size -= _size(waiting.pop((row.provider, row.external_id), None))
        if isinstance(item, Withdrawn):
            continue
        if waiting and (len(waiting) == MAX_ROWS or size + _size(item) > MAX_BYTES):
            yield list(waiting.values())
            waiting, size = {}, _EMPTY
        waiting[row.provider, row.external_id] = item
        size += _size(item)
    if waiting:
        yield list(waiting.values())


def _size(item: tuple[Row, object] | None) -> int:
    """The bytes that a row adds to a request."""
    return 0 if item is None else len(item[0].encoded) + len(_SEPARATOR)
