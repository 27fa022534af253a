"""The benchmark with little data: it has the data and sends the requests that it reports."""

from typing import Any

import pytest
from django.test import Client

from benchmarks import data, inside, load, over_http
from org_analytics.models import CodingSession
from org_analytics.rollup import maintenance
from tests.brute_force import BruteForce

SIZE = data.Size(sessions=1200, people=12)


def test_the_same_numbers_make_the_same_data() -> None:
    assert list(data.sessions(SIZE)) == list(data.sessions(SIZE))


def test_ten_times_the_sessions_fall_on_the_same_person_days() -> None:
    few, many = (
        {(person, started.date()) for person, _provider, _repo, _id, started, *_more in data.sessions(size)}  # type: ignore[attr-defined]
        for size in (SIZE, data.Size(sessions=12_000, people=12))
    )
    assert few == many


@pytest.mark.django_db
def test_every_question_is_asked_and_answered_exactly(client_of: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    load.fill(SIZE)
    people = CodingSession.objects.order_by("user").first()
    client: Client = client_of(people.user if people else None)

    times = inside.measure(1, has_naive=False)

    assert CodingSession.objects.count() == SIZE.sessions
    assert list(maintenance.differences("default")) == []
    assert {
        "control, 90 days",
        "analytics, 90 days",
        "series, 7 days",
        "repos, 30 days",
        "breakdown by team, 30 days",
    } <= times.keys()
    assert {client.get(path).status_code for path in over_http.paths().values()} == {200}
    answer = client.get(over_http.paths()["analytics, 90 days"]).json()
    assert answer["totals"]["session_count"] == BruteForce(inside.selection(90)).totals().session_count > 0
