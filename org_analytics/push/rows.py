"""The rows of the protocol: what of a session leaves the machine, and how rows become requests."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from org_analytics.ingest.records import ModelUsage, SessionRecord

MAX_ROWS = 500
MAX_BYTES = 2 * 1024 * 1024  # of a request, unpacked
_HEAD, _SEPARATOR, _TAIL = b'{"sessions":[', b",", b"]}"


@dataclass(frozen=True, slots=True)
class Row:
    """A session as it is sent: its encoded text, and the digest by which a later run knows it again."""

    provider: str
    external_id: str
    encoded: bytes
    unpriced_models: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.encoded).hexdigest()


def row(record: SessionRecord, *, with_title: bool) -> Row:
    """The session as a row. Plain ASCII, so that no text of a transcript can break the encoding."""
    fields = _fields(record)
    if with_title:
        fields["title"] = record.title
    encoded = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")
    return Row(record.provider, record.external_id, encoded, record.unpriced_models)


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


def _model(usage: ModelUsage) -> dict[str, Any]:
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


def body(rows: Iterable[Row]) -> bytes:
    """The request that sends these rows, before it is packed."""
    return _HEAD + _SEPARATOR.join(row.encoded for row in rows) + _TAIL


Item = TypeVar("Item")


def batches(items: Iterable[tuple[Row, Item]]) -> Iterator[list[tuple[Row, Item]]]:
    """Cut the rows, each with what belongs to it, into requests within both limits; a row over the limit goes alone."""
    batch: list[tuple[Row, Item]] = []
    size = 0
    for row, item in items:
        added = len(row.encoded) + len(_SEPARATOR)
        if batch and (len(batch) == MAX_ROWS or len(_HEAD) + size + added + len(_TAIL) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((row, item))
        size += added
    if batch:
        yield batch
