"""The daily roll-up's life: made by a migration, compared and rebuilt by a command, cut in the reporting zone.

The triggers that keep it exact, and what they cannot see, are in `triggers`.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import NotSupportedError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..conf import app_settings
from ..periods import day_start
from ..rollup import triggers
from .tables import ReportingDay
from .triggers import COLUMNS, DAYS, SESSIONS, USAGE

# Every start that is allowed has its day, in every zone.
FIRST_DAY, LAST_DAY = date(1999, 12, 31), date(2101, 1, 1)
_BATCH = 1000


def calendar(zone: ZoneInfo) -> dict[datetime, date]:
    """The days by their first instant (UTC). A day that the zone skipped has none."""
    days = (FIRST_DAY + timedelta(number) for number in range((LAST_DAY - FIRST_DAY).days + 1))
    return {day_start(day, zone): day for day in days}


def zone_is_current(using: str) -> bool:
    """Whether the days are cut in the reporting zone of now; if not, the command `rebuild_daily_usage` does it."""
    return recorded_zone(using) == app_settings.time_zone.key


def recorded_zone(using: str) -> str | None:
    """The zone in which the days are cut."""
    return ReportingDay.objects.using(using).order_by("starts_at").values_list("zone", flat=True).first()


def is_installed(using: str) -> bool:
    """Whether the migration that makes the tables was run there."""
    return {SESSIONS, USAGE, DAYS} <= set(connections[using].introspection.table_names())


def rebuild(using: str) -> None:
    """Cut the days anew and sum all sessions again; writers wait meanwhile, readers see the old until it is done."""
    connection = connections[using]
    # Only where they must be: making triggers keeps readers out, too.
    remade = altered_triggers(connection)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {SESSIONS} IN SHARE ROW EXCLUSIVE MODE")
        if remade:
            for statement in (
                *triggers.drop_statements(connection.vendor),
                *triggers.create_statements(connection.vendor),
            ):
                cursor.execute(statement)
        for statement in refill(connection.vendor, app_settings.time_zone):
            cursor.execute(statement)


def differences(using: str) -> Iterator[str]:
    """What is not as it should be, a line each: triggers, days, and rows of the roll-up."""
    yield from (f"trigger {name} is missing or altered" for name in altered_triggers(connections[using]))
    yield from _calendar_differences(using)
    yield from usage_differences(using)


def usage_differences(using: str) -> Iterator[str]:
    """Rows of the roll-up that are not what their sessions add up to."""
    kept, fresh = f"SELECT {', '.join(COLUMNS)} FROM {USAGE}", triggers.select_all_usage()
    with connections[using].cursor() as cursor:
        for label, here, there in (("kept, but wrong", kept, fresh), ("right, but not kept", fresh, kept)):
            cursor.execute(f"SELECT * FROM ({here}) here EXCEPT SELECT * FROM ({there}) there")
            for row in cursor:
                values = ", ".join(f"{name}={value}" for name, value in zip(COLUMNS, row, strict=True))
                yield f"{label}: {values}"


def altered_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers (PostgreSQL: and functions) that the database does not have as `triggers` has them."""
    wanted, kept = triggers.triggers(connection.vendor), {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            wanted = triggers.functions()
            cursor.execute(_POSTGRES_CATALOGUE, [SESSIONS])
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [SESSIONS])
        kept = dict(cursor.fetchall())
    return sorted(name for name in wanted if kept.get(name) != wanted[name])


def refill(vendor: str, zone: ZoneInfo) -> Iterator[str]:
    """The statements that empty and fill the calendar and the roll-up."""
    yield f"DELETE FROM {USAGE}"
    yield f"DELETE FROM {DAYS}"
    for rows in calendar_rows(vendor, zone):
        yield f"{triggers.calendar_statement()} {rows}"
    yield triggers.sum_statement()


def calendar_rows(vendor: str, zone: ZoneInfo) -> Iterator[str]:
    """The rows of the calendar as SQL values (starts_at, day, zone), in batches."""
    days = list(calendar(zone).items())
    for first in range(0, len(days), _BATCH):
        yield ", ".join(
            f"('{_instant(vendor, start)}', '{day}', '{zone.key}')" for start, day in days[first : first + _BATCH]
        )


def _instant(vendor: str, instant: datetime) -> str:
    """As the database keeps it."""
    return f"{instant:%Y-%m-%d %H:%M:%S}" + ("+00" if vendor == "postgresql" else "")


def _calendar_differences(using: str) -> Iterator[str]:
    zone = app_settings.time_zone
    kept = dict(ReportingDay.objects.using(using).values_list("starts_at", "day"))
    if (recorded := recorded_zone(using)) != zone.key:
        yield f"days are cut in {recorded}, the reporting zone is {zone.key}"
    elif kept != (wanted := calendar(zone)):
        count = len(kept.items() ^ wanted.items())
        yield f"days of {zone.key} are cut by other rules than today's: {count} differences"


def is_supported(vendor: str) -> bool:
    """Whether triggers were written for such a database."""
    return vendor in ("postgresql", "sqlite")


def require_support(vendor: str) -> None:
    """Raises NotSupportedError for a database that no triggers were written for."""
    if not is_supported(vendor):
        raise NotSupportedError(f"org_analytics runs on PostgreSQL and SQLite, not on {vendor}.")


_POSTGRES_CATALOGUE = """
    SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgenabled IN ('O', 'A')
"""
