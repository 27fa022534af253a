"""What a transcript becomes: one frozen record per session, with the names of `CodingSession.objects.record()`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What one model did in a session. The four token classes are disjoint; `cost_usd` None = unpriced."""

    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as derived: times aware UTC, durations in milliseconds, None = unknown, `git_info` reduced."""

    provider: str
    external_id: str
    started_at: datetime
    ended_at: datetime
    title: str
    git_info: dict[str, Any] | None
    cost_usd: Decimal | None
    cost_complete: bool
    duration_ms: int | None
    assistant_ms: int | None
    user_ms: int | None
    models: tuple[ModelUsage, ...]
    unpriced_models: tuple[str, ...]
