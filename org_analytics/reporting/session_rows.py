"""Sessions as lists and pages show them: plain values, which cannot lead to further queries."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Substr

from ..models import CodingSession

# Enough for a first line.
_RECAP_START = 400


class ShownSession(NamedTuple):
    """One session. `root` is the repository under which it counts; `recap_start` the first characters of its recap."""

    id: int
    provider: str
    external_id: str
    title: str
    repo: str | None
    root: str | None
    started_at: datetime
    ended_at: datetime | None
    cost_usd: Decimal | None
    cost_complete: bool
    duration_ms: int | None
    assistant_ms: int | None
    user_ms: int | None
    analyzed_at: datetime | None
    recap_start: str | None

    @property
    def is_analyzed(self) -> bool:
        """Whether its numbers are known. If not, it is pending and counts nowhere."""
        return self.analyzed_at is not None

    @property
    def is_unpriced(self) -> bool:
        """Whether its cost is unknown or only partly known."""
        return self.cost_usd is None or not self.cost_complete

    @property
    def recap_line(self) -> str:
        """The first line of its recap; empty if it has none."""
        return next((line for text in (self.recap_start or "").splitlines() if (line := text.strip())), "")


def shown(sessions: QuerySet[CodingSession]) -> Iterator[ShownSession]:
    """The rows of these sessions, in their order."""
    rows = sessions.annotate(
        repo_path=F("repo__path"),
        root_path=Coalesce("repo__root__path", "repo__path"),
        recap_start=Substr("recap__recap", 1, _RECAP_START),
    )
    columns = ({"repo": "repo_path", "root": "root_path"}.get(name, name) for name in ShownSession._fields)
    return map(ShownSession._make, rows.values_list(*columns))
