"""Delete sessions, or move them to an account without a person: in batches, each a transaction of its own.

Memory stays flat however many sessions there are, writers wait for one batch only, and a run that was interrupted can
be started again. The triggers keep the daily roll-up equal to the sessions after each batch.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from ..limits import FIRST_START
from ..models import (
    AccessLogEntry,
    CodingSession,
    ConfabulousSession,
    ForkSighting,
    ImportedSession,
    NewRepoCount,
    RecapCount,
    SessionRecap,
)
from ..models.lookups import one_of
from ..models.owners import lock_users
from ..models.retries import retried

_BATCH = 1_000
# The state of an import can be large.
_IMPORTED_BATCH = 100


def delete_sessions(sessions: QuerySet[CodingSession]) -> int:
    """Delete these sessions with everything that belongs to them, and return how many."""
    return _in_batches(sessions, lambda batch: batch.delete())


def move_sessions(sessions: QuerySet[CodingSession], placeholder: Any) -> int:
    """Move these sessions to another account without title, recap and original ids, and return how many.

    Numbers, times, repositories and models stay.
    """

    def move(batch: QuerySet[CodingSession]) -> None:
        for model in (ConfabulousSession, SessionRecap):
            model.objects.using(batch.db).filter(session__in=batch.values("pk")).delete()
        new_id = Concat(Value("forgotten-"), Cast("pk", CharField()))
        batch.update(user=placeholder, external_id=new_id, title="")

    return _in_batches(sessions, move, also_locked={placeholder.pk})


def erase_imports(user: Any) -> int:
    """Delete what is remembered of this person: transcripts that were read, counts of recaps and new repositories."""
    for model in (RecapCount, NewRepoCount):
        model.objects.using(_write_db()).filter(user=user).delete()
    states = imports_of(user)
    deleted = 0
    while pks := list(states.values_list("pk", flat=True)[:_IMPORTED_BATCH]):
        states.filter(pk__in=pks).only("pk").delete()
        deleted += len(pks)
    return deleted


def erase_accesses(user: Any) -> int:
    """Delete the access log entries by this person and about them alone; take their name from the others."""
    entries = accesses_of(user)
    deleted = last = 0
    while pks := list(entries.filter(pk__gt=last).values_list("pk", flat=True)[:_BATCH]):
        entries.filter(pk__in=pks).delete()
        deleted, last = deleted + len(pks), pks[-1]
    _subjects_of_entries(user).delete()
    return deleted


def erase_name_in_sightings(user: Any) -> int:
    """Keep the upstreams that this person's clones named, without the name: they decide what is a fork."""
    return sightings_of(user).update(user=None)


def sessions_of(user: Any) -> QuerySet[CodingSession]:
    """The person's sessions."""
    return CodingSession.objects.using(_write_db()).filter(user=user)


def imports_of(user: Any) -> QuerySet[ImportedSession]:
    """The person's sessions as `import_transcripts` remembers them."""
    return ImportedSession.objects.using(_write_db()).filter(user=user)


def sightings_of(user: Any) -> QuerySet[ForkSighting]:
    """The upstreams that the person's clones named."""
    return ForkSighting.objects.using(_write_db()).filter(user=user)


def accesses_of(user: Any) -> QuerySet[AccessLogEntry]:
    """The access log entries by this person and about them alone."""
    email = getattr(user, user.get_email_field_name())
    others = AccessLogEntry.subjects.through.objects.filter(accesslogentry=OuterRef("pk")).exclude(_is(user))
    is_about_them_alone = Exists(_subjects_of_entries(user).filter(accesslogentry=OuterRef("pk"))) & ~Exists(others)
    entries = AccessLogEntry.objects.using(_write_db()).order_by("pk")
    return entries.filter(Q(reader=user) | Q(reader_text__iexact=email) | Q(is_about_them_alone))


def _subjects_of_entries(user: Any) -> QuerySet[Any]:
    return AccessLogEntry.subjects.through.objects.using(_write_db()).filter(_is(user))


def _is(user: Any) -> Q:
    """The condition that a row of an entry's people is this person. The column has the name of the user model."""
    return Q((AccessLogEntry.subjects.field.m2m_reverse_field_name(), user))


def _in_batches(
    sessions: QuerySet[CodingSession],
    write: Callable[[QuerySet[CodingSession]], Any],
    also_locked: Collection[Any] = (),
) -> int:
    """Write all sessions, which must thereby leave the queryset, and return how many."""
    written = 0
    for keys, users in _keys(sessions):

        def write_batch(keys: list[int] = keys, users: set[Any] = users) -> None:
            lock_users({*users, *also_locked}, sessions.db)
            write(sessions.filter(pk__in=one_of(keys, sessions.db)))

        retried(write_batch, sessions.db)
        written += len(keys)
    return written


def _keys(sessions: QuerySet[CodingSession]) -> Iterator[tuple[list[int], set[Any]]]:
    """Yield the keys and the users of a batch of sessions, until none is left."""
    while sessions.exists():
        since = FIRST_START
        # Each batch begins where the last one ended: the database need not step over deleted rows again and again.
        while rows := list(
            sessions.filter(started_at__gte=since)
            .order_by("started_at")
            .values_list("pk", "user_id", "started_at")[:_BATCH]
        ):
            yield [pk for pk, _user, _start in rows], {user for _pk, user, _start in rows}
            since = rows[-1][2]


def _write_db() -> str:
    return CodingSession.objects.write_db
