"""How the database is reached, which versions are read, and with which rights."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError
from django.db import connections

from org_analytics.confabulous.connection import open_source
from org_analytics.models import CodingSession, ModelUsage, SessionRecap
from tests.confabulous.source import SECRET, Source, url_of

pytestmark = [pytest.mark.django_db]

ROLE_SQL = Path(__file__).parents[2] / "docs" / "confabulous_role.sql"
DOCUMENTED_ROLE = "org_analytics_reader"
NO_PORT = "postgresql://ann:{}@127.0.0.1:1/db"


@pytest.fixture
def reader(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The SQL of the docs for a role, here with a name of this database's own; the command reads as that role."""
    if not ROLE_SQL.exists():
        pytest.skip("needs the source tree")
    text = ROLE_SQL.read_text(encoding="utf-8").replace(DOCUMENTED_ROLE, role_of(source))
    source.execute(text)
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", url_of(source.url, user=role_of(source)))
    yield text
    source.execute(f"DROP OWNED BY {role_of(source)}; DROP ROLE {role_of(source)}")


def role_of(source: Source) -> str:
    return f"reader_of_{source.connection.info.dbname}"


def problem(run: Any, **options: Any) -> str:
    """The message with which the command ends; no part of it may be a secret."""
    with pytest.raises(CommandError) as caught:
        run(**options)
    assert SECRET not in str(caught.value)
    return str(caught.value)


# Versions


@pytest.mark.parametrize("version", [51, 55, 99])
def test_version_with_costs_by_model_is_read_whole(run: Any, source: Source, user: Any, version: int) -> None:
    source.set_version(version)
    source.add_session()
    assert f"version {version}: costs by model" in run()
    assert ModelUsage.objects.get().model == "opus-4-5"


@pytest.mark.parametrize("version", [26, 44, 50])
def test_older_version_has_one_cost_for_each_session(run: Any, source: Source, user: Any, version: int) -> None:
    make_old(source, version)
    source.add_session(card=None, cost="1.5")
    source.add_session("free", card=None, cost="0")
    source.add_session("pending", card=None)
    output = run()
    assert f"version {version}: one cost for each session, not by model" in output
    assert "3 created" in output
    costs = dict(CodingSession.objects.values_list("external_id", "cost_usd"))
    assert costs == {"s1": 1.5, "free": 0, "pending": None}
    assert ModelUsage.objects.get().model == "unattributed"
    assert "3 unchanged" in run()


def make_old(source: Source, version: int) -> None:
    source.set_version(version)
    source.execute("DROP TABLE session_card_tokens_v2, cursor_session_meta")
    if version < 45:
        source.execute("ALTER TABLE users ALTER read_only SET DEFAULT false, ADD kept boolean")
        source.execute("ALTER TABLE users RENAME read_only TO kept_read_only")
        source.execute(
            "INSERT INTO users (email, status, kept_read_only, updated_at)"
            " VALUES ('ann@example.com', 'active', false, now())"
        )


def test_update_of_the_source_to_costs_by_model_is_taken_over(run: Any, source: Source, user: Any) -> None:
    source.set_version(50)
    source.add_session(cost="1.25")
    run()
    source.set_version(51)
    assert "1 updated" in run()
    assert ModelUsage.objects.get().model == "opus-4-5"


@pytest.mark.parametrize("version", [1, 25])
def test_version_without_durations_is_refused(run: Any, source: Source, version: int) -> None:
    source.set_version(version)
    assert f"Table schema_migrations: version {version} is too old" in problem(run)


def test_unfinished_migration_is_refused(run: Any, source: Source) -> None:
    source.set_version(54, is_dirty=True)
    assert "Table schema_migrations: migration 54 did not finish" in problem(run)


@pytest.mark.parametrize("is_empty", [True, False], ids=["empty", "absent"])
def test_without_a_recorded_version_the_tables_decide(run: Any, source: Source, user: Any, is_empty: bool) -> None:
    source.execute("DELETE FROM schema_migrations" if is_empty else "DROP TABLE schema_migrations")
    source.add_session(cost="3")
    assert "of an unknown version: costs by model" in run()
    source.execute("DROP TABLE session_card_tokens_v2")
    assert "of an unknown version: one cost for each session" in run()


def test_another_database_is_refused_by_its_missing_table(run: Any, source: Source) -> None:
    source.execute("DROP TABLE schema_migrations, sessions, users CASCADE")
    assert "Table users was not found" in problem(run)


def test_missing_column_is_named(run: Any, source: Source) -> None:
    source.execute("ALTER TABLE session_card_conversation DROP total_user_duration_ms")
    assert "Column session_card_conversation.total_user_duration_ms was not found" in problem(run)


# Rights


