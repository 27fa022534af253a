"""`record(models=[…])`: the usage of each model in a session."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, ModelUsage
from org_analytics.models.validation import clean_row

pytestmark = [pytest.mark.django_db, pytest.mark.core]

START = datetime(2026, 6, 1, 10, tzinfo=UTC)
ROW = {"provider": "claude-code", "external_id": "s1", "started_at": START}
TOKENS = {"requests": 2, "input_tokens": 10, "output_tokens": 20, "cache_write_tokens": 30, "cache_read_tokens": 40}
OPUS = {"model": "opus", **TOKENS, "cost_usd": Decimal("1.25")}
HAIKU = {"model": "haiku", **TOKENS, "cost_usd": "0.000000001"}
UNPRICED = {"model": "mystery", **TOKENS, "cost_usd": None}


@pytest.fixture
def record(user: Any) -> Callable[..., CodingSession]:
    """`record(models=[…])`: the session that was written, as the database has it."""

    def run(**values: Any) -> CodingSession:
        session, _created = CodingSession.objects.record(**{**ROW, "user": user, **values})
        session.refresh_from_db()
        return session

    return run


def names(session: CodingSession) -> list[str]:
    return sorted(session.model_usage.values_list("model", flat=True))


def errors_of(**values: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        clean_row({**ROW, **values})
    return {name: texts for name, texts in caught.value.message_dict.items() if name != "user"}


def test_each_model_is_kept_and_the_cost_is_their_sum(record: Any) -> None:
    session = record(models=[OPUS, HAIKU])
    assert (session.cost_usd, session.cost_complete) == (Decimal("1.250000001"), True)
    kept = session.model_usage.get(model="opus")
    assert {name: getattr(kept, name) for name in OPUS} == OPUS


def test_the_cost_is_the_sum_of_the_costs_as_they_are_kept(record: Any) -> None:
    """Each is rounded once, to nine places: three halves of the last place are nothing, not two."""
    tiny = [{**OPUS, "model": name, "cost_usd": "0.0000000005"} for name in "abc"]
    assert record(models=tiny).cost_usd == 0


def test_a_given_cost_that_is_the_sum_is_taken(record: Any) -> None:
    assert record(models=[OPUS, UNPRICED], cost_usd="1.250").cost_usd == Decimal("1.25")


@pytest.mark.parametrize(
    ("models", "cost_usd"),
    [([OPUS], "1.26"), ([OPUS], 0), ([], 1), ([UNPRICED], 0)],
    ids=["other sum", "zero", "no models", "only unpriced ones"],
)
def test_a_given_cost_that_is_not_the_sum_is_refused_by_name(models: Any, cost_usd: Any) -> None:
    assert errors_of(models=models, cost_usd=cost_usd) == {"cost_usd": ["Must equal the sum of the models' costs."]}


def test_a_sum_beyond_what_a_session_may_cost_is_refused(user: Any) -> None:
    dear = [{**OPUS, "model": name, "cost_usd": 60_000} for name in "ab"]
    assert errors_of(models=dear) == {"cost_usd": ["Must be between 0 and 100000."]}


def test_a_model_without_cost_makes_the_session_incomplete_whatever_is_given(record: Any) -> None:
    session = record(models=[OPUS, UNPRICED], cost_complete=True)
    assert (session.cost_usd, session.cost_complete) == (Decimal("1.25"), False)


def test_only_models_without_cost_leave_the_cost_unknown(record: Any) -> None:
    session = record(models=[UNPRICED])
    assert (session.cost_usd, session.cost_complete) == (None, False)


def test_cost_complete_can_be_false_where_every_model_has_a_cost(record: Any) -> None:
    assert record(models=[OPUS], cost_complete=False).cost_complete is False


def test_no_models_cost_nothing(record: Any) -> None:
    session = record(models=[])
    assert (session.cost_usd, session.cost_complete) == (0, True)


def test_models_are_replaced_when_given_and_stay_when_not(record: Any) -> None:
    record(models=[OPUS, HAIKU])
    assert names(record(cost_usd=1)) == ["haiku", "opus"]
    assert names(record(models=None)) == ["haiku", "opus"]
    assert names(record(models=[UNPRICED])) == ["mystery"]
    assert names(record(models=[])) == []


def test_sessions_do_not_share_models(record: Any, make_user: Any) -> None:
    record(models=[OPUS])
    other = record(models=[OPUS], external_id="s2")
    assert names(record(models=[HAIKU])) == ["haiku"]
    assert names(other) == ["opus"]
    assert names(record(models=[HAIKU], user=make_user())) == ["haiku"]
    assert ModelUsage.objects.count() == 3


def test_the_same_models_in_another_order_change_nothing_and_write_nothing(user: Any) -> None:
    row = {**ROW, "user": user}
    CodingSession.objects.record_many([{**row, "models": [OPUS, HAIKU]}])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert CodingSession.objects.record_many([{**row, "models": [HAIKU, OPUS]}]) == ["unchanged"]
    assert not [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.parametrize(
    "changed",
    [{"requests": 3}, {"input_tokens": 0}, {"output_tokens": 21}, {"cache_write_tokens": 1}, {"cache_read_tokens": 1}],
    ids=lambda changed: next(iter(changed)),
)
def test_another_count_is_an_update_though_the_session_stays_the_same(user: Any, changed: dict[str, int]) -> None:
    row = {**ROW, "user": user}
    CodingSession.objects.record_many([{**row, "models": [OPUS]}])
    assert CodingSession.objects.record_many([{**row, "models": [{**OPUS, **changed}]}]) == ["updated"]
    assert ModelUsage.objects.filter(**changed).count() == 1


def test_record_many_writes_the_models_of_new_changed_and_unchanged_sessions(user: Any) -> None:
    def row(number: int, **values: Any) -> dict[str, Any]:
        return {**ROW, "user": user, "external_id": f"s{number}", **values}

    CodingSession.objects.record_many(row(number, models=[OPUS]) for number in range(3))
    outcomes = CodingSession.objects.record_many(
        [
            row(0, models=[OPUS]),
            row(1, models=[HAIKU]),
            row(2, title="New", models=[OPUS, HAIKU]),
            row(3, models=[HAIKU]),
        ]
    )
    assert outcomes == ["unchanged", "updated", "updated", "created"]
    kept = {session.external_id: names(session) for session in CodingSession.objects.all()}
    assert kept == {"s0": ["opus"], "s1": ["haiku"], "s2": ["haiku", "opus"], "s3": ["haiku"]}


def test_queries_do_not_grow_with_sessions_and_models(user: Any) -> None:
    def queries(count: int, models: int, start: int) -> int:
        usage = [{**OPUS, "model": f"m{number}"} for number in range(models)]
        rows = [{**ROW, "user": user, "external_id": f"s{start + at}", "models": usage} for at in range(count)]
        with CaptureQueriesContext(connection) as captured:
            CodingSession.objects.record_many(rows)
        return len(captured)

    assert queries(2, 1, 0) == queries(20, 5, 100)


def test_only_model_usage_that_differs_is_written(record: Any, user: Any) -> None:
    session = record(models=[OPUS, HAIKU])
    before = dict(session.model_usage.values_list("model", "pk"))
    with CaptureQueriesContext(connection) as queries:
        record(models=[{**OPUS, "requests": 9}, HAIKU, UNPRICED])
    statements = [query["sql"] for query in queries if ModelUsage._meta.db_table in query["sql"]]
    assert not any(statement.startswith("DELETE") for statement in statements)
    assert {row.model: row.requests for row in session.model_usage.all()} == {"opus": 9, "haiku": 2, "mystery": 2}
    assert before.items() <= dict(session.model_usage.values_list("model", "pk")).items()


BAD_MODELS = {
    "no list": ("opus", "Must be a list of at most 100 models."),
    "too many": ([{**OPUS, "model": str(number)} for number in range(101)], "Must be a list of at most 100 models."),
    "no object": ([OPUS, "haiku"], "[1]: Must be an object."),
    "missing": ([{"model": "opus"}], "[0].requests: This field is required."),
    "no name": ([TOKENS], "[0].model: This field is required."),
    "unknown": ([{**OPUS, "tokens": 1}], "[0].tokens: Unknown field."),
    "twice": ([OPUS, HAIKU, OPUS], "[2].model: Duplicate model."),
    "negative": ([{**OPUS, "requests": -1}], "[0].requests: Must be a whole number from 0 to 2^53 - 1."),
    "too large": ([{**OPUS, "input_tokens": 2**53}], "[0].input_tokens: Must be a whole number from 0 to 2^53 - 1."),
    "boolean": ([{**OPUS, "output_tokens": True}], "[0].output_tokens: Must be a whole number from 0 to 2^53 - 1."),
    "fraction": ([{**OPUS, "output_tokens": 1.0}], "[0].output_tokens: Must be a whole number from 0 to 2^53 - 1."),
    "empty name": ([{**OPUS, "model": ""}], "[0].model: Must have 1 to 255 characters."),
    "long name": ([{**OPUS, "model": "x" * 256}], "[0].model: Must have 1 to 255 characters."),
    "control character": ([{**OPUS, "model": "a\nb"}], "[0].model: Must not contain control characters."),
    "half a character": ([{**OPUS, "model": "\ud800"}], "[0].model: Must not contain control characters."),
    "cost": ([{**OPUS, "cost_usd": "NaN"}], "[0].cost_usd: The amount must be finite."),
    "cost below zero": ([{**OPUS, "cost_usd": -1}], "[0].cost_usd: Must be between 0 and 100000."),
    "endless cost": ([{**OPUS, "cost_usd": 10**5000}], "[0].cost_usd: Must be between 0 and 100000."),
}


@pytest.mark.parametrize(("models", "message"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_bad_models_are_refused_with_place_and_field(models: Any, message: str) -> None:
    assert message in errors_of(models=models)["models"]


def test_all_bad_fields_of_all_models_are_named() -> None:
    assert errors_of(models=[{**OPUS, "requests": -1, "model": 5}, HAIKU, 7]) == {
        "models": [
            "[0].model: Must be text.",
            "[0].requests: Must be a whole number from 0 to 2^53 - 1.",
            "[2]: Must be an object.",
        ]
    }


def test_the_largest_counts_fit(record: Any) -> None:
    most = {**OPUS, "model": "x" * 255, **dict.fromkeys(TOKENS, 2**53 - 1)}
    assert record(models=[most]).model_usage.get().output_tokens == 2**53 - 1


@pytest.mark.parametrize("name", TOKENS)
def test_an_unknown_count_is_stored_as_null_and_differs_from_zero(user: Any, name: str) -> None:
    row = {**ROW, "user": user}
    assert CodingSession.objects.record_many([{**row, "models": [{**OPUS, name: None}]}]) == ["created"]
    assert getattr(ModelUsage.objects.get(), name) is None
    assert CodingSession.objects.record_many([{**row, "models": [{**OPUS, name: None}]}]) == ["unchanged"]
    assert CodingSession.objects.record_many([{**row, "models": [{**OPUS, name: 0}]}]) == ["updated"]


def test_the_admin_shows_an_unknown_count_as_unknown(
    record: Any, superuser: Any, client_of: Callable[[Any], Client]
) -> None:
    session = record(models=[{**OPUS, **dict.fromkeys(TOKENS)}])
    page = client_of(superuser).get(f"/admin/org_analytics/codingsession/{session.pk}/change/").content.decode()
    row = page[page.index("field-requests") :]
    assert "".join(row.split())[:60].startswith('field-requests"><p>-</p>')


def test_a_bad_model_writes_nothing(user: Any) -> None:
    with pytest.raises(ValidationError):
        CodingSession.objects.record(**ROW, user=user, models=[OPUS, {**HAIKU, "requests": -1}])
    assert not CodingSession.objects.exists()


@pytest.mark.parametrize(
    "broken", [{"requests": -1}, {"input_tokens": 2**53}, {"model": ""}, {"cost_usd": -1}], ids=str
)
def test_the_database_refuses_what_the_write_api_refuses(record: Any, broken: dict[str, Any]) -> None:
    session = record()
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelUsage.objects.create(session=session, **{**OPUS, **broken})


def test_the_database_refuses_a_model_twice(record: Any) -> None:
    session = record(models=[OPUS])
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelUsage.objects.create(session=session, **OPUS)


def test_deleting_a_session_deletes_its_models(record: Any) -> None:
    record(models=[OPUS]).delete()
    assert not ModelUsage.objects.exists()


def test_the_admin_shows_what_each_model_did(record: Any, superuser: Any, client_of: Callable[[Any], Client]) -> None:
    session = record(models=[HAIKU, OPUS, UNPRICED])
    page = client_of(superuser).get(f"/admin/org_analytics/codingsession/{session.pk}/change/").content.decode()
    assert page.index("opus") < page.index("haiku") < page.index("mystery")


def test_the_admins_page_asks_no_more_with_more_models(
    record: Any, superuser: Any, client_of: Callable[[Any], Client]
) -> None:
    session = record()
    admin = client_of(superuser)
    counts = []
    for models in ([OPUS], [OPUS], [{**OPUS, "model": f"m{number}"} for number in range(9)]):
        record(models=models)
        with CaptureQueriesContext(connection) as queries:
            admin.get(f"/admin/org_analytics/codingsession/{session.pk}/change/")
        counts.append(len(queries))
    assert counts[2] == counts[1]  # the first time Django asks for what it then keeps


costs = st.none() | st.decimals(0, 900, places=9)


@settings(deadline=None)
@given(st.lists(costs, max_size=20))
def test_the_cost_is_the_exact_sum_and_complete_only_when_all_is_priced(costs: list[Decimal | None]) -> None:
    models = [{**OPUS, "model": f"m{number}", "cost_usd": cost} for number, cost in enumerate(costs)]
    row = clean_row({**ROW, "user": get_user_model()(pk=1), "models": models})
    known = [cost for cost in costs if cost is not None]
    assert row.cost_usd == (sum(known) if known or not costs else None)
    assert row.cost_complete == (len(known) == len(costs))
