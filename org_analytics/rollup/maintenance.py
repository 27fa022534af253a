"""Maintenance of the daily roll-ups: their calendar, their rebuild, and comparisons with the sessions.

The triggers that keep them exact, and what they cannot see, are in `triggers`.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import AppConfig
from django.db import NotSupportedError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from ..conf import app_settings
from ..periods import day_start
from ..rollup import triggers
from .sums import DAILY_USAGE, DAYS, MODEL_USAGE, SESSIONS, Rollup, rollups
from .tables import DailyModelUsage, DailyUsage, ReportingDay, TenDayUsage

# Every allowed start has a day, in every zone.
FIRST_DAY, LAST_DAY = date(1999, 12, 31), date(2101, 1, 1)
_BATCH = 1000


def calendar(zone: ZoneInfo, first: date = FIRST_DAY, last: date = LAST_DAY) -> dict[datetime, date]:
    """The first instant (UTC) of each day → the day. A day that the zone skipped has none."""
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return {day_start(day, zone): day for day in days}


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> dict[datetime, date]:
    """The days of the zone that begin in [start, end], by the time zone data of this process."""
    # If the clock goes back over midnight, a day has begun although the clock shows the day before.
    last = end.astimezone(zone).date() + timedelta(1)
    days = calendar(zone, start.astimezone(zone).date(), last)
    return {instant: day for instant, day in days.items() if start <= instant <= end}


def stored_days(using: str, start: datetime, end: datetime) -> dict[datetime, date]:
    """The days that begin in [start, end], by the stored calendar."""
    days = ReportingDay.objects.using(using).filter(starts_at__gte=start, starts_at__lte=end)
    return dict(days.order_by("starts_at").values_list("starts_at", "day"))


def days_are_current(using: str, start: datetime, end: datetime) -> bool:
    """Whether the stored days in this range are those of the reporting time zone. If not, reports do not use them."""
    return stored_days(using, start, end) == days_between(start, end, app_settings.time_zone)


def outdated_days(using: str) -> int:
    """How many days begin at another instant in the roll-up than in the reporting time zone.

    Boundaries are compared, not names of zones: an update of the time zone data moves boundaries, and two names may
    have the same ones.
    """
    stored = dict(ReportingDay.objects.using(using).values_list("starts_at", "day"))
    return len({day for _start, day in stored.items() ^ calendar(app_settings.time_zone).items()})


def recorded_zone(using: str) -> str | None:
    """The time zone of the stored days."""
    return ReportingDay.objects.using(using).order_by("starts_at").values_list("zone", flat=True).first()


def is_installed(using: str) -> bool:
    """Whether the tables exist."""
    connection = connections[using]
    needed = {SESSIONS, DAYS, *(rollup.table for rollup in rollups(connection.vendor))}
    return needed <= set(connection.introspection.table_names())


def install(using: str) -> None:
    """Create the tables that are missing and the triggers, and sum all sessions."""
    connection = connections[using]
    require_support(connection.vendor)
    existing = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        for model in (DailyUsage, DailyModelUsage, TenDayUsage, ReportingDay):
            if model._meta.db_table not in existing:
                editor.create_model(model)
        if DAILY_USAGE.table not in existing:
            editor.execute(f"CREATE INDEX org_daily_repo ON {DAILY_USAGE.table} (repo_id, day)", params=None)
    rebuild(using)


def install_without_migrations(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Install the roll-up where the app's tables are created without its migrations (a receiver of `post_migrate`).

    Hosts test so: `pytest --no-migrations`, or `TEST = {"MIGRATE": False}`.
    """
    module, _is_set = MigrationLoader.migrations_module(sender.label)
    if module is None and is_missing(using):
        install(using)


def is_missing(using: str) -> bool:
    """Whether the table of sessions exists, but the tables of the roll-up do not."""
    return SESSIONS in connections[using].introspection.table_names() and not is_installed(using)


def different_totals(using: str) -> dict[str, tuple[int, int]]:
    """The columns whose total in a roll-up differs from the sessions', with both totals. Scans all of these tables."""
    return {
        f"{name}{rollup.label}": totals
        for rollup in rollups(connections[using].vendor)
        for name, totals in _totals(using, rollup).items()
        if totals[0] != totals[1]
    }


