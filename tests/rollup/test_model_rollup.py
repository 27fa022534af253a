"""The daily roll-up by model: its rows, what its sums can hold, and concurrent writers.

That it is exact under every kind of write is in `tests/reporting/test_model_exactness.py`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from org_analytics.limits import MAX_COUNT
from org_analytics.models import CodingSession, ModelUsage
from org_analytics.models.usage import COUNTS
from org_analytics.periods import Days
from org_analytics.reporting.model_aggregates import by_model
from org_analytics.reporting.selection import Selection
from org_analytics.rollup import maintenance
from org_analytics.rollup.tables import DailyModelUsage
from tests.threads import at_once
from tests.users import create_user

NOW = datetime(2026, 6, 17, 15, 30, tzinfo=UTC)
DAY = NOW.replace(hour=0, minute=0)
SESSIONS, USAGE = CodingSession._meta.db_table, ModelUsage._meta.db_table
postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'")


def sessions(user: Any, count: int, **values: Any) -> list[CodingSession]:
    """Write analyzed sessions and return them."""
    first = CodingSession.objects.count()
    return CodingSession.objects.bulk_create(
        CodingSession(
            user=user,
            provider="codex",
            external_id=str(first + number),
            **{"started_at": NOW, "analyzed_at": NOW, **values},
        )
        for number in range(count)
    )


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def counts() -> dict[tuple[date, str], int]:
    """Sessions by day and model, as the roll-up has them."""
    return {(row.day, row.model): row.session_count for row in DailyModelUsage.objects.all()}


def assert_exact() -> None:
    assert list(maintenance.differences("default")) == []


# Rows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_session_counts_in_each_of_its_models_and_costs_are_their_own(user: Any, make_session: Any) -> None:
    unknown = dict.fromkeys(COUNTS)
    models = [{"model": "a", **unknown, "requests": 3, "cost_usd": "0.25"}, {"model": "b", **unknown}]
    make_session(user, models=models, cost_usd=None)
    a, b = DailyModelUsage.objects.order_by("model")
    assert (a.session_count, a.duration_ms, b.session_count, b.duration_ms) == (1, 60_000, 1, 60_000)
    assert (a.cost_nanos, a.cost_count, a.unpriced_count) == (250_000_000, 1, 0)
    assert (b.cost_nanos, b.cost_count, b.unpriced_count) == (0, 0, 1)
    assert (a.requests_rest, a.requests_count, b.requests_rest, b.requests_count) == (3, 1, 0, 0)


@pytest.mark.django_db
def test_pending_session_has_no_row_until_it_is_analyzed(user: Any) -> None:
    [session] = sessions(user, 1, analyzed_at=None)
    ModelUsage.objects.create(session=session, model="a")
    assert counts() == {}
    CodingSession.objects.update(analyzed_at=NOW)
    assert counts() == {(NOW.date(), "a"): 1}
    CodingSession.objects.update(analyzed_at=None)
    assert counts() == {}


@pytest.mark.django_db
def test_row_goes_with_the_last_session_of_its_model(user: Any) -> None:
    for session in sessions(user, 2):
        ModelUsage.objects.create(session=session, model="a")
    CodingSession.objects.filter(external_id="0").delete()
    assert counts() == {(NOW.date(), "a"): 1}
    ModelUsage.objects.all().delete()
    assert counts() == {}


@pytest.mark.django_db
def test_thousands_of_the_largest_counts_are_summed_exactly(user: Any) -> None:
    """Their sum is more than an integer of 64 bits holds."""
    largest = dict.fromkeys(COUNTS, MAX_COUNT)
    ModelUsage.objects.bulk_create(
        ModelUsage(session=session, model="a", **largest) for session in sessions(user, 1_100)
    )
    assert 1_100 * MAX_COUNT > 2**63
    for start in (DAY, DAY + timedelta(seconds=1)):  # from the roll-up, and from the sessions
        [group] = by_model(Selection(start, DAY + timedelta(1), Days(DAY.date(), DAY.date())), [user.pk])
        assert {group.sums.known(name) for name in COUNTS} == {1_100 * MAX_COUNT}
    assert_exact()


@pytest.mark.django_db
def test_sums_of_unknown_counts_are_unknown_and_those_of_zero_are_zero(user: Any) -> None:
    [session] = sessions(user, 1)
    ModelUsage.objects.create(session=session, model="a", requests=0)
    [group] = by_model(Selection(DAY, DAY + timedelta(1), Days(DAY.date(), DAY.date())), [user.pk])
    assert (group.sums.known("requests"), group.sums.known("input_tokens")) == (0, None)


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [0, 1], ids=["whole days", "with parts of days"])
def test_usage_by_model_is_read_in_one_statement(user: Any, hours: int) -> None:
    for session in sessions(user, 3):
        ModelUsage.objects.create(session=session, model="a")
    start = DAY + timedelta(hours=hours)
    asked = Selection(start, start + timedelta(1), Days(DAY.date(), DAY.date()), ("codex",))
    with CaptureQueriesContext(connection) as captured:
        assert [group.usage.session_count for group in by_model(asked, [user.pk])] == [3]
    reading = [query["sql"] for query in captured if "usage" in query["sql"] or "codingsession" in query["sql"]]
    assert len(reading) == 1


# Traps ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_roll_up_by_model(user: Any) -> None:
    ModelUsage.objects.create(session=sessions(user, 1)[0], model="a")
    call_command("flush", interactive=False, verbosity=0)
    assert counts() == {}
    ModelUsage.objects.create(session=sessions(create_user("new@example.com"), 1)[0], model="a")
    assert counts() == {(NOW.date(), "a"): 1}


@pytest.mark.django_db(transaction=True)
@postgresql_only
@pytest.mark.parametrize("statement", [f"TRUNCATE {SESSIONS} CASCADE", f"TRUNCATE {USAGE}"])
def test_truncate_empties_the_roll_up_by_model(user: Any, statement: str) -> None:
    ModelUsage.objects.create(session=sessions(user, 1)[0], model="a")
    execute(statement)
    assert counts() == {}


@pytest.mark.django_db(transaction=True)
@postgresql_only
def test_writer_of_model_usage_with_another_search_path_is_counted(user: Any) -> None:
    [session] = sessions(user, 1)
    with transaction.atomic():
        execute("SET LOCAL search_path TO pg_catalog")
        execute(f"INSERT INTO public.{USAGE} (session_id, model) VALUES (%s, 'a')", session.pk)
    assert counts() == {(NOW.date(), "a"): 1}


@pytest.mark.django_db
def test_decrement_without_a_row_creates_none(user: Any) -> None:
    for session in sessions(user, 2):
        ModelUsage.objects.create(session=session, model="a")
    execute("DELETE FROM org_analytics_dailymodelusage")
    ModelUsage.objects.all()[0].delete()
    CodingSession.objects.update(started_at=NOW - timedelta(1))
    assert counts() == {(NOW.date() - timedelta(1), "a"): 1}


# Concurrent writers ---------------------------------------------------------------------------------------------------

WRITERS, ROUNDS, SHARED = 3, 10, 20


def model_writer(place: int, ids: list[int]) -> Callable[[], None]:
    """Bulk statements over the model usage of the same sessions, each in an order and with a model of its own."""

    def write() -> None:
        ordered = ids[place:] + ids[:place]
        mine = ModelUsage.objects.filter(model=f"own-{place}")
        for turn in range(ROUNDS):
            stored = set(mine.values_list("session", flat=True))
            ModelUsage.objects.bulk_create(
                ModelUsage(session_id=pk, model=f"own-{place}", requests=turn)
                for pk in (ordered if place % 2 else ordered[::-1])
                if pk not in stored
            )
            mine.update(input_tokens=turn, cost_usd=turn)
            mine.filter(session__in=ordered[turn % 3 :: 2]).delete()

    return write


def session_writer(place: int, ids: list[int]) -> Callable[[], None]:
    """Changes of the same sessions, one at a time: of their day, of their times, and of whether they are analyzed."""

    def write() -> None:
        for turn in range(ROUNDS):
            for pk in ids:
                CodingSession.objects.filter(pk=pk).update(
                    started_at=NOW + timedelta((turn + place) % 3),
                    duration_ms=turn,
                    analyzed_at=None if (turn + pk) % 5 == 0 else NOW,
                )

    return write


@pytest.mark.django_db(transaction=True)
@postgresql_only
def test_parallel_writers_of_the_same_sessions_and_their_model_usage_are_all_counted() -> None:
    """Each kind of writer changes what the other one's triggers read; none of them may deadlock."""
    ids = [session.pk for session in sessions(create_user("ann@example.com"), SHARED)]
    at_once([write(place, ids) for place in range(WRITERS) for write in (model_writer, session_writer)])
    assert ModelUsage.objects.exists()
    assert_exact()


@pytest.mark.django_db(transaction=True)
@postgresql_only
def test_rebuild_amid_writers_of_model_usage_loses_nothing() -> None:
    ids = [session.pk for session in sessions(create_user("ann@example.com"), SHARED)]
    rebuilds = [lambda: maintenance.rebuild("default")] * 2
    at_once([model_writer(0, ids), model_writer(1, ids), session_writer(0, ids), *rebuilds])
    assert_exact()


@pytest.mark.django_db(transaction=True)
@postgresql_only
def test_parallel_recorders_with_models_are_all_counted() -> None:
    users = [create_user(f"{place}@example.com") for place in range(3)]

    def record(place: int) -> None:
        for turn in range(4):
            CodingSession.objects.record_many(
                {
                    "user": users[(number + place) % 3],
                    "provider": "codex",
                    "external_id": str(number),
                    "started_at": NOW + timedelta((number + turn) % 4),
                    "models": [
                        {"model": f"m{model}", **dict.fromkeys(COUNTS, turn), "cost_usd": place}
                        for model in range((number + turn + place) % 3)
                    ],
                }
                for number in range(40)
            )

    at_once([lambda place=place: record(place) for place in range(4)])  # type: ignore[misc]
    assert_exact()
