"""The daily roll-up: its triggers, migrations, rebuilding, and concurrent writers."""

import io
import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.serializers import deserialize, serialize
from django.db import OperationalError, connection, migrations, models, transaction
from django.db.migrations.state import ProjectState
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.checks import check_daily_usage
from org_analytics.models import CodingSession, ModelUsage
from org_analytics.periods import day_start
from org_analytics.rollup import maintenance, triggers
from org_analytics.rollup.operations import InstallDailyUsage, SuspendDailyUsage
from org_analytics.rollup.sums import DAILY_MODEL_USAGE, DAILY_USAGE, DAYS
from org_analytics.rollup.tables import DailyUsage, ReportingDay
from org_analytics.rollup.versions import DIRECTORY, RollupVersion
from tests.threads import at_once
from tests.users import create_user

NOW = datetime(2026, 6, 17, 15, 30, tzinfo=UTC)
SESSIONS = CodingSession._meta.db_table
LATEST = RollupVersion(max(path.name.split(".")[0] for path in DIRECTORY.glob("*.sql")))


def unsaved(user: Any, number: int, **values: Any) -> CodingSession:
    return CodingSession(
        user=user, provider="codex", external_id=str(number), **{"started_at": NOW, "analyzed_at": NOW, **values}
    )


def counts() -> dict[date, int]:
    """Sessions by day, as the roll-up has them."""
    days = DailyUsage.objects.values("day").annotate(count=models.Sum("session_count"))
    return dict(days.values_list("day", "count"))


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def suspend_triggers() -> None:
    for statement in triggers.drop_statements(connection.vendor):
        execute(statement)


def rebuilt(*arguments: str) -> str:
    output = io.StringIO()
    call_command("rebuild_daily_usage", *arguments, stdout=output)
    return output.getvalue()


# The database's catalogue -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_has_the_triggers_as_the_module_has_them() -> None:
    assert maintenance.altered_triggers(connection) == []


