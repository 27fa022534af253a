"""A machine with Claude Code and Codex on it, and a server that keeps the rows it gets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from org_analytics.ingest.derive import derive
from org_analytics.ingest.pricing import Prices
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.records import Derivation, ModelRecord, SessionRecord
from org_analytics.ingest.state import MemoryState, State
from tests.ingest.writing import Claude, Codex


@dataclass
class Machine:
    """`run` derives what is there, stores every record in `rows` and marks it stored, as callers do."""

    home: Path
    state: State = field(default_factory=MemoryState)
    rows: dict[tuple[str, str], SessionRecord] = field(default_factory=dict)

    @property
    def claude(self) -> Path:
        return self.home / ".claude"

    @property
    def codex(self) -> Path:
        return self.home / ".codex"

    def write(self, *sessions: Claude | Codex) -> None:
        for session in sessions:
            session.write(self.claude if isinstance(session, Claude) else self.codex)

    def sources(self) -> list[TranscriptSource]:
        return [TranscriptSource("claude-code", self.claude), TranscriptSource("codex", self.codex)]

    def run(
        self,
        sources: Iterable[TranscriptSource] | None = None,
        *,
        stop_after: int | None = None,
        since: datetime | None = None,
        with_titles: bool = False,
        prices: Prices | None = None,
    ) -> list[Derivation]:
        """All that the run says. With `stop_after` it is interrupted before that many records are stored."""
        said = []
        found = self.sources() if sources is None else sources
        for derived in derive(found, self.state, since=since, with_titles=with_titles, prices=prices):
            if derived.record is not None and derived.receipt is not None:
                if stop_after == 0:
                    break
                stop_after = None if stop_after is None else stop_after - 1
                self.rows[derived.provider, derived.external_id] = derived.record
                self.state.mark_stored([derived.receipt])
            said.append(derived)
        return said

    def one(self, *sessions: Claude | Codex, **options: Any) -> SessionRecord:
        """The row of the first session, with all of them there."""
        self.write(*sessions)
        self.run(**options)
        provider = "claude-code" if isinstance(sessions[0], Claude) else "codex"
        return self.rows[provider, sessions[0].session]


def tokens(rows: Iterable[ModelRecord]) -> tuple[int, int, int, int]:
    """Input, output, cache writes, cache reads."""
    used = list(rows)
    return (
        sum(row.input_tokens or 0 for row in used),
        sum(row.output_tokens or 0 for row in used),
        sum(row.cache_write_tokens or 0 for row in used),
        sum(row.cache_read_tokens or 0 for row in used),
    )


def cost(rows: Iterable[SessionRecord]) -> Decimal:
    return sum((row.cost_usd for row in rows if row.cost_usd is not None), Decimal(0))
