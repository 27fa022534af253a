"""The read replica: whether it answers, and how far it is behind."""

from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, router

from ..conf import app_settings
from ..models import CodingSession

# A standby that has replayed all that it received is up to date while it receives; without a receiver, its last
# transaction says how old its data are at most.
_LAG = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN NULL
    ELSE now() - pg_last_xact_replay_timestamp()
END
"""


class ReadDatabaseUnavailableError(Exception):
    """`ORG_ANALYTICS_READ_DATABASE` does not answer, and `ORG_ANALYTICS_READ_FALLBACK` is off."""


def reachable_database() -> str:
    """The alias that reports read now: the replica, or the host's database where the replica does not answer.

    Raises ReadDatabaseUnavailableError.
    """
    replica = app_settings.read_database
    if replica is None:
        return router.db_for_read(CodingSession)
    if answers(replica):
        return replica
    if not app_settings.read_fallback:
        raise ReadDatabaseUnavailableError
    fallback = router.db_for_write(CodingSession)
    return fallback if fallback != replica else DEFAULT_DB_ALIAS


def answers(alias: str) -> bool:
    """Whether the database answers. Opens a connection again that was lost."""
    connection = connections[alias]
    if connection.in_atomic_block:
        return True
    try:
        connection.ensure_connection()
        if not connection.is_usable():
            connection.close()
            connection.ensure_connection()
    except OperationalError:
        connection.close()
        return False
    return True


def replica_lag(using: str) -> timedelta | None:
    """How far a PostgreSQL standby is behind; None where the database is no standby, or is up to date."""
    connection = connections[using]
    if using != app_settings.read_database or connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(_LAG)
        lag: timedelta | None = cursor.fetchone()[0]
    return lag
