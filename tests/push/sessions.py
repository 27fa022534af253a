"""Sessions as the derivation yields them, with their receipts."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from org_analytics.ingest.records import Derivation, DerivationOutcome, ModelRecord, SessionRecord
from org_analytics.ingest.state import Receipt, SessionRead, SourceFile, State

MARK = "1"
START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def usage(model: str = "gpt-5", cost: str | None = "0.028") -> ModelRecord:
    return ModelRecord(model, 2, 6000, 2000, 0, 4000, None if cost is None else Decimal(cost))


def record(external_id: str, **fields: Any) -> SessionRecord:
    values: dict[str, Any] = {
        "provider": "codex",
        "external_id": external_id,
        "started_at": START,
        "ended_at": START,
        "title": "Fix the secret bug",
        "git_info": {"path": "acme/api"},
        "cost_usd": Decimal("0.028"),
        "cost_complete": True,
        "duration_ms": 75000,
        "assistant_ms": 16000,
        "user_ms": None,
        "models": (usage(),),
        "unpriced_models": (),
    }
    return SessionRecord(**values | fields)


def receipt(record: SessionRecord) -> Receipt:
    files = (SourceFile(f"/home/me/{record.external_id}.jsonl", 1, 2),)
    return Receipt(record.provider, record.external_id, files, MARK)


def derived(state: State, records: Iterable[SessionRecord]) -> list[Derivation]:
    """Return what the derivation yields after saving what it read."""
    sessions = [
        Derivation(record.provider, record.external_id, DerivationOutcome.DERIVED, record, receipt(record))
        for record in records
    ]
    for record in records:
        state.save(SessionRead(record.provider, record.external_id, receipt(record).files, b""))
    return sessions


def write_codex(home: Path, name: str, *, model: str = "gpt-5", title: str = "") -> Path:
    """A small Codex transcript, where Codex would put it."""
    directory = home / "sessions" / "2026" / "11" / "20"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"rollout-2026-11-20T09-30-00-{name}.jsonl"
    total = {"input_tokens": 1000, "cached_input_tokens": 200, "output_tokens": 150}
    lines = [
        ("session_meta", {"id": name, "timestamp": "2026-11-20T09:30:00Z", "cwd": str(home), "source": "cli",
                          "git": {"repository_url": "https://u:s3cret@example.org/acme/api.git"}}),
        ("turn_context", {"model": model}),
        ("response_item", {"type": "message", "role": "user",
                           "content": [{"type": "input_text", "text": "my private prompt"}]}),
        ("event_msg", {"type": "token_count", "info": {"total_token_usage": total, "last_token_usage": total}}),
    ]  # fmt: skip
    text = [
        json.dumps({"timestamp": f"2026-11-20T09:30:{second:02}Z", "type": kind, "payload": payload})
        for second, (kind, payload) in enumerate(lines)
    ]
    path.write_text("\n".join(text) + "\n")
    return path