def _totals(using: str, rollup: Rollup) -> dict[str, tuple[int, int]]:
    """Of each summed column the total in the roll-up and that of the sessions."""
    stored = ", ".join(f"coalesce(sum({name}), 0)" for name in rollup.sums)
    fresh = ", ".join(f"coalesce(sum({rollup.summand(name, 'session', 'usage')}), 0)" for name in rollup.sums)
    source = rollup.source.format(sessions=SESSIONS, usages=MODEL_USAGE)
    with connections[using].cursor() as cursor:
        # One statement sees one state of the database, also while others write.
        cursor.execute(f"SELECT * FROM (SELECT {stored} FROM {rollup.table}) a, (SELECT {fresh} FROM {source}) b")
        totals = [int(total) for total in cursor.fetchone()]
    places = range(len(rollup.sums))
    return {name: (totals[place], totals[place + len(places)]) for name, place in zip(rollup.sums, places, strict=True)}


def rebuild(using: str) -> None:
    """Rebuild the calendar and the roll-ups. Blocks writers; readers see the old data until commit."""
    connection = connections[using]
    # Only if necessary, because creating triggers blocks readers too.
    remade = altered_triggers(connection)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Writers of model usage wait for it too: their triggers lock the sessions.
            cursor.execute(f"LOCK TABLE {SESSIONS} IN EXCLUSIVE MODE")
        if remade:
            for statement in (
                *triggers.drop_statements(connection.vendor),
                *triggers.create_statements(connection.vendor),
            ):
                cursor.execute(statement)
        for statement in refill(connection.vendor, app_settings.time_zone):
            cursor.execute(statement)


def differences(using: str) -> Iterator[str]:
    """One line per difference: triggers, days, and rows of the roll-ups."""
    if is_missing(using):
        yield "the daily roll-up is missing"
        return
    yield from (f"trigger {name} is missing or altered" for name in altered_triggers(connections[using]))
    yield from _calendar_differences(using)
    yield from usage_differences(using)


def usage_differences(using: str) -> Iterator[str]:
    """Rows of the roll-ups that differ from the sums of their sessions."""
    for rollup in rollups(connections[using].vendor):
        yield from _row_differences(using, rollup)


def _row_differences(using: str, rollup: Rollup) -> Iterator[str]:
    stored, correct = f"SELECT {', '.join(rollup.columns)} FROM {rollup.table}", rollup.select_all()
    with connections[using].cursor() as cursor:
        for label, here, there in (("wrong row", stored, correct), ("missing row", correct, stored)):
            cursor.execute(f"SELECT * FROM ({here}) here EXCEPT SELECT * FROM ({there}) there")
            for row in cursor:
                values = ", ".join(f"{name}={value}" for name, value in zip(rollup.columns, row, strict=True))
                yield f"{label}{rollup.label}: {values}"


def altered_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of triggers (on PostgreSQL also functions) that are missing or differ from `triggers`."""
    wanted = triggers.bodies(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_CATALOGUES[connection.vendor], [SESSIONS, MODEL_USAGE])
        installed = dict(cursor.fetchall())
    return sorted(name for name in wanted if installed.get(name) != wanted[name])


def refill(vendor: str, zone: ZoneInfo) -> Iterator[str]:
    """The statements that empty and fill the calendar and the roll-ups."""
    yield from (f"DELETE FROM {rollup.table}" for rollup in rollups(vendor))
    yield f"DELETE FROM {DAYS}"
    for rows in calendar_rows(vendor, zone):
        yield f"{triggers.calendar_statement()} {rows}"
    yield from triggers.fill_statements(vendor)


def calendar_rows(vendor: str, zone: ZoneInfo) -> Iterator[str]:
    """The rows of the calendar as SQL values (starts_at, day, zone), in batches."""
    days = list(calendar(zone).items())
    for first in range(0, len(days), _BATCH):
        yield ", ".join(
            f"('{_instant(vendor, start)}', '{day}', '{zone.key}')" for start, day in days[first : first + _BATCH]
        )


def _instant(vendor: str, instant: datetime) -> str:
    """The instant as SQL text."""
    return f"{instant:%Y-%m-%d %H:%M:%S}" + ("+00" if vendor == "postgresql" else "")


def _calendar_differences(using: str) -> Iterator[str]:
    if count := outdated_days(using):
        yield (
            f"{count} days, stored for {recorded_zone(using)}, begin at another instant than they do now in "
            f"{app_settings.time_zone.key}"
        )


def is_supported(vendor: str) -> bool:
    """Whether the package has triggers for this database."""
    return vendor in ("postgresql", "sqlite")


def require_support(vendor: str) -> None:
    """Raise NotSupportedError for a database that the package has no triggers for."""
    if not is_supported(vendor):
        raise NotSupportedError(f"org_analytics runs on PostgreSQL and SQLite, not on {vendor}.")


# The triggers of two tables.
_CATALOGUES = {
    "postgresql": """
        SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
        WHERE tgrelid IN (to_regclass(%s), to_regclass(%s)) AND NOT tgisinternal AND tgenabled IN ('O', 'A')
    """,
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (%s, %s)",
}
