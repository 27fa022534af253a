"""The triggers that keep the roll-ups exact. Pure: no Django.

Every write to the sessions and to their model usage fires the triggers, also one without Django. Three do not count
right: SQLite's `INSERT OR REPLACE` (the replaced row fires no trigger unless `PRAGMA recursive_triggers` is on), writes
on PostgreSQL while triggers are switched off (`session_replication_role`), and one statement of PostgreSQL that both
changes or deletes sessions and changes or deletes their model usage (`WITH … DELETE`, or a foreign key with ON DELETE
CASCADE). Run `rebuild_daily_usage` after such writes.

The SQL that this package generates is kept as text in `migrations/sql/`, per version and database. A test compares
them: a change here needs a new version and a migration that installs it.
"""

from . import postgresql, sqlite
from .sums import DAYS, rollups


def create_statements(vendor: str) -> list[str]:
    """The statements that create the triggers."""
    functions = postgresql.create_functions() if vendor == "postgresql" else []
    return [*functions, *triggers(vendor).values()]


def drop_statements(vendor: str) -> list[str]:
    """The statements that drop the triggers that exist."""
    if vendor == "postgresql":
        return postgresql.drop_functions()
    return [f"DROP TRIGGER IF EXISTS {name}" for name in sqlite.triggers()]


def triggers(vendor: str) -> dict[str, str]:
    """The name of each trigger and the statement that creates it."""
    return postgresql.triggers() if vendor == "postgresql" else sqlite.triggers()


def bodies(vendor: str) -> dict[str, str]:
    """The name of each trigger and what the database's catalogue has of it: its statement or its function's body."""
    return postgresql.functions() if vendor == "postgresql" else sqlite.triggers()


def calendar_statement() -> str:
    """The statement that fills the empty calendar, without its rows."""
    return f"INSERT INTO {DAYS} (starts_at, day, zone) VALUES"


def fill_statements(vendor: str) -> list[str]:
    """The statements that fill the empty roll-ups from the sessions."""
    return [rollup.fill_statement() for rollup in rollups(vendor)]
