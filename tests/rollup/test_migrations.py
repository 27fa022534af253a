"""The migrations of the daily roll-up: frozen, reversible, and exact for a database that has data."""

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.test import override_settings

import org_analytics
from org_analytics.models import CodingSession, SessionRecap
from org_analytics.rollup import maintenance
from org_analytics.rollup.versions import DIRECTORY, RollupVersion, current_sql
from tests.schema import schema
from tests.scratch import scratch_database

MIGRATIONS = Path(org_analytics.__file__).parent / "migrations"
BEFORE_0006 = "0005"
BEFORE_0009 = "0008"
GOLDEN = Path(__file__).parent / "golden"
LATEST = max(path.name.split(".")[0] for path in DIRECTORY.glob("*.sql"))
MADE_UP = """
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

from django.db import migrations, models

from org_analytics.rollup.operations import InstallDailyUsage, ReplaceDailyUsage
from org_analytics.rollup.versions import RollupVersion

first = import_module("org_analytics.migrations.0001_initial")
usage = first.DAILY_USAGE.clone()
usage.fields["session_twice"] = models.IntegerField()


class Migration(migrations.Migration):
    dependencies = [("org_analytics", "{previous}")]
    operations = [
        ReplaceDailyUsage(
            InstallDailyUsage(RollupVersion("{latest}"), [first.DAILY_USAGE, first.REPORTING_DAY]),
            InstallDailyUsage(RollupVersion("9999", Path(__file__).parent), [usage, first.REPORTING_DAY]),
        )
    ]
"""


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[str]:
    """The alias of an empty database."""
    with django_db_blocker.unblock(), scratch_database(tmp_path) as alias:
        yield alias


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app's migrations and one more, which adds a summed column to the roll-up."""
    package = tmp_path / "made_up_migrations"
    package.mkdir()
    for path in MIGRATIONS.glob("*.py"):
        shutil.copy(path, package)
    previous = max(path.stem for path in MIGRATIONS.glob("0*.py"))
    (package / "9999_made_up.py").write_text(MADE_UP.format(previous=previous, latest=LATEST))
    for vendor in ("postgresql", "sqlite"):
        text = (DIRECTORY / f"{LATEST}.{vendor}.sql").read_text(encoding="utf-8")
        (package / f"9999.{vendor}.sql").write_text(with_another_column(text), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(MIGRATION_MODULES={"org_analytics": "made_up_migrations"}):
        yield
    for name in [name for name in sys.modules if name.startswith("made_up_migrations")]:
        del sys.modules[name]


def with_another_column(text: str) -> str:
    """The SQL of a version with the column session_twice in the roll-up of sessions: twice the session_count."""
    others = ("daily_model_usage", "dailymodelusage", "ten_day_usage", "tendayusage")
    lines, is_of_another = [], False
    for line in text.splitlines():
        is_of_another = any(name in line for name in others) or (is_of_another and "-- [" not in line)
        if is_of_another:
            lines.append(line)
            continue
        lines.append(
            line.replace(" session_count,", " session_count, session_twice,", 1) if "repo_id, s" in line else line
        )
        is_statement_line = "session_count" in line and "repo_id, s" not in line and line.rstrip().endswith(",")
        is_value = line.strip().endswith(".analyzed_at IS NOT NULL THEN 1 ELSE 0 END),")
        if is_statement_line:
            lines.append(line.replace("session_count", "session_twice").replace("THEN 1", "THEN 2"))
        elif is_value:
            lines.append(line.replace("THEN 1", "THEN 2"))
    return "\n".join(lines) + "\n"


def migrate(alias: str, target: str | None = None) -> None:
    call_command("migrate", *(["org_analytics", target] if target else []), database=alias, verbosity=0)


def add_session(alias: str, user_id: object, external_id: str, started_at: str) -> None:
    """Insert a session as plain SQL, with the columns of 0001."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO org_analytics_codingsession"
            " (user_id, provider, external_id, started_at, title, cost_usd, cost_complete, duration_ms, analyzed_at)"
            " VALUES (%s, 'codex', %s, %s, '', 1500000000, true, 1000, %s)",
            [user_id, external_id, started_at, started_at],
        )


def add_model_usage(alias: str, external_id: str, model: str) -> None:
    """Insert model usage as plain SQL."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO org_analytics_modelusage (session_id, model, requests, input_tokens, cost_usd)"
            " SELECT id, %s, 3, NULL, 1500000000 FROM org_analytics_codingsession WHERE external_id = %s",
            [model, external_id],
        )


