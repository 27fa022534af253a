"""The rows of the protocol: the fields of a session that leave this machine, and how rows become requests."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from ..ingest.records import ModelRecord, SessionRecord

MAX_ROWS = 500
MAX_BYTES = 2 * 1024 * 1024  # of a request, uncompressed
_HEAD, _SEPARATOR, _TAIL = b'{"sessions":[', b",", b"]}"
_EMPTY = len(_HEAD) + len(_TAIL) - len(_SEPARATOR)  # the first row has no separator


@dataclass(frozen=True, slots=True)
class PayloadRow:
    """A session as it is sent."""

    provider: str
    external_id: str
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A session whose row must not be sent if it is still waiting."""

    provider: str
    external_id: str


def payload_row(record: SessionRecord, *, with_title: bool) -> PayloadRow:
    """Return the session as a row."""
    fields = _fields(record)
    if with_title:
        fields["title"] = record.title
    return PayloadRow(record.provider, record.external_id, _encode(fields))


def _fields(record: SessionRecord) -> dict[str, Any]:
    """Name every field that is sent, so that a new field of the record is not sent by accident."""
    return {
        "provider": record.provider,
        "external_id": record.external_id,
        "started_at": _format_time(record.started_at),
        "ended_at": _format_time(record.ended_at),
        "git_info": record.git_info,
        "cost_usd": _format_money(record.cost_usd),
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
        "cost_usd": _format_money(usage.cost_usd),
    }


def _format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _format_money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def cost_of(row: PayloadRow) -> Decimal:
    """Return the cost in USD that the row states, 0 if it is unknown."""
    return Decimal(json.loads(row.encoded)["cost_usd"] or 0)


def without_title(row: PayloadRow) -> PayloadRow:
    """Return the row without its title."""
    fields = json.loads(row.encoded)
    return replace(row, encoded=_encode({name: value for name, value in fields.items() if name != "title"}))


def _encode(fields: dict[str, Any]) -> bytes:
    """Encode as plain ASCII, so that no text of a transcript can break the encoding."""
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def request_body(rows: Iterable[PayloadRow]) -> bytes:
    """Return the request that sends these rows, before compression."""
    return _HEAD + _SEPARATOR.join(row.encoded for row in rows) + _TAIL


Note = TypeVar("Note")


def batches(items: Iterable[tuple[PayloadRow, Note] | Withdrawn]) -> Iterator[list[tuple[PayloadRow, Note]]]:
    """Divide the rows, each with the caller's note, into requests within both limits.

    A row over the limit gets a request of its own. A session is in a request once: a later row replaces an earlier
    one, and a withdrawn session is removed.
    """
    waiting: dict[tuple[str, str], tuple[PayloadRow, Note]] = {}
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


def _size(item: tuple[PayloadRow, object] | None) -> int:
    """Return the number of bytes that a row adds to a request."""
    return 0 if item is None else len(item[0].encoded) + len(_SEPARATOR)
