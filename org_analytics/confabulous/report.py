"""What became of the sessions of one run, counted by reason."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

CREATED, UPDATED, UNCHANGED, KEPT, LEFT_OUT, REFUSED = "created", "updated", "unchanged", "kept", "left out", "refused"
OUTCOMES = (CREATED, UPDATED, UNCHANGED, KEPT, LEFT_OUT, REFUSED)
# Reasons.
OTHERS_WROTE_FIRST = "push or another import wrote it first"
OTHERS_WROTE_SINCE = "push or another import wrote it since"
LOST_TO_TWIN = "the same session of ours as another one there"
READ_ONLY = "the user is read-only there (--include-read-only takes them)"
NO_USER = "no user has this e-mail address (--create-users makes one)"
NO_USER_THERE = "its user is missing there"
UNKNOWN_TYPE = "unknown session type {!r}"
BAD_FIELD = "{} was refused"


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one run."""

    source: str
    with_titles: bool = False
    with_recaps: bool = False
    started_at: str = "upload"
    include_read_only: bool = False
    create_users: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class BridgeReport:
    """Counts by outcome and reason; what was taken as unknown; twins by the ids there (taken, left)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    twins: list[tuple[UUID, UUID]] = field(default_factory=list)
    users_made: set[str] = field(default_factory=set)
    pruned: int = 0
    given_up: int = 0
    # Why the numbers of a user there may differ from ours.
    doubts: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, source_user: int, outcome: str, reason: str = "") -> None:
        """Count a session; a reason also explains why the user's numbers differ."""
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[outcome, reason] += 1
            self.doubts[source_user][reason] += 1

    def note(self, source_user: int, notes: frozenset[str]) -> None:
        """Count what was taken as unknown in a session."""
        self.notes.update(notes)
        self.doubts[source_user].update(notes)
