"""What a transcript becomes: one frozen record per session, with the names of `CodingSession.objects.record()`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .lines import Problem
from .state import Receipt


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
    """A session as derived. Times are aware UTC, durations milliseconds, None = unknown; `git_info` is reduced."""

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


class Outcome(StrEnum):
    DERIVED = "derived"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Derived:
    """What a run has to say about one session.

    DERIVED has a record and the receipt to give to `State.mark_stored` once it is stored or sent, SKIPPED a reason.
    A session comes again when it turns out later in the run that another owns some of its lines: first WITHDRAWN, when
    a record of it that still waits must be dropped with its receipt, then with its new record.
    `skipped` counts the lines that were skipped by kind, `problems` says where the first of them are.
    """

    provider: str
    external_id: str
    outcome: Outcome
    record: SessionRecord | None = None
    receipt: Receipt | None = None
    reason: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    bytes_read: int = 0