def test_role_of_the_docs_can_run_it_and_read_nothing_else(run: Any, source: Source, user: Any, reader: str) -> None:
    source.add_session(session_type="cursor", cursor_model="gpt-5")
    assert "1 created" in run()
    with psycopg.connect(url_of(source.url, user=role_of(source)), autocommit=True) as connection:
        for query in (
            "SELECT first_user_message FROM sessions",
            "SELECT cwd, hostname, username, transcript_path FROM sessions",
            "SELECT summary FROM sessions",
            "SELECT avatar_url FROM users",
            "SELECT * FROM api_keys",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE t ()")


def test_titles_need_one_more_grant(run: Any, source: Source, user: Any, reader: str) -> None:
    source.add_session(titles=("Custom", None, None))
    assert "may not read sessions.custom_title: GRANT SELECT (custom_title) ON sessions" in problem(
        run, with_titles=True
    )
    [line] = [line for line in reader.splitlines() if "custom_title" in line]
    source.execute(line.removeprefix("-- "))
    run(with_titles=True)
    assert CodingSession.objects.get().title == "Custom"


def test_recaps_need_one_more_grant(run: Any, source: Source, user: Any, reader: str) -> None:
    source.add_recap(source.add_session())
    assert "may not read session_card_smart_recap.session_id" in problem(run, with_recaps=True)
    grant = reader.partition("-- Only for --with-recaps:\n")[2].partition("-- Only for")[0]
    source.execute(grant.replace("-- ", ""))
    run(with_recaps=True)
    assert SessionRecap.objects.get().recap == "Fixed the build."


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("sessions", "git_info"),
        ("users", "read_only"),
        ("session_card_tokens_v2", "data"),
        ("cursor_session_meta", "model"),
        ("schema_migrations", "dirty"),
    ],
)
def test_missing_right_is_named(run: Any, source: Source, reader: str, table: str, column: str) -> None:
    source.execute(f"REVOKE SELECT ({column}) ON {table} FROM {role_of(source)}")
    assert f"This role may not read {table}.{column}" in problem(run)


def test_source_cannot_be_written_even_by_its_owner(source: Source) -> None:
    with pytest.raises(Exception, match="ReadOnlySqlTransaction"), open_source(None) as connection:
        connection.execute("DELETE FROM users")


def test_one_state_of_the_source_is_read(run: Any, source: Source, user: Any) -> None:
    with open_source(None) as connection:
        before = connection.execute("SELECT count(*) FROM sessions").fetchone()
        source.add_session()
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == before


# Where it is


def test_alias_of_databases_is_read(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch, source_alias: str
) -> None:
    monkeypatch.delenv("CONFABULOUS_DATABASE_URL")
    source.add_session()
    assert "1 created" in run(database=source_alias)


@pytest.fixture
def source_alias(source: Source) -> Any:
    """An alias in DATABASES that names the source; the test runner knows nothing of it."""
    parts = psycopg.conninfo.conninfo_to_dict(source.url)
    connections.databases["confab"] = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {},
    }
    yield "confab"
    del connections["confab"]
    del connections.databases["confab"]


def test_without_a_place_the_message_names_both_ways(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFABULOUS_DATABASE_URL")
    assert "--database ALIAS, or the environment variable CONFABULOUS_DATABASE_URL" in problem(run)


def test_unknown_alias_is_named(run: Any) -> None:
    assert "--database: 'nowhere' is not in DATABASES" in problem(run, database="nowhere")


def test_alias_of_another_kind_of_database_is_refused(run: Any) -> None:
    connections.databases["other"] = {**connections.databases["default"], "ENGINE": "django.db.backends.sqlite3"}
    try:
        assert "'other' is not a PostgreSQL database" in problem(run, database="other")
    finally:
        del connections["other"]
        del connections.databases["other"]


# A password shows in PostgreSQL's own message for most of these.
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql//ann:{SECRET}@localhost/db",
        f"postgresql://ann:{SECRET}/x@127.0.0.1/db",
        f"postgresql://ann:x@{SECRET}@127.0.0.1/db",
        f"postgresql://ann:p@127.0.0.1/db?{SECRET}=1",
        f"postgresql://ann:{SECRET}%zz@127.0.0.1/db",
        f"mysql://ann:{SECRET}@127.0.0.1/db",
        SECRET,
        NO_PORT.format(SECRET),
        f"postgresql://ann:p@127.0.0.1:1/{SECRET}",
    ],
)
def test_no_part_of_a_bad_address_is_shown(
    run: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: Any, url: str
) -> None:
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", url)
    message = problem(run)
    assert message.startswith(("CONFABULOUS_DATABASE_URL is not", "Cannot connect to the Confabulous database: "))
    assert SECRET not in "".join([*capfd.readouterr(), caplog.text])


def test_server_that_does_not_listen_is_told_in_plain_words(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", NO_PORT.format("p"))
    assert problem(run) == "Cannot connect to the Confabulous database: nothing listens at its host and port."


def test_database_that_is_not_there_is_told(run: Any, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", url_of(source.url, dbname="nowhere"))
    assert "it has no such database or user" in problem(run)


def test_lost_connection_is_told_and_whole_batches_stay(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        source.add_session(f"s{number}")
    monkeypatch.setattr("org_analytics.confabulous.writing.BATCH_SIZE", 1)
    monkeypatch.setattr("org_analytics.confabulous.reading.FETCHED", 1)

    def kill(*_: Any) -> None:
        source.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%%'"
            " AND datname = current_database()"
        )

    monkeypatch.setattr("org_analytics.management.commands.import_confabulous.ProgressBar.to", kill)
    assert "Reading the Confabulous database failed" in problem(run)
    assert CodingSession.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_time_zone": "Mars/Base"}, "--source-time-zone: unknown time zone 'Mars/Base'"),
        ({"source_time_zone": "UTC'; DROP TABLE users"}, "--source-time-zone: unknown time zone"),
        ({"since": "yesterday"}, "--since: Must be a date and time"),
        ({"since": "2026-06-01T00:00"}, "--since: Must have a time zone."),
        ({"source": ""}, "--source: must have 1 to 64 printable characters"),
        ({"source": "x" * 65}, "--source: must have 1 to 64 printable characters"),
    ],
)
def test_bad_option_is_named(run: Any, source: Source, options: dict[str, str], message: str) -> None:
    assert message in problem(run, **options)


def test_missing_driver_is_told(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("org_analytics.confabulous")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "install django-org-analytics[postgres]" in problem(run)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_in_sessions(run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source.add_session()
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run()
    assert "100% of 1" in terminal.getvalue()
