"""Migration operations for the daily roll-up.

SQLite drops a table's triggers without a word when a migration alters the table, and refuses to alter a table that
triggers write to. So every migration that touches the sessions or the roll-up does it in `SuspendDailyUsage([…])`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import router
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from ..conf import app_settings
from ..rollup import triggers
from .maintenance import refill, require_support
from .tables import DailyUsage, ReportingDay
from .triggers import DAYS, USAGE


class InstallDailyUsage(Operation):
    """Make the calendar, the roll-up and the triggers; all of it derived, so none of it is in the state."""

    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing to do."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if not _is_ours(app_label, schema_editor):
            return
        require_support(schema_editor.connection.vendor)
        for model in (DailyUsage, ReportingDay):
            schema_editor.create_model(model)
        schema_editor.execute(f"CREATE INDEX org_daily_repo ON {USAGE} (repo_id, day)", params=None)
        _resume(schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if _is_ours(app_label, schema_editor):
            _suspend(schema_editor)
            for table in (USAGE, DAYS):
                schema_editor.execute(f"DROP TABLE {table}", params=None)

    def describe(self) -> str:
        return "Make the daily roll-up, its calendar and the triggers that keep it"


class SuspendDailyUsage(SeparateDatabaseAndState):
    """Do these operations without the triggers, then put them back and sum everything anew; both ways."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations
        super().__init__(operations, operations)

    def deconstruct(self) -> Any:
        return type(self).__qualname__, [self.operations], {}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with _suspended(app_label, schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with _suspended(app_label, schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)


@contextmanager
def _suspended(app_label: str, schema_editor: Any) -> Iterator[None]:
    is_ours = _is_ours(app_label, schema_editor)
    if is_ours:
        _suspend(schema_editor)
    yield
    if is_ours:
        _resume(schema_editor)


def _suspend(schema_editor: Any) -> None:
    for statement in triggers.drop(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def _resume(schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    for statement in (*triggers.create(vendor), *refill(vendor, app_settings.time_zone)):
        schema_editor.execute(statement, params=None)


def _is_ours(app_label: str, schema_editor: Any) -> bool:
    return bool(router.allow_migrate(schema_editor.connection.alias, app_label, model_name="codingsession"))
