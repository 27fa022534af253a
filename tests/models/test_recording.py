"""The write API: refused values, what a call states, and that nothing is lost or half-written."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone as django_timezone
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.models import CodingSession, ForkSighting, Repo, recording, retries
from org_analytics.models.recording import CREATED, UNCHANGED, UPDATED, InvalidRowError, UserDeletedError
from org_analytics.models.validation import clean_row
from org_analytics.rollup import maintenance
from tests.questions import NOW
from tests.threads import at_once

MAX_MS = 366 * 86_400_000
Row = dict[str, Any]


@pytest.fixture
def row(user: Any) -> Callable[..., Row]:
    """`row("a", cost_usd=1)`: the keywords of a session with everything known."""

    def make(external_id: str = "a", **changes: Any) -> Row:
        return {
            "user": user,
            "provider": "codex",
            "external_id": external_id,
            "started_at": NOW,
            "ended_at": NOW + timedelta(hours=1),
            "title": "Fix the build",
            "git_info": {"repo_url": "acme/api"},
            "cost_usd": Decimal("1.25"),
            "cost_complete": True,
            "duration_ms": 3,
            "assistant_ms": 2,
            "user_ms": 1,
            "analyzed": True,
            **changes,
        }

    return make


def stored() -> dict[str, CodingSession]:
    return {session.external_id: session for session in CodingSession.objects.select_related("repo")}


# What is refused -----------------------------------------------------------------------------------------------------

START_LIMITS = [datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)]
REFUSED = [
    ("user", None),
    ("user", 1),
    ("user", "ann@example.com"),
    ("user", AnonymousUser()),
    ("user", Group(pk=1, name="a model, but no user")),
    ("provider", "windsurf"),
    ("provider", "Codex"),
    ("provider", "claude code"),
    ("provider", ""),
    ("provider", None),
    ("provider", ["codex"]),
    ("external_id", ""),
    ("external_id", None),
    ("external_id", 7),
    ("external_id", "x" * 513),
    *(("external_id", f"a{char}b") for char in "\x00\n\t\x1f\x7f\x85\ud800"),
    ("title", "x" * 256),
    ("title", None),
    ("title", 5),
    *(("title", f"a{char}b") for char in "\x00\n\t\x1f\x7f\x85\ud800"),
    *((name, value) for name in ("started_at", "ended_at") for value in ("", "yesterday", "2026-13-01T00:00:00Z", 5)),
    *((name, NOW.replace(tzinfo=None)) for name in ("started_at", "ended_at")),
    *((name, "2026-06-17T15:30:00") for name in ("started_at", "ended_at")),
    *((name, date(2026, 6, 17)) for name in ("started_at", "ended_at")),
    *((name, value) for name in ("started_at", "ended_at") for value in START_LIMITS),
    ("started_at", None),
    ("started_at", datetime.max.replace(tzinfo=timezone(-timedelta(hours=14)))),
    ("ended_at", NOW - timedelta(microseconds=1)),
    *(
        ("cost_usd", value)
        for value in (
            "",
            "x",
            True,
            [],
            {},
            "NaN",
            "Infinity",
            float("nan"),
            Decimal("sNaN"),
            -1,
            Decimal("-0.000000001"),
            Decimal("100000.000000001"),
            10**30,
            "1E+999999",
        )
    ),
    ("cost_complete", None),
    ("cost_complete", "true"),
    ("cost_complete", 1),
    ("analyzed", None),
    ("analyzed", 0),
    *(
        (name, value)
        for name in ("duration_ms", "assistant_ms", "user_ms")
        for value in (-1, MAX_MS + 1, 1.5, 1.0, "1", True, float("nan"), 2**70)
    ),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_bad_value_is_refused_by_its_fields_name(row: Callable[..., Row], name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        CodingSession.objects.record(**row(**{name: value}))

    assert refusal.value.message_dict.keys() == {name}
    assert not CodingSession.objects.exists()
    assert not Repo.objects.exists()


def test_an_integer_too_long_to_be_shown_is_refused(row: Callable[..., Row]) -> None:
    with pytest.raises(ValidationError):
        CodingSession.objects.record(**row(cost_usd=10**5_000))


def test_an_unsaved_user_is_refused(row: Callable[..., Row], django_user_model: Any) -> None:
    nobody = django_user_model(email="new@example.com")
    nobody.pk = None

    with pytest.raises(ValidationError) as refusal:
        CodingSession.objects.record(**row(user=nobody))

    assert refusal.value.message_dict.keys() == {"user"}


def test_all_bad_fields_are_named_at_once_unknown_and_missing_ones_too(user: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_row({"user": user, "provider": "x", "cost_usd": -1, "cost": 5})

    assert refusal.value.message_dict == {
        "external_id": ["This field is required."],
        "started_at": ["This field is required."],
        "provider": ["Must be one of claude-code, codex, opencode, cursor."],
        "cost_usd": ["Must be between 0 and 100000."],
        "cost": ["Unknown field."],
    }


def test_no_message_repeats_a_value(user: Any) -> None:
    secret = "s3cret\x00"
    names = ["provider", "external_id", "title", "started_at", "cost_usd", "duration_ms", "analyzed"]

    with pytest.raises(ValidationError) as refusal:
        clean_row({"user": user, **dict.fromkeys(names, secret)})

    assert set(refusal.value.message_dict) == set(names)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.core
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"external_id": "x" * 512}, {"external_id": "x" * 512}),
        ({"external_id": " é 🎉 "}, {"external_id": " é 🎉 "}),
        ({"title": ""}, {"title": ""}),
        ({"title": "é" * 255}, {"title": "é" * 255}),
        ({"provider": "Claude Code"}, {"provider": "claude-code"}),
        ({"provider": "claude-code"}, {"provider": "claude-code"}),
        ({"cost_usd": 0}, {"cost_usd": Decimal(0)}),
        ({"cost_usd": "100000"}, {"cost_usd": Decimal(100_000)}),
        ({"cost_usd": 0.1}, {"cost_usd": Decimal("0.1")}),
        ({"cost_usd": "0.0000000015"}, {"cost_usd": Decimal("0.000000002")}),
        ({"cost_usd": Decimal("100000.0000000001")}, None),
        ({"cost_usd": None}, {"cost_usd": None}),
        ({"duration_ms": 0, "assistant_ms": MAX_MS}, {"duration_ms": 0, "assistant_ms": MAX_MS}),
        ({"started_at": "2026-06-17T17:00:00+02:00"}, {"started_at": datetime(2026, 6, 17, 15, tzinfo=UTC)}),
        ({"started_at": datetime(2000, 1, 1, tzinfo=UTC)}, {"started_at": datetime(2000, 1, 1, tzinfo=UTC)}),
        (
            {"started_at": datetime(2100, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "ended_at": None},
            {"started_at": datetime(2100, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "ended_at": None},
        ),
        ({"ended_at": NOW}, {"ended_at": NOW}),
        ({"git_info": "nonsense"}, {"repo": None}),
        ({"git_info": {"repo_url": "https://u:s3cret@host/acme/api"}}, {"repo__path": "acme/api"}),
    ],
)
def test_a_good_value_is_kept(row: Callable[..., Row], given: Row, kept: Row | None) -> None:
    given = {"ended_at": None, **given}
    if kept is None:
        with pytest.raises(ValidationError):
            CodingSession.objects.record(**row(**given))
        return

    session, created = CodingSession.objects.record(**row(**given))

    assert created
    assert CodingSession.objects.filter(pk=session.pk).values(*kept).get() == kept


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(st.sampled_from([*recording._VALUES, "user", "provider", "external_id", "git_info", "x"]), anything)
)
def test_whatever_is_given_is_cleaned_or_refused_by_name(given: Row) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_row(given)

    assert "user" in refusal.value.message_dict


# What a call states --------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_new_session_is_created_with_all_it_states(row: Callable[..., Row], user: Any, now: datetime) -> None:
    session, created = CodingSession.objects.record(**row())

    assert created
    kept = CodingSession.objects.select_related("repo").get()
    assert kept == session
    assert (kept.user, kept.provider, kept.external_id, kept.title) == (user, "codex", "a", "Fix the build")
    assert (kept.started_at, kept.ended_at, kept.analyzed_at) == (NOW, NOW + timedelta(hours=1), now)
    assert (kept.cost_usd, kept.cost_complete) == (Decimal("1.25"), True)
    assert (kept.duration_ms, kept.assistant_ms, kept.user_ms) == (3, 2, 1)
    assert kept.repo.path == "acme/api"


@pytest.mark.core
def test_fields_that_a_call_leaves_out_become_unknown(row: Callable[..., Row], user: Any) -> None:
    first, _created = CodingSession.objects.record(**row(cost_complete=False))

    session, created = CodingSession.objects.record(user=user, provider="codex", external_id="a", started_at=NOW)

    assert not created
    assert session.pk == first.pk
    kept = CodingSession.objects.get()
    assert (kept.ended_at, kept.title, kept.repo, kept.cost_usd, kept.cost_complete) == (None, "", None, None, True)
    assert (kept.duration_ms, kept.assistant_ms, kept.user_ms) == (None, None, None)


@pytest.mark.core
def test_the_returned_session_is_the_stored_one(row: Callable[..., Row]) -> None:
    for changes in ({}, {}, {"cost_usd": 9}):
        session, _created = CodingSession.objects.record(**row(**changes))
        kept = CodingSession.objects.get()
        for field in CodingSession._meta.concrete_fields:
            assert getattr(session, field.attname) == getattr(kept, field.attname)
        session.title = "changed by its caller"
        session.save()
        assert CodingSession.objects.count() == 1


def test_users_of_other_providers_and_people_are_other_sessions(row: Callable[..., Row], staff: Any) -> None:
    CodingSession.objects.record(**row())
    CodingSession.objects.record(**row(provider="cursor"))
    CodingSession.objects.record(**row(user=staff))

    assert CodingSession.objects.count() == 3


def test_a_lazy_user_is_a_user(row: Callable[..., Row], user: Any) -> None:
    session, _created = CodingSession.objects.record(**row(user=SimpleLazyObject(lambda: user)))

    assert session.user_id == user.pk


def test_analyzed_at_is_set_when_a_session_first_becomes_analyzed_and_then_stays(
    row: Callable[..., Row], freeze_now: Callable[[datetime], None]
) -> None:
    def record(hour: int, **changes: Any) -> datetime | None:
        freeze_now(datetime(2026, 6, 18, hour, tzinfo=UTC))
        CodingSession.objects.record(**row(**changes))
        return CodingSession.objects.get().analyzed_at

    first = datetime(2026, 6, 18, 2, tzinfo=UTC)
    assert record(1, analyzed=False) is None
    assert record(2) == first
    assert record(3, cost_usd=7) == first
    assert record(4, analyzed=False) == first


def test_a_repository_is_known_in_any_case_and_shown_as_first_seen(row: Callable[..., Row]) -> None:
    CodingSession.objects.record(**row("a", git_info={"repo_url": "Acme/Straße"}))
    CodingSession.objects.record(**row("b", git_info={"repo_url": "git@host:ACME/STRASSE.git"}))

    assert Repo.objects.get().path == "Acme/Straße"
    assert {session.repo.path for session in stored().values()} == {"Acme/Straße"}


def test_two_spellings_in_one_batch_are_one_repository(row: Callable[..., Row]) -> None:
    CodingSession.objects.record_many(
        [row(str(number), git_info={"repo_url": path}) for number, path in enumerate(("Acme/API", "acme/api"))]
    )

    assert Repo.objects.get().path == "Acme/API"


# What is written -----------------------------------------------------------------------------------------------------


def writes(queries: CaptureQueriesContext) -> list[str]:
    statements = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in statements if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.core
def test_a_call_that_changes_nothing_writes_nothing(row: Callable[..., Row]) -> None:
    fork = {
        "repo_url": "ann/api",
        "remotes": [{"name": "upstream", "fetch_url": "acme/api"}],
        "tracking_remote": "upstream",
    }
    CodingSession.objects.record(**row(git_info=fork))

    with CaptureQueriesContext(connection) as queries:
        _session, created = CodingSession.objects.record(**row(git_info=fork))
        outcomes = CodingSession.objects.record_many([row(git_info=fork)] * 2)

    assert not created
    assert outcomes == [UNCHANGED, UNCHANGED]
    assert writes(queries) == []


def test_only_what_changed_is_written(row: Callable[..., Row]) -> None:
    CodingSession.objects.record_many([row("a"), row("b"), row("c")])

    with CaptureQueriesContext(connection) as queries:
        outcomes = CodingSession.objects.record_many([row("a"), row("b", cost_usd=2), row("d")])

    assert outcomes == [UNCHANGED, UPDATED, CREATED]
    assert len(writes(queries)) == 2
    assert {key: session.cost_usd for key, session in stored().items()} == {
        "a": Decimal("1.25"),
        "b": 2,
        "c": Decimal("1.25"),
        "d": Decimal("1.25"),
    }


def test_the_number_of_queries_does_not_grow_with_the_batch(row: Callable[..., Row]) -> None:
    counts = []
    for start, size in ((0, 2), (100, 60)):
        rows = [row(str(number), git_info={"repo_url": f"acme/r{number}"}) for number in range(start, start + size)]
        with CaptureQueriesContext(connection) as queries:
            CodingSession.objects.record_many(rows)
        with CaptureQueriesContext(connection) as more:
            CodingSession.objects.record_many([{**row, "cost_usd": 2} for row in rows])
        counts.append((len(queries), len(more)))

    assert counts[0] == counts[1]


@pytest.mark.core
def test_outcomes_come_in_order_and_of_equal_keys_the_last_wins(row: Callable[..., Row]) -> None:
    CodingSession.objects.record_many([row("old"), row("same")])

    outcomes = CodingSession.objects.record_many(
        [row("new", cost_usd=1), row("same"), row("old", cost_usd=3), row("new", cost_usd=2), row("old")]
    )

    assert outcomes == [CREATED, UNCHANGED, UNCHANGED, CREATED, UNCHANGED]
    assert stored()["new"].cost_usd == 2
    assert stored()["old"].cost_usd == Decimal("1.25")


def test_no_rows_no_outcomes(db: None) -> None:
    assert CodingSession.objects.record_many([]) == []
    with pytest.raises(ValueError, match="batch_size"):
        CodingSession.objects.record_many([], batch_size=0)


def test_rows_may_come_from_a_generator_in_batches(row: Callable[..., Row]) -> None:
    outcomes = CodingSession.objects.record_many((row(str(number)) for number in range(7)), batch_size=3)

    assert outcomes == [CREATED] * 7
    assert CodingSession.objects.count() == 7


def test_an_invalid_row_names_its_index_and_fields_and_nothing_of_its_batch_is_written(
    row: Callable[..., Row],
) -> None:
    rows = [row("0"), row("1"), row("2"), row("3", cost_usd=-1, title=5), row("4")]

    with pytest.raises(InvalidRowError) as refusal:
        CodingSession.objects.record_many(rows, batch_size=2)

    assert refusal.value.index == 3
    assert refusal.value.message_dict.keys() == {"cost_usd", "title"}
    assert str(refusal.value).startswith("Row 3: ")
    assert stored().keys() == {"0", "1"}


def test_with_skip_invalid_the_others_are_written(row: Callable[..., Row]) -> None:
    outcomes = CodingSession.objects.record_many([row("0"), row("1", user=None), row("2")], skip_invalid=True)

    assert (outcomes[0], outcomes[2]) == (CREATED, CREATED)
    assert isinstance(outcomes[1], ValidationError)
    assert outcomes[1].message_dict.keys() == {"user"}
    assert stored().keys() == {"0", "2"}


def test_a_batch_that_fails_late_leaves_nothing_half_written(
    row: Callable[..., Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = {
        "repo_url": "ann/api",
        "remotes": [{"name": "upstream", "fetch_url": "acme/api"}],
        "tracking_remote": "upstream",
    }

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", fail)
    with pytest.raises(RuntimeError):
        CodingSession.objects.record(**row(git_info=fork))

    assert not Repo.objects.exists()
    assert not ForkSighting.objects.exists()
    assert not CodingSession.objects.exists()


# Retries and concurrency ---------------------------------------------------------------------------------------------


class Failing:
    """A write that fails this many times before it succeeds."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.calls = error, times, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return "written"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries; nothing really waits."""
    waited: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize("error", [OperationalError("deadlock detected"), IntegrityError("duplicate key")])
