"""One session with all that is known of it."""

from dataclasses import dataclass
from typing import Any

from ..models import CodingSession, ModelUsage, SessionRecap
from ..models.validation import UsageRow
from .members import Person, json_id, members
from .session_rows import ShownSession, shown
from .snapshots import snapshot
from .visibility import visible_session


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """A session, its owner, its usage by model (the costliest first) and its recap.

    `stored` is the row itself, for the site's own code.
    """

    owner: Person
    session: ShownSession
    models: tuple[UsageRow, ...]
    recap: SessionRecap | None
    stored: CodingSession


def find_session(text: str, reader: Any) -> SessionDetail | None:
    """The session with this id; None if there is none that this reader may see."""
    with snapshot() as using:
        sessions = visible_session(text, reader, using).select_related("recap")
        stored = sessions.first()
        if stored is None:
            return None
        usage = ModelUsage.objects.using(using).filter(session=stored.pk).values_list(*UsageRow._fields)
        return SessionDetail(
            owner=members([json_id(stored.user_id)])[0],
            session=next(shown(sessions)),
            models=tuple(sorted(map(UsageRow._make, usage), key=_costliest_first)),
            recap=getattr(stored, "recap", None),
            stored=stored,
        )


def _costliest_first(usage: UsageRow) -> tuple[Any, ...]:
    return usage.cost_usd is None, -(usage.cost_usd or 0), usage.model
