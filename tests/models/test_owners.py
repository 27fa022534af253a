"""Whose session a row is: `user` or `user_id`, checked alike."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession
from org_analytics.models.recording import CREATED, UNCHANGED, InvalidRowError
from tests.questions import NOW

ROW = {"provider": "codex", "external_id": "a", "started_at": NOW}
BAD_IDS = [None, True, 1.5, [1], {}, "", "x", "\0", "1\n", b"1", -(2**200), 2**200, "9" * 5_000, object()]


def errors_of(row: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        CodingSession.objects.record(**row)
    return refusal.value.message_dict


def absent_id() -> Any:
    """A primary key that is valid and that no user has."""
    is_uuid = get_user_model()._meta.pk.get_internal_type() == "UUIDField"
    return uuid.UUID(int=7) if is_uuid else 987_654_321


@pytest.mark.core
@pytest.mark.parametrize("form", [lambda pk: pk, str], ids=["as it is", "as text"])
def test_a_user_id_names_the_same_session_as_the_user(user: Any, form: Callable[[Any], Any]) -> None:
    session, created = CodingSession.objects.record(user_id=form(user.pk), **ROW)

    assert (session.user_id, created) == (user.pk, True)
    assert CodingSession.objects.record(user=user, **ROW) == (session, False)
    assert CodingSession.objects.record_many([{"user_id": form(user.pk), **ROW}]) == [UNCHANGED]


@pytest.mark.core
@pytest.mark.parametrize("value", BAD_IDS, ids=lambda value: repr(value)[:12])
def test_a_user_id_that_cannot_be_a_primary_key_is_refused_by_name(db: None, value: Any) -> None:
    assert errors_of({"user_id": value, **ROW}) == {"user_id": ["Must be the primary key of a user."]}


@pytest.mark.core
def test_a_user_id_that_no_user_has_is_refused_by_name(db: None) -> None:
    assert errors_of({"user_id": absent_id(), **ROW}) == {"user_id": ["No user has this primary key."]}


@pytest.mark.core
def test_a_row_of_a_user_that_does_not_exist_is_named_and_the_others_are_written(user: Any) -> None:
    rows = [{"user_id": user.pk, **ROW}, {"user_id": absent_id(), **ROW}]

    with pytest.raises(InvalidRowError) as refusal:
        CodingSession.objects.record_many(rows)
    assert refusal.value.index == 1
    assert not CodingSession.objects.exists()

    created, refused = CodingSession.objects.record_many(rows, skip_invalid=True)
    assert created == CREATED
    assert isinstance(refused, ValidationError)
    assert refused.message_dict.keys() == {"user_id"}


@pytest.mark.parametrize("again", [{}, {"title": "Changed"}], ids=["unchanged", "changed"])
def test_the_given_user_is_that_of_the_returned_session(
    user: Any, again: dict[str, Any], django_assert_num_queries: Any
) -> None:
    created, _ = CodingSession.objects.record(user=user, **ROW)
    found, _ = CodingSession.objects.record(user=user, **ROW, **again)
    with django_assert_num_queries(0):
        assert created.user == found.user == user


def test_user_and_user_id_together_are_refused(user: Any) -> None:
    assert errors_of({"user": user, "user_id": user.pk, **ROW}) == {"user_id": ["Give user or user_id, not both."]}


def test_neither_user_nor_user_id_is_refused(db: None) -> None:
    assert errors_of(ROW) == {"user": ["This field is required."]}


def test_users_are_looked_up_once_per_batch_and_only_for_user_ids(user: Any, staff: Any) -> None:
    users = get_user_model()._meta.db_table

    def lookups(rows: list[dict[str, Any]]) -> int:
        with CaptureQueriesContext(connection) as queries:
            CodingSession.objects.record_many(rows)
        return sum(f'FROM "{users}"' in query["sql"] for query in queries.captured_queries)

    ids = [{**ROW, "user_id": (user, staff)[number % 2].pk, "external_id": str(number)} for number in range(20)]
    assert lookups(ids) == 1
    assert lookups([{**ROW, "user": user}, {**ROW, "user": staff}]) == 0


@pytest.mark.parametrize("name", ["user", "user_id"])
def test_a_client_of_the_api_cannot_name_another_user(api: Any, user: Any, staff: Any, name: str) -> None:
    row = {"provider": "codex", "external_id": "a", "started_at": NOW.isoformat(), name: staff.pk}
    response = api.post("/api/v1/org/sessions", {"sessions": [row]}, content_type="application/json")

    [result] = response.json()["results"]
    assert (result["status"], list(result["errors"])) == ("invalid", [name])
    assert not CodingSession.objects.exists()