@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_deadlock_a_lock_or_a_race_is_tried_again_three_times(
    error: Exception, times: int, waits: list[float], db: None
) -> None:
    write = Failing(error, times)

    assert retries.retried(write, "default") == "written"
    assert len(waits) == times


class UniqueViolation(Exception):
    """The error of PostgreSQL's driver for a row that exists already."""

    sqlstate = "23505"


@pytest.mark.parametrize(("times", "is_written"), [(10, True), (retries.RACES + retries.RETRIES + 1, False)])
def test_rows_that_other_writers_made_first_are_tried_again_until_all_got_on(
    times: int, is_written: bool, waits: list[float], db: None
) -> None:
    error = IntegrityError("duplicate key")
    error.__cause__ = UniqueViolation()
    write = Failing(error, times)

    if is_written:
        assert retries.retried(write, "default") == "written"
        assert waits == []  # the others are done: there is nothing to wait for
    else:
        with pytest.raises(IntegrityError):
            retries.retried(write, "default")


def test_the_fourth_failure_is_the_callers(waits: list[float], db: None) -> None:
    with pytest.raises(OperationalError):
        retries.retried(Failing(OperationalError("database is locked"), 4), "default")

    assert len(waits) == 3


def test_any_other_error_is_not_tried_again(waits: list[float], db: None) -> None:
    with pytest.raises(RuntimeError):
        retries.retried(Failing(RuntimeError(), 1), "default")

    assert waits == []


