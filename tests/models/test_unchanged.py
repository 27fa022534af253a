"""Rows that change nothing: found without a lock, whatever their neighbours do."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession, ModelUsage
from org_analytics.models.recording import CREATED, UNCHANGED, UPDATED, CodingSessionManager
from tests.questions import NOW

USAGE = {
    "model": "gpt-5-codex",
    "requests": 3,
    "input_tokens": 10,
    "output_tokens": 4,
    "cache_write_tokens": 0,
    "cache_read_tokens": 7,
    "cost_usd": Decimal("1.25"),
}
CHANGES = {
    "started_at": NOW - timedelta(seconds=1),
    "ended_at": None,
    "title": "Another",
    "git_info": {"repo_url": "acme/web"},
    "cost_usd": None,
    "cost_complete": False,
    "duration_ms": 0,
    "assistant_ms": None,
    "user_ms": 5,
}
Row = dict[str, Any]


@pytest.fixture
def row(user: Any) -> Callable[..., Row]:
    """`row("a", cost_usd=1)`: the keywords of a session with everything known."""

    def make(external_id: str = "a", **changes: Any) -> Row:
        known = {
            "ended_at": NOW + timedelta(hours=1),
            "title": "Fix the build",
            "git_info": {"repo_url": "acme/api"},
            "cost_usd": Decimal("1.25"),
            "duration_ms": 3,
            "assistant_ms": 2,
            "user_ms": 1,
        }
        return {"user": user, "provider": "codex", "external_id": external_id, "started_at": NOW, **known, **changes}

    return make


def record(*rows: Row) -> list[Any]:
    return CodingSession.objects.record_many(rows)


def statements(*rows: Row) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        record(*rows)
    return [query["sql"] for query in queries.captured_queries]


@pytest.mark.parametrize("name", CHANGES)
def test_each_changed_field_is_an_update_and_the_same_row_again_is_unchanged(
    row: Callable[..., Row], name: str
) -> None:
    record(row())
    changed = row(**{name: CHANGES[name]})

    assert record(changed) == [UPDATED]
    assert record(changed) == [UNCHANGED]
    assert record(row()) == [UPDATED]


def test_a_session_becomes_analyzed_once_and_is_unchanged_after_that(row: Callable[..., Row]) -> None:
    assert record(row(analyzed=False)) == [CREATED]
    assert record(row(analyzed=False)) == [UNCHANGED]
    assert record(row()) == [UPDATED]
    assert record(row()) == [UNCHANGED]
    assert record(row(analyzed=False)) == [UNCHANGED]
    assert CodingSession.objects.get().analyzed_at is not None


@pytest.mark.parametrize(
    ("models", "outcome"),
    [
        (None, UNCHANGED),
        ([USAGE], UNCHANGED),
        ([{**USAGE, "requests": 4}], UPDATED),
        ([{**USAGE, "model": "other"}], UPDATED),
        ([{**USAGE, "cost_usd": Decimal("0.25")}, {**USAGE, "model": "other", "cost_usd": Decimal(1)}], UPDATED),
    ],
)
def test_model_usage_alone_can_be_the_change(row: Callable[..., Row], models: Any, outcome: str) -> None:
    record(row(models=[USAGE]))

    assert record(row(models=models)) == [outcome]
    if models:
        assert record(row(models=models)) == [UNCHANGED]
        stored = ModelUsage.objects.order_by("model").values_list("model", "requests", "cost_usd")
        given = [(usage["model"], usage["requests"], usage["cost_usd"]) for usage in models]
        assert sorted(stored) == sorted(given)


def test_an_empty_list_of_models_removes_them_once(row: Callable[..., Row]) -> None:
    record(row(models=[USAGE]))

    assert record(row(models=[], cost_usd=0)) == [UPDATED]
    assert record(row(models=[], cost_usd=0)) == [UNCHANGED]
    assert not ModelUsage.objects.exists()


def test_unchanged_rows_are_neither_locked_nor_written(row: Callable[..., Row]) -> None:
    rows = [row(str(number), models=[USAGE]) for number in range(5)]
    record(*rows)

    made = statements(*rows)
    assert any(sql.startswith("SELECT") for sql in made)
    assert [sql for sql in made if re.match("INSERT|UPDATE|DELETE", sql) or "FOR NO KEY UPDATE" in sql] == []


def test_among_unchanged_rows_only_the_others_are_written(row: Callable[..., Row]) -> None:
    record(*[row(str(number)) for number in range(5)])
    rows = [row(str(number), cost_usd=9 if number == 3 else Decimal("1.25")) for number in range(7)]

    assert record(*rows) == [UNCHANGED] * 3 + [UPDATED, UNCHANGED, CREATED, CREATED]
    assert CodingSession.objects.get(external_id="3").cost_usd == 9


def test_new_rows_cost_no_more_queries_than_before(row: Callable[..., Row]) -> None:
    """Reading them first finds that there is nothing to lock."""
    record(row("known"))
    reads = [sql for sql in statements(row("a"), row("b")) if 'FROM "org_analytics_codingsession"' in sql]

    assert len(reads) == 1


@pytest.mark.parametrize("late_change", ["deleted", "updated"])
def test_a_session_that_changes_between_comparing_and_locking_is_written_as_given(
    row: Callable[..., Row], monkeypatch: pytest.MonkeyPatch, late_change: str
) -> None:
    record(row("a"), row("b"))
    compare = CodingSessionManager._compare

    def compare_and_interfere(self: Any, *args: Any) -> Any:
        found = compare(self, *args)
        session = CodingSession.objects.filter(external_id="b")
        session.delete() if late_change == "deleted" else session.update(cost_usd=2)
        return found

    monkeypatch.setattr(CodingSessionManager, "_compare", compare_and_interfere)

    expected = {"deleted": CREATED, "updated": UNCHANGED}[late_change]
    assert record(row("a"), row("b", cost_usd=2)) == [UNCHANGED, expected]
    assert CodingSession.objects.get(external_id="b").cost_usd == 2
