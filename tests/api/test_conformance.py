"""The same answers as the original's, recorded in `conformance/*.json`, key order included."""

import json
from typing import Any

import pytest
from django.test import Client

from org_analytics.models import CodingSession
from tests import conformance

OURS = {"totals", "coverage"}
USER_KEYS = ["id", "email", "name"]
ROW_KEYS = [
    "user",
    "session_count",
    "total_cost_usd",
    "total_duration_ms",
    "total_assistant_time_ms",
    "total_user_time_ms",
    "avg_cost_usd",
    "avg_duration_ms",
    "avg_assistant_time_ms",
    "avg_user_time_ms",
]
ANALYTICS_KEYS = ["computed_at", "date_range", "providers_present", "users", "totals", "coverage"]
REPOS_KEYS = ["computed_at", "date_range", "repos"]

pytestmark = pytest.mark.core


@pytest.fixture
def reader(recorded: dict[str, Any], client_of: Any, django_user_model: Any) -> Client:
    """One of the recorded people, so that no row is added."""
    return client_of(django_user_model.objects.filter(is_active=True).first())


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what the recordings leave out."""
    answer = {key: value for key, value in answer.items() if key not in OURS | {"computed_at"}}
    for row in answer.get("users", []):
        row["user"].pop("id")
    return answer


def test_every_recorded_request_is_answered_the_same(recorded: dict[str, Any], reader: Client) -> None:
    different = []
    for request in recorded["requests"]:
        response = reader.get(f"{request['path']}?{request['query']}")
        answer = json.dumps(comparable(response.json()))  # as text: key order counts
        if (response.status_code, answer) != (request["status"], json.dumps(request["json"])):
            different.append((request, answer))

    assert recorded["requests"]
    assert different == []


def test_the_keys_come_in_the_contracts_order(recorded: dict[str, Any], reader: Client) -> None:
    for request in recorded["requests"]:
        answer = reader.get(f"{request['path']}?{request['query']}").json()
        if "error" in answer:
            assert list(answer) == ["error"]
        elif "repos" in answer:
            assert list(answer) == REPOS_KEYS
        else:
            assert list(answer) == ANALYTICS_KEYS
            assert list(answer["date_range"]) == ["start_date", "end_date"]
            assert list(answer["totals"]) == [key for key in ROW_KEYS[1:] if key in answer["totals"]]
            for row in answer["users"]:
                assert list(row) == [key for key in ROW_KEYS if key in row]
                assert list(row["user"]) == [key for key in USER_KEYS if key in row["user"]]


@pytest.mark.parametrize("name", conformance.NAMES)
def test_loading_a_second_time_changes_nothing(name: str, db: None, django_user_model: Any) -> None:
    recorded = conformance.load(name)
    users = {user.email: user for user in django_user_model.objects.all()}

    outcomes = CodingSession.objects.record_many(conformance.rows(recorded, users))

    assert outcomes == ["unchanged"] * len(recorded["sessions"])