def test_recording_inside_a_callers_transaction_goes_with_it(row: Callable[..., Row]) -> None:
    with transaction.atomic():
        CodingSession.objects.record(**row())
        transaction.set_rollback(True)

    assert not CodingSession.objects.exists()
    assert not Repo.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_writers_of_one_new_session_make_one(row: Callable[..., Row]) -> None:
    results = at_once([lambda: CodingSession.objects.record(**row())[1]] * 8)

    assert sorted(results) == [False] * 7 + [True]
    assert CodingSession.objects.count() == Repo.objects.count() == ForkSighting.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_writers_in_a_new_repository_make_one(row: Callable[..., Row]) -> None:
    spellings = ["acme/api", "Acme/API", "ACME/api", "acme/API"]

    at_once(
        [
            lambda number=number: CodingSession.objects.record(
                **row(str(number), git_info={"repo_url": spellings[number % 4]})
            )
            for number in range(8)
        ]
    )

    assert CodingSession.objects.count() == 8
    assert Repo.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_overlapping_batches_in_any_order_lose_nothing(row: Callable[..., Row], user: Any, staff: Any) -> None:
    def batch(writer: int) -> Callable[[], list[Any]]:
        numbers = list(range(writer * 5, writer * 5 + 30))
        rows = [
            row(
                str(number % 40),
                user=(user, staff)[number % 2],
                cost_usd=writer,
                git_info={"repo_url": f"acme/r{number % 7}"},
            )
            for number in (reversed(numbers) if writer % 2 else numbers)
        ]
        return lambda: CodingSession.objects.record_many(rows)

    outcomes = at_once([batch(writer) for writer in range(6)])

    created = sum(outcome == CREATED for outcomes_of_one in outcomes for outcome in outcomes_of_one)
    assert CodingSession.objects.count() == created == 40
    assert Repo.objects.count() == 7