@pytest.mark.django_db
def test_a_missing_trigger_is_noticed() -> None:
    suspend_triggers()
    names = {
        f"org_analytics_{prefix}_{event}"
        for prefix in ("daily_usage", "ten_day_usage", "daily_model_usage_session", "daily_model_usage_model")
        for event in ("insert", "update", "delete")
    }
    if connection.vendor == "postgresql":
        prefixes = ("daily_usage", "ten_day_usage", "daily_model_usage_model")
        names |= {f"org_analytics_{prefix}_truncate" for prefix in prefixes}
    assert maintenance.altered_triggers(connection) == sorted(names)


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_every_allowed_start_has_its_day(user: Any, settings: Any, zone: str) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    maintenance.rebuild("default")
    starts = [datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    CodingSession.objects.bulk_create(unsaved(user, place, started_at=start) for place, start in enumerate(starts))
    assert sum(counts().values()) == 2


@pytest.mark.once
@given(st.integers(0, 36_890), st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Tehran"]))
def test_the_calendar_has_each_day_at_its_first_instant(number: int, name: str) -> None:
    zone = maintenance.ZoneInfo(name)
    days = calendar_of(name)
    day = maintenance.FIRST_DAY + timedelta(number)
    following = day_start(day + timedelta(1), zone)
    assert days[day_start(day, zone)] in (day, day + timedelta(1))  # a day that was skipped is not there
    assert day_start(day, zone) == following or days[day_start(day, zone)] == day


@cache
def calendar_of(name: str) -> dict[datetime, date]:
    return maintenance.calendar(maintenance.ZoneInfo(name))


# Traps --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_goes_with_its_last_session(user: Any) -> None:
    CodingSession.objects.bulk_create(unsaved(user, number) for number in range(2))
    CodingSession.objects.filter(external_id="0").delete()
    assert counts() == {NOW.date(): 1}
    CodingSession.objects.all().delete()
    assert not DailyUsage.objects.exists()


@pytest.mark.django_db
def test_a_decrement_without_a_row_creates_none(user: Any) -> None:
    CodingSession.objects.bulk_create(unsaved(user, number) for number in range(3))
    execute(f"DELETE FROM {DAILY_USAGE.table}")
    CodingSession.objects.filter(external_id="0").delete()
    CodingSession.objects.filter(external_id="1").update(started_at=NOW - timedelta(1))
    assert [row.session_count for row in DailyUsage.objects.all()] == [1]


@pytest.mark.django_db
def test_the_day_follows_an_update_and_an_upsert(user: Any) -> None:
    """A column filled by the model would go stale under both."""
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    CodingSession.objects.update(started_at=NOW - timedelta(1))
    assert counts() == {NOW.date() - timedelta(1): 1}
    CodingSession.objects.bulk_create(
        [unsaved(user, 1, started_at=NOW + timedelta(1))],
        update_conflicts=True,
        unique_fields=["user", "provider", "external_id"],
        update_fields=["started_at"],
    )
    assert counts() == {NOW.date() + timedelta(1): 1}


@pytest.mark.django_db
def test_sessions_that_conflict_and_are_ignored_count_once(user: Any) -> None:
    for _ in range(2):
        CodingSession.objects.bulk_create([unsaved(user, 1), unsaved(user, 2)], ignore_conflicts=True)
    assert counts() == {NOW.date(): 2}


@pytest.mark.django_db
def test_sessions_without_a_repository_share_a_row(user: Any) -> None:
    for number in range(3):
        unsaved(user, number).save()
    assert DailyUsage.objects.get().repo_id == 0


@pytest.mark.django_db
def test_a_fixture_brings_its_sessions_and_counts_them_once(user: Any) -> None:
    """The roll-up itself is in no dump."""
    CodingSession.objects.bulk_create(unsaved(user, number) for number in range(2))
    dump = io.StringIO()
    call_command("dumpdata", "org_analytics", stdout=dump)
    sessions = serialize("json", CodingSession.objects.all())
    CodingSession.objects.all().delete()
    for restored in deserialize("json", sessions):
        restored.save()
    assert "dailyusage" not in dump.getvalue()
    assert counts() == {NOW.date(): 2}


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_roll_up_and_keeps_the_calendar(user: Any) -> None:
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    call_command("flush", interactive=False, verbosity=0)
    assert not DailyUsage.objects.exists()
    CodingSession.objects.bulk_create([unsaved(create_user("new@example.com"), 1)])
    assert counts() == {NOW.date(): 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_truncate_empties_the_roll_up(user: Any) -> None:
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    execute(f"TRUNCATE {SESSIONS} CASCADE")
    assert not DailyUsage.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_writer_with_another_search_path_is_counted(user: Any) -> None:
    with transaction.atomic():
        execute("SET LOCAL search_path TO pg_catalog")
        execute(
            f"INSERT INTO public.{SESSIONS} "
            "(user_id, provider, external_id, started_at, title, cost_complete, analyzed_at) "
            f"VALUES ('{user.pk}', 'codex', 'psql', '2026-06-17', '', true, now())"
        )
    assert counts() == {date(2026, 6, 17): 1}


# Migrations ---------------------------------------------------------------------------------------------------------


def title_of(length: int) -> migrations.AlterField:
    return migrations.AlterField("codingsession", "title", models.CharField(max_length=length, blank=True))


def applied(operation: Any, backwards: bool = False) -> None:
    """Run an operation on the app's tables as they are."""
    before = ProjectState.from_apps(CodingSession._meta.apps)
    after = before.clone()
    operation.state_forwards("org_analytics", after)
    with connection.schema_editor() as editor:
        if backwards:
            operation.database_backwards("org_analytics", editor, after, before)
        else:
            operation.database_forwards("org_analytics", editor, before, after)


@pytest.mark.django_db(transaction=True)
def test_altering_the_sessions_in_brackets_keeps_triggers_and_numbers(user: Any) -> None:
    CodingSession.objects.bulk_create(unsaved(user, number) for number in range(3))
    for backwards in (False, True):
        applied(SuspendDailyUsage(LATEST, [title_of(300)]), backwards)
        assert maintenance.altered_triggers(connection) == []
        CodingSession.objects.filter(external_id=str(int(backwards))).delete()
        assert counts() == {NOW.date(): 1 if backwards else 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'")
@pytest.mark.parametrize(
    "alter",
    [title_of(300), migrations.AlterField("modelusage", "model", models.CharField(max_length=300))],
    ids=["sessions", "model usage"],
)
def test_altering_a_summed_table_without_brackets_is_refused_on_sqlite(db: None, alter: Any) -> None:
    """The reason for SuspendDailyUsage. A trigger of each table reads the other one."""
    with pytest.raises(OperationalError, match="error in trigger org_analytics_daily_model_usage"):
        applied(alter)
    assert maintenance.altered_triggers(connection) == []


@pytest.mark.django_db(transaction=True)
def test_the_installation_can_be_undone_and_done_again(user: Any) -> None:
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    first = import_module("org_analytics.migrations.0001_initial")
    install = InstallDailyUsage(LATEST, [first.DAILY_USAGE, first.REPORTING_DAY])
    applied(install, backwards=True)
    CodingSession.objects.bulk_create([unsaved(user, 2)])
    applied(install)
    assert maintenance.altered_triggers(connection) == []
    assert counts() == {NOW.date(): 2}


# Rebuilding ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_check_passes_if_the_roll_up_is_correct(user: Any) -> None:
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    assert "is correct" in rebuilt("--check")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (f"UPDATE {DAILY_USAGE.table} SET duration_ms = 7", "wrong row: day=2026-06-17"),
        (f"DELETE FROM {DAILY_USAGE.table}", "missing row: day=2026-06-17"),
        (f"UPDATE {DAILY_MODEL_USAGE.table} SET duration_ms = 7", "wrong row by model: day=2026-06-17"),
        (f"DELETE FROM {DAILY_MODEL_USAGE.table}", "missing row by model: day=2026-06-17"),
        (f"DELETE FROM {DAYS} WHERE day = '2020-05-05'", "1 days, stored for UTC, begin at another instant"),
    ],
)
def test_check_names_a_difference_and_fails_and_rebuilding_mends_it(user: Any, damage: str, message: str) -> None:
    [session] = CodingSession.objects.bulk_create([unsaved(user, 1)])
    ModelUsage.objects.create(session=session, model="a")
    execute(damage)
    output = io.StringIO()
    with pytest.raises(CommandError):
        call_command("rebuild_daily_usage", "--check", stdout=output)
    assert message in output.getvalue()
    rebuilt()
    assert "is correct" in rebuilt("--check")


@pytest.mark.django_db
def test_check_does_not_print_without_end(user: Any) -> None:
    CodingSession.objects.bulk_create(unsaved(user, day, started_at=NOW - timedelta(day)) for day in range(30))
    execute(f"DELETE FROM {DAILY_USAGE.table}")
    output = io.StringIO()
    with pytest.raises(CommandError):
        call_command("rebuild_daily_usage", "--check", stdout=output)
    assert output.getvalue().count("\n") == 21


@pytest.mark.django_db
def test_a_changed_reporting_zone_recuts_the_days(user: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Asia/Tokyo"
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    assert (maintenance.outdated_days("default") > 0, counts()) == (True, {date(2026, 6, 17): 1})
    assert "Asia/Tokyo" in rebuilt()
    assert (maintenance.outdated_days("default"), counts()) == (0, {date(2026, 6, 18): 1})


@pytest.mark.django_db
def test_missing_triggers_are_put_back(user: Any) -> None:
    suspend_triggers()
    CodingSession.objects.bulk_create([unsaved(user, 1)])
    rebuilt()
    assert (maintenance.altered_triggers(connection), counts()) == ([], {NOW.date(): 1})


@pytest.mark.django_db
def test_before_the_first_migration_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", lambda *_: [])
    assert check_daily_usage(["default"]) == []


# Concurrent writers ---------------------------------------------------------------------------------------------------

WRITERS, ROUNDS = 6, 12


def writer(users: list[Any], place: int) -> Callable[[], None]:
    """Bulk statements over the same few rows of the roll-up, each writer in an order of its own."""

    def write() -> None:
        for turn in range(ROUNDS):
            numbers = list(range(40))
            ordered = numbers[place:] + numbers[:place]
            CodingSession.objects.bulk_create(
                unsaved(users[number % 5], 10_000 * place + 100 * turn + number, started_at=NOW + timedelta(number % 3))
                for number in (ordered if place % 2 else ordered[::-1])
            )
            mine = CodingSession.objects.filter(external_id__in=[str(10_000 * place + 100 * turn + n) for n in numbers])
            mine.update(started_at=NOW - timedelta(turn % 3), duration_ms=turn)
            CodingSession.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[::2])).delete()

    return write


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_parallel_bulk_writers_do_not_deadlock_and_all_are_counted() -> None:
    users = [create_user(f"{place}@example.com") for place in range(5)]
    at_once([writer(users, place) for place in range(WRITERS)])
    assert CodingSession.objects.count() == WRITERS * ROUNDS * 20
    assert list(maintenance.differences("default")) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_rebuild_amid_writers_loses_nothing() -> None:
    users = [create_user(f"{place}@example.com") for place in range(5)]
    at_once(
        [
            writer(users, 0),
            writer(users, 1),
            lambda: maintenance.rebuild("default"),
            lambda: maintenance.rebuild("default"),
        ]
    )
    assert list(maintenance.differences("default")) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_parallel_recorders_of_the_same_people_are_all_counted() -> None:
    users = [create_user(f"{place}@example.com") for place in range(3)]
    numbers = itertools.cycle(range(60))

    def record(place: int) -> None:
        for turn in range(4):
            CodingSession.objects.record_many(
                {
                    "user": users[(number + place) % 3],
                    "provider": "codex",
                    "external_id": str(number),
                    "started_at": NOW + timedelta((number + turn) % 4),
                    "duration_ms": place * 10 + turn,
                }
                for number in itertools.islice(numbers, 60)
            )

    at_once([lambda place=place: record(place) for place in range(4)])  # type: ignore[misc]
    assert list(maintenance.differences("default")) == []


def test_other_databases_are_refused() -> None:
    with pytest.raises(maintenance.NotSupportedError, match="mysql"):
        maintenance.require_support("mysql")


@pytest.mark.django_db
def test_the_calendar_is_complete() -> None:
    assert ReportingDay.objects.count() == (maintenance.LAST_DAY - maintenance.FIRST_DAY).days + 1
