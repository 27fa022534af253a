"""Migration operations for the daily roll-ups.

Migrations run frozen SQL (`versions`) and literal tables, never today's models or triggers.

SQLite refuses to alter a table that a trigger of another table reads or writes. So a migration that alters the sessions
or their model usage puts its operations into `SuspendDailyUsage`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import models, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from ..conf import app_settings
from .maintenance import calendar_rows, require_support
from .sums import DAILY_USAGE, DAYS
from .tables import APP_LABEL
from .versions import RollupVersion


class RollupOperation(Operation):
    """An operation on the roll-up. All of it is derived from the sessions, so the migration state does not have it."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing to do."""


class InstallDailyUsage(RollupOperation):
    """Create the calendar, the roll-up and the triggers; `tables` are frozen model states."""

    def __init__(self, version: RollupVersion, tables: Sequence[ModelState]) -> None:
        self.version = version
        self.tables = tables

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: ProjectState
    ) -> None:
        if not _is_ours(app_label, schema_editor):
            return
        require_support(schema_editor.connection.vendor)
        for model in _rendered(self.tables, to_state):
            schema_editor.create_model(model)
        schema_editor.execute(f"CREATE INDEX org_daily_repo ON {DAILY_USAGE.table} (repo_id, day)", params=None)
        _resume(schema_editor, self.version)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if _is_ours(app_label, schema_editor):
            _run(schema_editor, self.version, "drop")
            for table in (DAILY_USAGE.table, DAYS):
                schema_editor.execute(f"DROP TABLE {table}", params=None)

    def describe(self) -> str:
        return "Create the daily roll-up, its calendar and its triggers"


class AddRollup(RollupOperation):
    """Create the table of another roll-up, replace the triggers of `old` by those of `new`, and fill the table.

    `table` is a frozen model state. The other roll-ups stay as they are: nothing is written while triggers are missing.
    """

    def __init__(self, old: RollupVersion, new: RollupVersion, table: ModelState) -> None:
        self.old = old
        self.new = new
        self.table = table

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: ProjectState
    ) -> None:
        if not _is_ours(app_label, schema_editor):
            return
        self._remove(schema_editor)  # `rebuild_daily_usage` creates what is missing, also before this migration
        _run(schema_editor, self.old, "drop")
        [model] = _rendered([self.table], to_state)
        schema_editor.create_model(model)
        _run(schema_editor, self.new, "create")
        for statement in self.new.statements(schema_editor.connection.vendor, "sum"):
            if statement.startswith(f"INSERT INTO {model._meta.db_table} "):
                schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if _is_ours(app_label, schema_editor):
            self._remove(schema_editor)
            _run(schema_editor, self.old, "create")

    def describe(self) -> str:
        return f"Create the roll-up {self.table.name} and its triggers"

    def _remove(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        _run(schema_editor, self.new, "drop")
        schema_editor.execute(f"DROP TABLE IF EXISTS {self.table.options['db_table']}", params=None)


class ReplaceTriggers(RollupOperation):
    """Replace the triggers of one version by those of another that sums the same columns."""

    def __init__(self, old: RollupVersion, new: RollupVersion) -> None:
        self.old = old
        self.new = new

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._replace(app_label, schema_editor, self.old, self.new)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._replace(app_label, schema_editor, self.new, self.old)

    def describe(self) -> str:
        return f"Replace the triggers of the daily roll-up by those of version {self.new.name}"

    def _replace(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: RollupVersion, new: RollupVersion
    ) -> None:
        if _is_ours(app_label, schema_editor):
            _run(schema_editor, old, "drop")
            _run(schema_editor, new, "create")


class ReplaceDailyUsage(RollupOperation):
    """Replace the tables and triggers of one version by those of another, and sum all sessions again."""

    def __init__(self, old: InstallDailyUsage, new: InstallDailyUsage) -> None:
        self.old = old
        self.new = new

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self.old.database_backwards(app_label, schema_editor, from_state, to_state)
        self.new.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self.new.database_backwards(app_label, schema_editor, from_state, to_state)
        self.old.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Replace the daily roll-up by version {self.new.version.name}"


class SuspendDailyUsage(SeparateDatabaseAndState):
    """Run operations without the triggers of `version`, then create them again and sum all sessions again."""

    def __init__(self, version: RollupVersion, operations: list[Operation]) -> None:
        self.version = version
        self.operations = operations
        super().__init__(operations, operations)

    def deconstruct(self) -> Any:
        return type(self).__qualname__, [self.version, self.operations], {}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with self._suspended(app_label, schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with self._suspended(app_label, schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)

    @contextmanager
    def _suspended(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
        is_ours = _is_ours(app_label, schema_editor)
        if is_ours:
            _run(schema_editor, self.version, "drop")
        yield
        if is_ours:
            _resume(schema_editor, self.version)


def _rendered(tables: Sequence[ModelState], state: ProjectState) -> list[type[models.Model]]:
    """The models of the tables, with the rest of the state: the foreign key has the type of the user model's key."""
    state = state.clone()
    for table in tables:
        state.add_model(table.clone())
    return [state.apps.get_model(APP_LABEL, table.name) for table in tables]


def _resume(schema_editor: BaseDatabaseSchemaEditor, version: RollupVersion) -> None:
    """Create the triggers and fill the calendar and the roll-ups."""
    _run(schema_editor, version, "create")
    vendor = schema_editor.connection.vendor
    for table in (*version.filled_tables(vendor), DAYS):
        schema_editor.execute(f"DELETE FROM {table}", params=None)
    [calendar] = version.statements(vendor, "calendar")
    for rows in calendar_rows(vendor, app_settings.time_zone):
        schema_editor.execute(f"{calendar} {rows}", params=None)
    _run(schema_editor, version, "sum")


def _run(schema_editor: BaseDatabaseSchemaEditor, version: RollupVersion, kind: str) -> None:
    for statement in version.statements(schema_editor.connection.vendor, kind):
        schema_editor.execute(statement, params=None)


def _is_ours(app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return bool(router.allow_migrate(schema_editor.connection.alias, app_label, model_name="codingsession"))
