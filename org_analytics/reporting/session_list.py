"""The sessions of one person, part by part, with the same filters as every other number."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet

from ..models import CodingSession
from ..models.lookups import one_of
from .members import Person, searchable
from .people import select_people
from .selected_sessions import select_sessions
from .selection import Selection
from .session_cursor import InvalidCursorError, read_cursor, write_cursor
from .session_order import NEWEST_FIRST, SessionOrder
from .session_rows import ShownSession, shown
from .snapshots import snapshot

PART_SIZE = 50


@dataclass(frozen=True, slots=True)
class SessionListing:
    """Which sessions of whom, and their order. `search`: text that the title or the repository contains."""

    owner: Person
    selection: Selection
    order: SessionOrder = NEWEST_FIRST
    search: str = ""


class SessionPart(NamedTuple):
    """A part of a list, and the cursor of the next one; None at the end of the list."""

    sessions: tuple[ShownSession, ...]
    next_cursor: str | None


class SessionCounts(NamedTuple):
    """How many sessions a list has: those that count, and the pending ones."""

    counted: int
    pending: int


class Neighbours(NamedTuple):
    """The ids of the sessions before and after one in a list."""

    previous: int | None
    next: int | None


def list_sessions(listing: SessionListing, cursor: str = "") -> SessionPart:
    """The first part of the list, or the one after the cursor; pending sessions too. Raises InvalidCursorError."""
    after = read_cursor(cursor, listing.order) if cursor else None
    with snapshot() as using:
        sessions = listing.order.sort(_listed(listing, using))
        if after:
            value = _title_place(listing, after.pk, using) if listing.order.is_by_title else after.value
            sessions = sessions.filter(listing.order.beyond(value, after.pk))
        rows = list(shown(sessions[: PART_SIZE + 1]))
    part = tuple(rows[:PART_SIZE])
    return SessionPart(part, write_cursor(part[-1], listing.order) if len(rows) > PART_SIZE else None)


def count_sessions(listing: SessionListing) -> SessionCounts:
    """How many sessions the list has."""
    with snapshot() as using:
        counts = _listed(listing, using).aggregate(
            counted=Count("pk", filter=Q(analyzed_at__isnull=False)),
            pending=Count("pk", filter=Q(analyzed_at__isnull=True)),
        )
    return SessionCounts(**counts)


def neighbours(listing: SessionListing, session_id: int) -> Neighbours:
    """The sessions before and after this one in the list; none if the list does not have it."""
    order = listing.order
    with snapshot() as using:
        sessions = _listed(listing, using)
        places = list(sessions.filter(pk=session_id).values_list("place", flat=True))
        if not places:
            return Neighbours(None, None)
        before, after = (
            order.sort(sessions.filter(order.beyond(places[0], session_id, backwards=backwards)), backwards=backwards)
            for backwards in (True, False)
        )
        return Neighbours(*(ids.values_list("pk", flat=True).first() for ids in (before, after)))


def _listed(listing: SessionListing, using: str) -> QuerySet[Any]:
    """The sessions of the list, unsorted, with their place."""
    selection = listing.selection
    sessions = select_sessions(_sessions_of(listing.owner, using), selection)
    if not select_people(selection, [listing.owner]):
        sessions = sessions.none()
    if listing.search:
        sessions = sessions.filter(pk__in=one_of(_matching_ids(sessions, listing.search), using))
    return listing.order.annotate(sessions)


def _sessions_of(owner: Person, using: str) -> Any:
    pk: Any = owner.id
    return CodingSession.objects.using(using).filter(user=pk)


def _matching_ids(sessions: QuerySet[Any], search: str) -> list[int]:
    """The sessions whose title or repository contains the text, ignoring case and accents: the search for people."""
    wanted = searchable(" ".join(search.split()))
    rows = sessions.values_list("pk", "title", "repo__path", "repo__root__path")
    return [pk for pk, *texts in rows if any(wanted in searchable(text or "") for text in texts)]


def _title_place(listing: SessionListing, session_id: int, using: str) -> Any:
    """The value of a session in the list by title. Raises InvalidCursorError if the session is gone."""
    sessions = _sessions_of(listing.owner, using).filter(pk=session_id)
    found = list(listing.order.annotate(sessions).values_list("place", flat=True))
    if not found:
        raise InvalidCursorError
    return found[0]
