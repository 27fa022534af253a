"""System checks of databases: their vendor, the routers, and the daily roll-up."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.db.models import Model

from ..conf import app_settings
from ..rollup import maintenance


def check_database_vendor(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E012: the database is not PostgreSQL or SQLite. Runs no query."""
    sessions = apps.get_model("org_analytics", "CodingSession")
    used = {router.db_for_write(sessions)}
    # From Django 6.1 on, all databases are passed if none was named: one without the app's tables does not matter.
    named = databases if databases and set(databases) != set(connections) else ()
    used.update(alias for alias in named if router.allow_migrate_model(alias, sessions))
    return [
        Error(
            f"The database {alias!r} is {connections[alias].display_name}: org_analytics needs PostgreSQL or SQLite.",
            hint="Send the app 'org_analytics' to a PostgreSQL or SQLite database, with a router if need be.",
            id="org_analytics.E012",
        )
        for alias in sorted(used)
        if not maintenance.is_supported(connections[alias].vendor)
    ]


def check_users_database(**kwargs: Any) -> list[CheckMessage]:
    """E013: the app and its users are in different databases, so foreign keys cannot work. Runs no query."""
    sessions, users = apps.get_model("org_analytics", "CodingSession"), get_user_model()
    ours, theirs = router.db_for_write(sessions), router.db_for_write(users)
    with_users = _migrated(users)
    if ours == theirs and with_users and (without_users := _migrated(sessions) - with_users):
        # A router may decide only about migrations.
        ours, theirs = min(without_users), min(with_users)
    if ours == theirs:
        return []
    return [
        Error(
            f"The routers put org_analytics into the database {ours!r}, and its users into {theirs!r}.",
            hint="Let the routers send the app 'org_analytics' to the database of the user model.",
            id="org_analytics.E013",
        )
    ]


def _migrated(model: type[Model]) -> set[str]:
    """The databases in which migrations create the model's table."""
    return {alias for alias in connections if router.allow_migrate_model(alias, model)}


def check_daily_usage(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """W003-W006: the daily roll-up is missing, or its days, triggers or totals are wrong.

    Warnings, as `migrate` runs these checks first and may be about to repair it.
    """
    return [message for alias in databases or () for message in _daily_usage_of(alias)]


def _daily_usage_of(alias: str) -> Iterator[CheckMessage]:
    if not maintenance.is_supported(connections[alias].vendor):
        return
    if maintenance.is_missing(alias):
        yield Warning(
            f"The database {alias!r} has sessions, but the daily roll-up is missing: page and API fail.",
            hint="Run manage.py migrate, or rebuild_daily_usage on a site without migrations: it creates the roll-up.",
            id="org_analytics.W006",
        )
    if not maintenance.is_installed(alias):
        return
    if count := _outdated_days(alias):
        yield Warning(
            f"In the daily roll-up of database {alias!r}, stored for {maintenance.recorded_zone(alias)}, {count} days "
            f"begin at another instant than they do now in {app_settings.time_zone.key}.",
            hint="Run manage.py rebuild_daily_usage. Until then the numbers of such days are summed from the sessions.",
            id="org_analytics.W003",
        )
    if names := maintenance.altered_triggers(connections[alias]):
        yield Warning(
            f"Daily roll-up triggers are missing or modified in database {alias!r}: {', '.join(names)}.",
            hint="Run manage.py rebuild_daily_usage: it restores the triggers and sums all sessions again.",
            id="org_analytics.W004",
        )
    # Triggers of another version may belong to other columns; `migrate` is about to replace both.
    elif totals := maintenance.different_totals(alias):
        yield Warning(
            f"The totals of the daily roll-up in database {alias!r} differ from the sessions: "
            + ", ".join(f"{name} {stored} instead of {fresh}" for name, (stored, fresh) in totals.items())
            + ".",
            hint="Run manage.py rebuild_daily_usage: it sums all sessions again. Until then numbers are wrong.",
            id="org_analytics.W005",
        )


def _outdated_days(alias: str) -> int:
    try:
        return maintenance.outdated_days(alias)
    except ImproperlyConfigured:
        return 0  # E006 names the unknown zone