@pytest.mark.django_db(transaction=True)
def test_many_writers_of_the_same_new_sessions_all_succeed(row: Callable[..., Row]) -> None:
    """Without repositories no lock on fork links makes the writers wait for each other."""
    rows = [row(str(number), git_info=None) for number in range(400)]

    def samples(writer: int) -> Callable[[], list[Any]]:
        batches = random.Random(writer)
        return lambda: [
            outcome for _ in range(10) for outcome in CodingSession.objects.record_many(batches.sample(rows, 100))
        ]

    outcomes = at_once([samples(writer) for writer in range(8)])

    created = sum(outcome == CREATED for outcomes_of_one in outcomes for outcome in outcomes_of_one)
    assert CodingSession.objects.count() == created


def test_locks_of_sessions_leave_the_users_alone(row: Callable[..., Row], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordered by the user's own ordering, the query would join the users and lock them too."""
    CodingSession.objects.record(**row())
    user_model = type(row()["user"])
    monkeypatch.setattr(user_model._meta, "ordering", ["email"])

    with CaptureQueriesContext(connection) as queries:
        CodingSession.objects.record(**row(cost_usd=5))

    assert not any(user_model._meta.db_table in query["sql"] for query in queries.captured_queries)


def test_now_is_asked_of_django(row: Callable[..., Row], now: datetime) -> None:
    assert CodingSession.objects.record(**row())[0].analyzed_at == django_timezone.now() == now


def deadlocks() -> int:
    """The deadlocks that PostgreSQL has counted in this database; 0 on SQLite."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_shared", [True, False], ids=["same users", "one user"])
def test_writers_of_new_and_changed_rows_on_the_same_days_wait_for_each_other(
    row: Callable[..., Row], user: Any, staff: Any, is_shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sessions are shared, but the days of the roll-up are: new and changed rows are two statements."""
    monkeypatch.setattr(retries, "RETRIES", 0)
    users = (user, staff) if is_shared else (user,)
    before = deadlocks()

    def rows_of(number: int, post: int) -> list[Row]:
        """Three rows on one day; posts and writers alternate between two days."""
        day = NOW + timedelta(days=(number + post) % 2)
        return [
            row(f"{number}-{post}-{place}", user=users[place % len(users)], started_at=day, ended_at=None)
            for place in range(3)
        ]

    def writer(number: int) -> Callable[[], None]:
        def write() -> None:
            CodingSession.objects.record_many(rows_of(number, 0))
            for post in range(1, 15):
                changed = [{**old, "cost_usd": post + 2} for old in rows_of(number, post - 1)]
                CodingSession.objects.record_many([*rows_of(number, post), *changed])

        return write

    at_once([writer(number) for number in range(6)])

    assert CodingSession.objects.count() == 6 * 15 * 3
    assert deadlocks() == before
    assert list(maintenance.differences("default")) == []


@pytest.mark.django_db(transaction=True)
def test_sessions_of_a_deleted_user_are_left_out_and_the_others_are_written(
    row: Callable[..., Row], user: Any, staff: Any
) -> None:
    deleted, pk = row("a"), user.pk
    type(user)._default_manager.filter(pk=pk).delete()

    outcomes = CodingSession.objects.record_many([deleted, row("b", user=staff)], skip_invalid=True)

    assert [str(outcome) for outcome in outcomes] == ["{'user': ['The user was deleted.']}", CREATED]
    with pytest.raises(InvalidRowError, match=r"Row 1: .*The user was deleted"):
        CodingSession.objects.record_many([row("c", user=staff), deleted])
    with pytest.raises(UserDeletedError):
        CodingSession.objects.record(**deleted)
    assert list(CodingSession.objects.values_list("external_id", flat=True)) == ["b"]
