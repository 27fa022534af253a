"""The result of deriving a session: a frozen record with the parameter names of `CodingSession.objects.record()`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from .jsonl import Problem
from .state import GitInfo, Receipt


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The usage of one model in a session. The four token classes are disjoint; None = unknown.

    `cost_usd` None = unpriced.
    """

    model: str
    requests: int | None
    input_tokens: int | None
    output_tokens: int | None
    cache_write_tokens: int | None
    cache_read_tokens: int | None
    cost_usd: Decimal | None

    @property
    def tokens(self) -> int:
        """All tokens that are known."""
        known = (self.input_tokens, self.output_tokens, self.cache_write_tokens, self.cache_read_tokens)
        return sum(count or 0 for count in known)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A derived session. Times are aware UTC, durations are milliseconds, None = unknown."""

    provider: str
    external_id: str
    started_at: datetime
    ended_at: datetime
    title: str
    git_info: GitInfo | None
    cost_usd: Decimal | None
    cost_complete: bool
    duration_ms: int | None
    assistant_ms: int | None
    user_ms: int | None
    models: tuple[ModelRecord, ...]
    unpriced_models: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """All tokens that are known."""
        return sum(model.tokens for model in self.models)


class DerivationOutcome(StrEnum):
    """The outcome for one session; `Derivation` explains each."""

    DERIVED = "derived"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Derivation:
    """The result of a run for one session.

    DERIVED has a record, and the receipt to give to `State.mark_stored` once the record is stored or sent. SKIPPED has
    a reason. A session comes a second time when the run finds out later that another session owns some of its lines:
    first as WITHDRAWN (a record that still waits must be dropped with its receipt), then with its new record.
    `is_rederived`: the files are as before, but the parser or the prices have another version.
    `skipped` counts the skipped lines by kind, `problems` names the first of them.
    """

    provider: str
    external_id: str
    outcome: DerivationOutcome
    record: SessionRecord | None = None
    receipt: Receipt | None = None
    reason: str = ""
    is_rederived: bool = False
    skipped: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
