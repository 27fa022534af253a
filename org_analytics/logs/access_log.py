"""The access log: written after an answer was computed, read by the people whom it is about.

Writing must neither break nor delay an answer: an entry that cannot be written at once is dropped, with one line in the
log.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.contrib.auth import get_user_model
from django.db import connections, router, transaction
from django.utils import timezone

from ..conf import app_settings
from ..limits import MAX_NAMED
from ..models import AccessLogEntry
from ..reporting.members import Person, person_of
from ..reporting.selection import Selection
from ..reporting.snapshots import read_database

View = AccessLogEntry.View

logger = logging.getLogger("org_analytics")

# A lock that is not free by then drops the entry.
_WAIT_MS = 50
# With every hundredth entry, old ones are deleted: more than are added, and few enough that nobody waits for it.
_PRUNE_EVERY, _PRUNE_AT_MOST = 100, 200
_PRUNE_BATCH = 1_000


class PersonRow(Protocol):
    """A row about one person."""

    @property
    def person(self) -> Person: ...


class Access(NamedTuple):
    """An answer about a person: when it was given, to whom, and its kind."""

    at: datetime
    reader: Person
    view: AccessLogEntry.View


def record(
    reader: Any,
    view: AccessLogEntry.View,
    *,
    row_count: int,
    selection: Selection | None = None,
    people: Sequence[PersonRow] = (),
    owner: Person | None = None,
    session_id: int | None = None,
) -> None:
    """Log that `reader` was shown `row_count` rows. Never raises. Call it after the snapshot of the answer.

    `people` are the rows of a report by person, `owner` the person of a page or a session. An answer about the reader
    alone is not logged.
    """
    try:
        subjects = [owner.id] if owner else _subjects(selection, people)
        if not app_settings.access_log or set(map(str, subjects)) == {str(reader.pk)}:
            return
        filters = _filters(selection, subjects, session_id)
        _write(AccessLogEntry(**_reader(reader), view=view, row_count=row_count, filters=filters), subjects)
    except Exception as error:
        # Whatever it is: the answer matters more. The text of the error may contain values of the entry.
        logger.warning("An access log entry was not written: %s", type(error).__name__)


def accesses_to(user_id: Any, limit: int | None = None) -> list[Access]:
    """Who else was shown this person's numbers, newest first."""
    entries = AccessLogEntry.objects.using(read_database()).about(user_id).exclude(reader=user_id)
    current = entries.filter(at__gte=_oldest()).select_related("reader")[:limit]
    return [Access(entry.at, _person(entry), View(entry.view)) for entry in current]


def _person(entry: AccessLogEntry) -> Person:
    return person_of(entry.reader) if entry.reader else Person("", entry.reader_text, None)


def prune() -> int:
    """Delete the entries that are older than `ORG_ANALYTICS_ACCESS_LOG_DAYS`, in batches, and return how many."""
    using = router.db_for_write(AccessLogEntry)
    deleted = 0
    while True:
        with transaction.atomic(using=using):
            count = _prune(using, _PRUNE_BATCH)
        deleted += count
        if not count:
            return deleted


def _prune(using: str, at_most: int) -> int:
    """Delete old entries; to be called in a transaction. Those that another process is deleting are left to it."""
    entries = AccessLogEntry.objects.using(using)
    old = entries.filter(at__lt=_oldest()).order_by("at").select_for_update(skip_locked=True)
    pks = list(old.values_list("pk", flat=True)[:at_most])
    entries.filter(pk__in=pks).delete()
    return len(pks)


def _oldest() -> datetime:
    return timezone.now() - timedelta(app_settings.access_log_days)


def _subjects(selection: Selection | None, people: Sequence[PersonRow]) -> Collection[int | str]:
    """The ids of the few people whom a report is limited to; none if it is about everybody or many."""
    if selection is None:
        return ()
    if selection.selects_people and 0 < len(people) <= MAX_NAMED:
        return [row.person.id for row in people]
    return selection.people


def _filters(selection: Selection | None, subjects: Collection[Any], session_id: int | None) -> dict[str, Any]:
    """The filters in a form that JSON has. A search text may be a name, so only its use is logged."""
    filters: dict[str, Any] = {}
    if selection is not None:
        filters["start"], filters["end"] = selection.start.isoformat(), selection.end.isoformat()
        if selection.providers:
            filters["providers"] = list(selection.providers)
        if selection.repos:
            # An entry must not become long.
            filters["repos"] = list(selection.repos[:MAX_NAMED])
            filters["repo_count"] = len(selection.repos)
        if not selection.include_no_repo:
            filters["include_no_repo"] = False
        if selection.teams:
            filters["teams"] = list(selection.teams[:MAX_NAMED])
        if selection.person:
            filters["has_search"] = True
    if subjects:
        filters["people_count"] = len(subjects)
    if session_id is not None:
        filters["session"] = session_id
    return filters


def _reader(user: Any) -> dict[str, Any]:
    if isinstance(user, get_user_model()) and not user._state.adding:
        return {"reader_id": user.pk}
    return {"reader_text": (person_of(user).email or str(user))[: AccessLogEntry.MAX_READER_TEXT]}


def _write(entry: AccessLogEntry, subjects: Collection[Any]) -> None:
    using = router.db_for_write(AccessLogEntry)
    with _short_transaction(using):
        entry.save(using=using)
        if subjects:
            # A filter may name people who do not exist.
            users = get_user_model()._base_manager.using(using).filter(pk__in=subjects)
            entry.subjects.add(*users.values_list("pk", flat=True))
    if entry.pk % _PRUNE_EVERY == 0:
        with _short_transaction(using):
            _prune(using, _PRUNE_AT_MOST)


@contextmanager
def _short_transaction(using: str) -> Iterator[None]:
    """A transaction that waits 50 ms at most for a lock, and on PostgreSQL not for the disk.

    A crash of the database server can lose the entries of its last second. In a transaction that the host has opened,
    the host's rules hold.
    """
    connection = connections[using]
    if connection.in_atomic_block or not connection.get_autocommit():
        with transaction.atomic(using=using):
            yield
    elif connection.vendor == "sqlite":
        with _sqlite_wait(connection), transaction.atomic(using=using):
            yield
    else:
        with transaction.atomic(using=using):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {_WAIT_MS}; SET LOCAL synchronous_commit = off")
            yield


@contextmanager
def _sqlite_wait(connection: Any) -> Iterator[None]:
    """Set how long SQLite waits for its only writer."""
    with connection.cursor() as cursor:
        [host_wait] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {host_wait}")