def model_counts(alias: str) -> list[tuple[str, str, int, int, int]]:
    """Day, model, sessions, requests and sessions of known input tokens."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT day, model, session_count, requests_rest, input_tokens_count FROM org_analytics_dailymodelusage"
            " ORDER BY day, model"
        )
        return [(str(day), *rest) for day, *rest in cursor.fetchall()]


def counts(alias: str) -> list[tuple[str, int]]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT day, session_count FROM org_analytics_dailyusage ORDER BY day")
        return [(str(day), count) for day, count in cursor.fetchall()]


def user_on(alias: str) -> object:
    """The key of a new user, as the database keeps it."""
    user = get_user_model()(**{get_user_model().USERNAME_FIELD: "ann@example.com"})
    user.save(using=alias)
    return user.pk.hex if connection.vendor == "sqlite" and hasattr(user.pk, "hex") else user.pk


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_latest_version_is_the_sql_that_the_code_generates(vendor: str) -> None:
    frozen = (DIRECTORY / f"{LATEST}.{vendor}.sql").read_text(encoding="utf-8")
    assert frozen == current_sql(vendor), "add a version and a migration that installs it"


def test_0001_creates_the_schema_of_the_first_release(scratch: str) -> None:
    migrate(scratch, "0001")
    golden = GOLDEN / f"schema_0001.{connection.vendor}.txt"
    assert schema(scratch) == golden.read_text(encoding="utf-8").splitlines()


def test_database_of_0001_migrates_to_the_latest_and_back_with_its_numbers(scratch: str) -> None:
    migrate(scratch)
    migrate(scratch, "0001")
    user_id = user_on(scratch)
    add_session(scratch, user_id, "first", "2026-06-17 12:00:00+00:00")
    migrate(scratch)
    assert maintenance.altered_triggers(connections[scratch]) == []
    add_session(scratch, user_id, "second", "2026-06-18 12:00:00+00:00")
    assert counts(scratch) == [("2026-06-17", 1), ("2026-06-18", 1)]
    migrate(scratch, "0001")
    add_session(scratch, user_id, "third", "2026-06-18 13:00:00+00:00")
    assert counts(scratch) == [("2026-06-17", 1), ("2026-06-18", 2)]


def test_0006_sums_by_model_what_is_stored_and_goes_back_to_the_schema_before(scratch: str) -> None:
    migrate(scratch, BEFORE_0006)
    before = schema(scratch)
    migrate(scratch)  # also the users' tables
    migrate(scratch, BEFORE_0006)
    assert schema(scratch) == before
    user_id = user_on(scratch)
    add_session(scratch, user_id, "first", "2026-06-17 12:00:00+00:00")
    add_model_usage(scratch, "first", "a")
    add_model_usage(scratch, "first", "b")
    migrate(scratch, "0006")
    add_session(scratch, user_id, "second", "2026-06-17 13:00:00+00:00")
    add_model_usage(scratch, "second", "a")
    assert model_counts(scratch) == [("2026-06-17", "a", 2, 6, 0), ("2026-06-17", "b", 1, 3, 0)]
    assert counts(scratch) == [("2026-06-17", 2)]
    migrate(scratch, BEFORE_0006)
    assert schema(scratch) == before
    add_session(scratch, user_id, "third", "2026-06-17 14:00:00+00:00")
    assert counts(scratch) == [("2026-06-17", 3)]


def test_0006_after_a_rebuild_that_created_its_table_already(scratch: str) -> None:
    """The check before `migrate` says that the roll-up is missing."""
    migrate(scratch)
    migrate(scratch, BEFORE_0006)
    user_id = user_on(scratch)
    add_session(scratch, user_id, "first", "2026-06-17 12:00:00+00:00")
    add_model_usage(scratch, "first", "a")
    call_command("rebuild_daily_usage", database=scratch, stdout=StringIO())
    migrate(scratch)
    assert (counts(scratch), model_counts(scratch)) == ([("2026-06-17", 1)], [("2026-06-17", "a", 1, 3, 0)])
    assert maintenance.altered_triggers(connections[scratch]) == []


def test_migrating_to_zero_removes_everything_of_the_app(scratch: str) -> None:
    migrate(scratch)
    migrate(scratch, "zero")
    assert schema(scratch) == []
    migrate(scratch)
    assert maintenance.is_installed(scratch)


@pytest.mark.parametrize("start", ["zero", "0001", LATEST])
def test_version_with_another_column_migrates_from_anywhere_and_back(scratch: str, made_up: None, start: str) -> None:
    migrate(scratch)
    migrate(scratch, "0001")
    user_id = None
    if start == "zero":
        migrate(scratch, "zero")
    else:
        migrate(scratch, start)
        user_id = user_on(scratch)
        add_session(scratch, user_id, "first", "2026-06-17 12:00:00+00:00")
    migrate(scratch)
    user_id = user_id or user_on(scratch)
    add_session(scratch, user_id, "second", "2026-06-18 12:00:00+00:00")
    with connections[scratch].cursor() as cursor:
        cursor.execute("SELECT sum(session_count), sum(session_twice) FROM org_analytics_dailyusage")
        total, twice = cursor.fetchone()
    assert (int(total), int(twice)) == ((1, 2) if start == "zero" else (2, 4))
    before = counts(scratch)
    migrate(scratch, "0001")
    assert counts(scratch) == before
    columns = connections[scratch].introspection.get_table_description
    with connections[scratch].cursor() as cursor:
        assert "session_twice" not in {column.name for column in columns(cursor, "org_analytics_dailyusage")}


def test_0005_adds_recaps_to_a_database_with_sessions_and_goes_back(scratch: str) -> None:
    migrate(scratch)
    migrate(scratch, "0004")
    user_id = user_on(scratch)
    add_session(scratch, user_id, "first", "2026-06-17 12:00:00+00:00")
    before = schema(scratch)
    migrate(scratch, "0005")
    session = CodingSession.objects.using(scratch).get()
    SessionRecap.objects.using(scratch).create(session=session, recap="x", computed_at=session.started_at)
    add_session(scratch, user_id, "second", "2026-06-17 13:00:00+00:00")
    migrate(scratch, "0004")
    assert (schema(scratch), counts(scratch)) == (before, [("2026-06-17", 2)])
    migrate(scratch)
    assert maintenance.altered_triggers(connections[scratch]) == []


def test_versions_are_read_by_kind() -> None:
    version = RollupVersion("0001")
    assert len(version.statements("postgresql", "create")) == 8
    assert len(version.statements("sqlite", "create")) == 3
    assert import_module("org_analytics.migrations.0001_initial").DAILY_USAGE.name == "DailyUsage"


def ten_day_counts(alias: str) -> list[tuple[int, int]]:
    """Number of the ten days and sessions."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT ten_days, session_count FROM org_analytics_tendayusage ORDER BY ten_days")
        return list(cursor.fetchall())


def test_0009_sums_ten_days_of_what_is_stored_and_goes_back_to_the_schema_before(scratch: str) -> None:
    migrate(scratch, BEFORE_0009)
    before = schema(scratch)
    migrate(scratch)  # also the users' tables
    migrate(scratch, BEFORE_0009)
    assert schema(scratch) == before
    user_id = user_on(scratch)
    add_session(scratch, user_id, "first", "2026-06-11 12:00:00+00:00")
    add_session(scratch, user_id, "second", "2026-05-31 12:00:00+00:00")
    migrate(scratch, "0009")
    add_session(scratch, user_id, "third", "2026-06-20 12:00:00+00:00")
    assert ten_day_counts(scratch) == [(2026053, 1), (2026061, 2)]
    assert counts(scratch) == [("2026-05-31", 1), ("2026-06-11", 1), ("2026-06-20", 1)]
    migrate(scratch, BEFORE_0009)
