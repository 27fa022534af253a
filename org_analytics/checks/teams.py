"""System checks of `ORG_ANALYTICS_TEAMS`: that its callable can be imported, and that it returns teams."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from ..conf import app_settings
from ..reporting.snapshots import read_database
from ..reporting.teams import TeamsError, read_memberships


def check_teams_callable(**kwargs: Any) -> list[CheckMessage]:
    """E016: the callable that returns the teams cannot be imported. Runs no query."""
    try:
        app_settings.teams_callable  # noqa: B018
    except ImproperlyConfigured as error:
        return [_error(error)]
    return []


def check_teams(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E016: the callable that returns the teams fails, or returns something else than pairs."""
    if check_teams_callable() or not app_settings.has_teams:
        return []
    alias = read_database()
    if alias not in (databases or ()) or _has_pending_migrations(alias):
        return []
    try:
        read_memberships()
    except TeamsError as error:
        return [_error(error)]
    return []


def _has_pending_migrations(alias: str) -> bool:
    """Whether `migrate`, which runs the checks first, may be about to create the tables of the teams."""
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _error(error: Exception) -> CheckMessage:
    return Error(
        str(error),
        hint="Set it to the path of a callable that returns (user id, team name) pairs, such as "
        "'org_analytics.teams.from_groups'. Until then nobody is in a team.",
        id="org_analytics.E016",
    )
