"""`record(recap={…})`: the recap of a session."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, RecapCount, SessionRecap
from org_analytics.models.recap_validation import LISTS
from org_analytics.models.recording import CREATED, UNCHANGED, UPDATED, InvalidRowError
from tests.questions import NOW
from tests.threads import at_once
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]

COMPUTED = datetime(2026, 6, 18, 8, tzinfo=UTC)
RECAP = {
    "recap": "Fixed the build.\n\tThe key lacked the platform.\r\n",
    "went_well": ["Quick.", {"text": "Tested.", "message_id": "m-1"}],
    "went_badly": [{"text": "No log.", "message_id": None}],
    "suggestions_person": [],
    "suggestions_environment": [{"text": "Print the key.\nAlways."}],
    "suggestions_context": ["Say so."],
    "model_used": "claude-haiku-4-5",
    "computed_at": COMPUTED,
}
STORED = {
    **RECAP,
    "went_well": [{"text": "Quick."}, {"text": "Tested.", "message_id": "m-1"}],
    "went_badly": [{"text": "No log."}],
    "suggestions_context": [{"text": "Say so."}],
}
LEAST = {"recap": "x", "computed_at": COMPUTED}
EMPTY: dict[str, list[Any]] = {name: [] for name in LISTS}
Row = dict[str, Any]


@pytest.fixture
def row(user: Any) -> Callable[..., Row]:
    """`row(recap={…})`: the keywords of a session."""
    values = {"user": user, "provider": "codex", "external_id": "a", "started_at": NOW, "duration_ms": 5}
    return lambda **changes: {**values, **changes}


def record(*rows: Row) -> list[Any]:
    return CodingSession.objects.record_many(rows)


def stored() -> Row:
    recap = SessionRecap.objects.get()
    return {name: getattr(recap, name) for name in STORED}


def errors_of(recap: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        CodingSession.objects.record(user=object(), provider="x", external_id="", started_at="", recap=recap)
    messages: list[str] = caught.value.message_dict.get("recap", [])
    return messages


def test_a_recap_is_stored_whole_and_plain_texts_become_items(row: Any) -> None:
    session, created = CodingSession.objects.record(**row(recap=RECAP))

    assert (created, stored()) == (True, STORED)
    assert session.recap.recap == RECAP["recap"]


def test_only_text_and_time_are_required(row: Any) -> None:
    record(row(recap=LEAST))

    assert stored() == {**EMPTY, "model_used": "", **LEAST}


@pytest.mark.parametrize("without", [{}, {"recap": None}])
def test_a_row_without_recap_keeps_it_and_another_one_replaces_all_of_it(row: Any, without: Row) -> None:
    record(row(recap=RECAP))

    assert record(row(title="New", **without)) == [UPDATED]
    assert stored() == STORED
    assert record(row(title="New", recap=LEAST)) == [UPDATED]
    assert stored() == {**EMPTY, "model_used": "", **LEAST}


@pytest.mark.parametrize("name", RECAP)
def test_each_changed_field_is_an_update_and_the_same_recap_again_is_unchanged(row: Any, name: str) -> None:
    changes = {"recap": "y", "model_used": "", "computed_at": COMPUTED + timedelta(microseconds=1)}
    record(row(recap=RECAP))
    changed = row(recap={**RECAP, name: changes.get(name, ["y"])})

    assert record(changed) == [UPDATED]
    assert record(changed) == [UNCHANGED]
    assert CodingSession.objects.record(**changed)[1] is False
    assert record(row(recap=RECAP)) == [UPDATED]


def test_models_and_recap_change_on_their_own(row: Any) -> None:
    counts = ["requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"]
    one, other = ([{"model": name, **dict.fromkeys(counts, 1), "cost_usd": 1}] for name in ("one", "other"))
    values = {"cost_usd": 1}

    assert record(row(recap=RECAP, models=one)) == [CREATED]
    assert record(row(models=one)) == record(row(recap=RECAP, **values)) == record(row(**values)) == [UNCHANGED]
    assert record(row(recap=LEAST, models=one)) == [UPDATED]
    assert record(row(recap=LEAST, models=other)) == [UPDATED]
    assert record(row(recap=LEAST, models=other)) == [UNCHANGED]


def test_an_unchanged_recap_is_neither_locked_nor_written(row: Any) -> None:
    def statements(*rows: Row) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            record(*rows)
        return [query["sql"] for query in queries.captured_queries if "recap" in query["sql"]]

    rows = [row(external_id=str(number), recap=RECAP) for number in range(20)]
    record(*rows)

    [sql] = statements(*rows)
    assert sql.startswith("SELECT")
    assert "FOR NO KEY UPDATE" not in sql
    assert statements(*[row(external_id=str(number)) for number in range(20)]) == []


@pytest.mark.parametrize(
    ("recap", "message"),
    [
        ("text", "Must be an object."),
        ([], "Must be an object."),
        ({}, "recap: This field is required."),
        ({"recap": "x"}, "computed_at: This field is required."),
        ({**LEAST, "recap": ""}, "recap: Must have 1 to 4000 characters."),
        ({**LEAST, "recap": "x" * 4_001}, "recap: Must have 1 to 4000 characters."),
        ({**LEAST, "recap": 5}, "recap: Must be text."),
        *(
            ({**LEAST, "recap": f"a{bad}b"}, "recap: Must not contain control characters.")
            for bad in ("\0", "\x1b", "\x7f", "\x85", "\ud800", "\v")
        ),
        ({**LEAST, "computed_at": "soon"}, "computed_at: Must be a date and time, such as 2026-01-31T12:00:00Z."),
        ({**LEAST, "computed_at": datetime(2026, 1, 1)}, "computed_at: Must have a time zone."),
        ({**LEAST, "computed_at": "1999-12-31T00:00:00Z"}, "computed_at: Must be between the years 2000 and 2100."),
        ({**LEAST, "computed_at": None}, "computed_at: Must be a date and time, such as 2026-01-31T12:00:00Z."),
        ({**LEAST, "model_used": "x" * 256}, "model_used: Must have 0 to 255 characters."),
        ({**LEAST, "model_used": "a\nb"}, "model_used: Must not contain control characters."),
        ({**LEAST, "mood": "good"}, "mood: Unknown field."),
        *(({**LEAST, name: "x"}, f"{name}: Must be a list of at most 10 items.") for name in LISTS),
        *(({**LEAST, name: ["x"] * 11}, f"{name}: Must be a list of at most 10 items.") for name in LISTS),
        *(({**LEAST, name: None}, f"{name}: Must be a list of at most 10 items.") for name in LISTS),
        ({**LEAST, "went_well": ["x", ""]}, "went_well: [1]: Must have 1 to 1000 characters."),
        ({**LEAST, "went_well": ["x" * 1_001]}, "went_well: [0]: Must have 1 to 1000 characters."),
        ({**LEAST, "went_well": [None]}, "went_well: [0]: Must be text or an object."),
        ({**LEAST, "went_well": ["a\0"]}, "went_well: [0]: Must not contain control characters."),
        ({**LEAST, "went_badly": [{}]}, "went_badly: [0].text: This field is required."),
        ({**LEAST, "went_badly": [{"text": "x", "id": 1}]}, "went_badly: [0].id: Unknown field."),
        ({**LEAST, "went_badly": [{"text": "x", "message_id": 5}]}, "went_badly: [0].message_id: Must be text."),
        (
            {**LEAST, "went_badly": [{"text": "x", "message_id": "x" * 256}]},
            "went_badly: [0].message_id: Must have 0 to 255 characters.",
        ),
        (
            {**LEAST, "went_badly": [{"text": "x", "message_id": "\n"}]},
            "went_badly: [0].message_id: Must not contain control characters.",
        ),
    ],
)
def test_a_bad_recap_is_refused_by_the_name_of_its_field(recap: Any, message: str) -> None:
    assert message in errors_of(recap)


def test_every_bad_field_of_a_recap_is_named_at_once() -> None:
    errors = errors_of({"recap": "", "went_well": [5, 6], "computed_at": "x", "model_used": 1})

    assert [error.partition(":")[0] for error in errors] == [
        "recap",
        "went_well",
        "went_well",
        "model_used",
        "computed_at",
    ]


@pytest.mark.parametrize("recap", [{**LEAST, "recap": "x" * 4_000, "went_well": ["ä" * 1_000] * 10}, LEAST])
def test_the_longest_and_the_shortest_recap_are_stored(row: Any, recap: Row) -> None:
    record(row(recap=recap))

    assert stored()["recap"] == recap["recap"]
    assert len(stored()["went_well"]) == len(recap.get("went_well", []))


def test_an_invalid_recap_writes_nothing_of_its_batch(row: Any) -> None:
    with pytest.raises(InvalidRowError) as caught:
        record(row(), row(external_id="b", recap={"recap": "x"}))

    assert (caught.value.index, list(caught.value.message_dict)) == (1, ["recap"])
    assert not CodingSession.objects.exists()


def test_the_write_endpoint_takes_recaps_and_names_bad_fields(api: Client) -> None:
    values = {"provider": "codex", "started_at": "2026-06-17T15:30:00Z"}
    rows = [
        {**values, "external_id": "a", "recap": {**RECAP, "computed_at": "2026-06-18T08:00:00Z"}},
        {**values, "external_id": "b", "recap": {"recap": "\ud800", "computed_at": "2026-06-18T08:00:00Z"}},
    ]

    answer = api.post("/api/v1/org/sessions", {"sessions": rows}, content_type="application/json").json()

    assert answer["results"] == [
        {"index": 0, "status": "created"},
        {
            "index": 1,
            "status": "invalid",
            "errors": {"recap": ["recap: Must not contain control characters."]},
        },
    ]
    assert stored() == STORED


def test_deleting_a_session_or_its_user_deletes_the_recap(row: Any, user: Any) -> None:
    record(row(recap=RECAP), row(external_id="b", recap=RECAP))
    CodingSession.objects.get(external_id="a").delete()
    assert SessionRecap.objects.count() == 1
    user.delete()
    assert not SessionRecap.objects.exists()


def test_the_database_refuses_an_empty_recap(row: Any) -> None:
    session, _created = CodingSession.objects.record(**row())

    with pytest.raises(IntegrityError), transaction.atomic():
        SessionRecap.objects.create(session=session, recap="", computed_at=COMPUTED)


def test_no_name_of_a_recap_has_its_text(row: Any) -> None:
    record(row(recap=RECAP))
    recap = SessionRecap.objects.get()

    assert str(recap) == f"Recap of session {recap.session_id}"
    assert str(RecapCount(month=NOW.date(), count=3)) == "2026-06: 3"


@pytest.mark.django_db(transaction=True)
def test_writers_of_the_same_recaps_at_once_lose_nothing(row: Any) -> None:
    def writer(number: int) -> Callable[[], list[Any]]:
        order = range(20) if number % 2 else range(19, -1, -1)
        rows = [row(external_id=str(place), recap={**LEAST, "recap": f"by {number}"}) for place in order]
        return lambda: record(*rows)

    outcomes = at_once([writer(number) for number in range(6)])

    assert sum(outcome == CREATED for of_one in outcomes for outcome in of_one) == 20
    assert len(set(SessionRecap.objects.values_list("recap", flat=True))) == 1  # each writer's batch as a whole


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
items = st.lists(texts | st.fixed_dictionaries({"text": texts}, optional={"message_id": st.none() | texts}), max_size=3)
recaps = st.fixed_dictionaries(
    {"recap": texts, "computed_at": st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))},
    optional={**dict.fromkeys(LISTS, items), "model_used": texts},
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | recaps, st.integers(0, 2)), min_size=1, max_size=6))
def test_the_last_recap_given_is_stored_and_giving_it_again_changes_nothing(history: list[Any]) -> None:
    CodingSession.objects.all().delete()
    model = get_user_model()
    user = model.objects.filter(email="ann@example.com").first() or create_user("ann@example.com")
    last = None
    for recap, duration in history:
        values = {"user": user, "provider": "codex", "external_id": "a", "started_at": NOW, "duration_ms": duration}
        record({**values, "recap": recap})
        assert record({**values, "recap": recap}) == [UNCHANGED]
        last = recap or last

    if last is None:
        assert not SessionRecap.objects.exists()
    else:
        kept = stored()
        assert (kept["recap"], kept["computed_at"]) == (last["recap"], last["computed_at"])
        for name in LISTS:
            given = [item if isinstance(item, dict) else {"text": item} for item in last.get(name, [])]
            assert kept[name] == [{key: text for key, text in item.items() if text} for item in given]
