"""Read snapshots: which database a report reads, in which state, for how long at most and with how much memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connections, router, transaction

from ..conf import app_settings
from ..models import CodingSession
from .replicas import ReadDatabaseUnavailableError, reachable_database


class _Snapshot(NamedTuple):
    """The open snapshot: its alias, and the results that its reports share."""

    using: str
    results: dict[Any, Any]


_open: ContextVar[_Snapshot | None] = ContextVar("org_analytics_snapshot", default=None)
Result = TypeVar("Result")
_SET_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_SET_TIMEOUT = "set_config('statement_timeout', %s, true)"
# Sums by thousands of people or repositories do not fit into PostgreSQL's default of 4 MB: it would sort them on disk.
_RAISE_MEMORY = (
    "set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), 33554432) / 1024 || 'kB', true)"
)
_POSTGRES_CANCELLED = "57014"
# SQLite asks after this many steps of its virtual machine whether to go on: about every millisecond.
_SQLITE_STEPS = 10_000


class QueryTimeoutError(Exception):
    """A report took longer than `ORG_ANALYTICS_STATEMENT_TIMEOUT`."""


def read_database() -> str:
    """The alias that reports read: the open snapshot's, else the setting's, else the one that the routers name."""
    outer = _open.get()
    return outer.using if outer else app_settings.read_database or router.db_for_read(CodingSession)


@contextmanager
def snapshot() -> Iterator[str]:
    """Let every query inside see one state of the database; yield its alias.

    Raises QueryTimeoutError, and ReadDatabaseUnavailableError where the replica does not answer or stops while it is
    read.

    In a transaction that the host has already opened, the host's isolation level holds. The time limit applies to each
    statement on PostgreSQL and to all of them together on SQLite. It ends with the snapshot.
    """
    outer = _open.get()
    if outer:
        yield outer.using
        return
    using = reachable_database()
    token = _open.set(_Snapshot(using, {}))
    try:
        with snapshot_on(using, app_settings.statement_timeout):
            yield using
    except OperationalError as error:
        if is_timeout(error):
            raise QueryTimeoutError from error
        if using == app_settings.read_database:
            raise ReadDatabaseUnavailableError from error
        raise
    finally:
        _open.reset(token)


def once_per_snapshot(key: Any, compute: Callable[[], Result]) -> Result:
    """`compute()`, once for all reports of the open snapshot: they see the same state, so they get the same result."""
    inside = _open.get()
    if inside is None:
        return compute()
    if key not in inside.results:
        inside.results[key] = compute()
    result: Result = inside.results[key]
    return result


def snapshot_on(using: str, seconds: float = 0) -> AbstractContextManager[None]:
    """A snapshot of this database, with a time limit if `seconds` is not 0."""
    connection = connections[using]
    return (_on_postgresql if connection.vendor == "postgresql" else _on_sqlite)(connection, seconds)


@contextmanager
def _on_postgresql(connection: Any, seconds: float) -> Iterator[None]:
    milliseconds = round(seconds * 1000)
    is_outermost = connection.get_autocommit() and not connection.in_atomic_block
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute(f"{_SET_SNAPSHOT}; SET LOCAL statement_timeout = {milliseconds}; SELECT {_RAISE_MEMORY}")
            yield
            return
        # These last until the host's transaction ends, so the host's values are put back.
        settings = "current_setting('statement_timeout'), current_setting('work_mem')"
        cursor.execute(f"SELECT {settings}, {_SET_TIMEOUT}, {_RAISE_MEMORY}", [str(milliseconds)])
        timeout, memory, *_now = cursor.fetchone()
        yield
        cursor.execute(f"SELECT {_SET_TIMEOUT}, set_config('work_mem', %s, true)", [timeout, memory])


@contextmanager
def _on_sqlite(connection: Any, seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    deadline = time.monotonic() + seconds if seconds else float("inf")
    connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, _SQLITE_STEPS)
    # A reader whose transaction begins as immediate would block writers. `transaction_mode` is undocumented as an
    # attribute (the documented form is an option of DATABASES); it is the same in Django 5.2, 6.0 and 6.1.
    mode, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic(using=connection.alias):
            yield
    finally:
        connection.transaction_mode = mode
        connection.connection.set_progress_handler(None, 0)


def is_timeout(error: Exception) -> bool:
    """Whether the time limit of the snapshot stopped a statement."""
    is_cancelled = getattr(error.__cause__, "sqlstate", None) == _POSTGRES_CANCELLED or str(error) == "interrupted"
    return isinstance(error, OperationalError) and is_cancelled
