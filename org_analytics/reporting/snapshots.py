"""How questions are read: from which database, all of one page from one state of it, and within a time limit."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import OperationalError, connections, router, transaction

from ..conf import app_settings
from ..models import CodingSession
from ..money import MoneyOverflowError

_inside: ContextVar[str | None] = ContextVar("org_analytics_snapshot", default=None)
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_SET_TIMEOUT = "set_config('statement_timeout', %s, true)"
_POSTGRES_CANCELLED = "57014"
# SQLite asks after so many steps of its machine whether to go on: every millisecond or so.
_SQLITE_STEPS = 10_000
# Its words for a sum beyond 2^63, of which only money can come near. PostgreSQL sums on.
_SQLITE_OVERFLOW = "integer overflow"


class QueryTimeoutError(Exception):
    """A question took longer than `ORG_ANALYTICS_STATEMENT_TIMEOUT`."""


def read_database() -> str:
    """The alias that questions are asked of: the setting's, else what the host's routers say."""
    return app_settings.read_database or router.db_for_read(CodingSession)


@contextmanager
def snapshot() -> Iterator[str]:
    """All that is asked inside sees one state of the database; yields its alias. Raises QueryTimeout.

    Where the host has a transaction open already, its isolation is what holds. The time limit is for each statement on
    PostgreSQL, for all of them together on SQLite, and for nothing that comes after.
    """
    using = read_database()
    if _inside.get() == using:
        yield using
        return
    token = _inside.set(using)
    try:
        with snapshot_on(using, app_settings.statement_timeout):
            yield using
    except OperationalError as error:
        if _is_timeout(error):
            raise QueryTimeoutError from error
        if str(error) == _SQLITE_OVERFLOW:
            raise MoneyOverflowError from error
        raise
    finally:
        _inside.reset(token)


def snapshot_on(using: str, seconds: float = 0) -> AbstractContextManager[None]:
    """One state of this database, and a time limit if there are seconds."""
    connection = connections[using]
    return (_on_postgresql if connection.vendor == "postgresql" else _on_sqlite)(connection, seconds)


@contextmanager
def _on_postgresql(connection: Any, seconds: float) -> Iterator[None]:
    milliseconds = round(seconds * 1000)
    is_own = connection.get_autocommit() and not connection.in_atomic_block
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if is_own:
            cursor.execute(f"{_ONE_STATE}; SET LOCAL statement_timeout = {milliseconds}")
            yield
            return
        # What is set locally ends with the transaction, and that is the host's: it is put back.
        cursor.execute(f"SELECT current_setting('statement_timeout'), {_SET_TIMEOUT}", [str(milliseconds)])
        before, _now = cursor.fetchone()
        yield
        cursor.execute(f"SELECT {_SET_TIMEOUT}", [before])


@contextmanager
def _on_sqlite(connection: Any, seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    deadline = time.monotonic() + seconds if seconds else float("inf")
    connection.connection.set_progress_handler(lambda: time.monotonic() > deadline, _SQLITE_STEPS)
    # A reader that began its transaction as immediate would wait for writers, and they for it.
    mode, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic(using=connection.alias):
            yield
    finally:
        connection.transaction_mode = mode
        connection.connection.set_progress_handler(None, 0)


def _is_timeout(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == _POSTGRES_CANCELLED or str(error) == "interrupted"
