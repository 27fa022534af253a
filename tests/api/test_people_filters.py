"""The filters `team` and `person`: which people are counted, and which values are refused."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from org_analytics.models import CodingSession
from org_analytics.reporting.members import json_id
from tests.questions import ANALYTICS, RANGE

SERIES = "/api/v1/org/series"
pytestmark = pytest.mark.core


@pytest.fixture
def people(make_user: Any, make_session: Callable[..., CodingSession]) -> dict[str, Any]:
    """Ann, Bob, Cleo and Dan with 1, 2, 4 and 8 sessions, and Gus, who left, with 16."""
    users = {name: make_user(f"{name}@example.com", name.title()) for name in ("ann", "bob", "cleo", "dan")}
    users["gus"] = make_user("gus@example.com", "Gus", is_active=False)
    for number, user in enumerate(users.values()):
        for _each in range(2**number):
            make_session(user, provider="codex" if user is users["bob"] else "cursor")
    return users


@pytest.fixture
def teams(people: dict[str, Any], join: Any) -> None:
    """Core: Ann and Bob. Ops: Bob and Gus. `A, B`: Cleo. Dan is in no team."""
    for name, team in (("ann", "Core"), ("bob", "Core"), ("bob", "Ops"), ("gus", "Ops"), ("cleo", "A, B")):
        join(people[name], team)


@pytest.fixture
def count(client_of: Any, people: dict[str, Any]) -> Callable[..., int]:
    """`count(team="Core")`: the sessions counted. Rows, totals and series agree on it."""
    client: Client = client_of(people["ann"])

    def get(**parameters: Any) -> int:
        query = urlencode({**RANGE, **parameters}, doseq=True)
        answer = client.get(f"{ANALYTICS}?{query}").json()
        series = client.get(f"{SERIES}?{query}").json()
        counted: int = answer["totals"]["session_count"]
        parts = [part for bucket in series["buckets"] for part in bucket["providers"].values()]
        assert sum(row["session_count"] for row in answer["users"]) == counted
        assert sum(part["session_count"] for part in parts) == counted
        return counted

    return get


@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize(
    ("team", "expected"),
    [
        ("", 15),
        (" , ", 15),
        ("Core", 3),
        (" Core ,", 3),
        ("Ops", 2),
        ("Core,Ops", 3),
        (["Core", "Ops"], 3),
        (["", "Ops"], 2),
        ("-", 8),
        ("-,Ops", 10),
        ("A, B", 4),
        (["A, B", "Core"], 7),
        ("core", 0),
        ("No such team", 0),
        ("Core,No such team", 3),
        ("%", 0),
    ],
)
def test_only_people_in_one_of_the_teams_are_counted(count: Any, team: Any, expected: int) -> None:
    assert count(team=team) == expected


def test_only_these_people_are_counted(count: Any, people: dict[str, Any]) -> None:
    ids = {name: json_id(user.pk) for name, user in people.items()}

    assert count(person=ids["bob"]) == 2
    assert count(person=f" {ids['bob']} ,,{ids['cleo']}") == 6
    assert count(person=[ids["bob"], f"{ids['cleo']},{ids['bob']}"]) == 6
    assert count(person="") == 15
    assert count(person=ids["gus"]) == 0


@pytest.mark.usefixtures("teams")
def test_filters_of_people_are_combined_with_each_other_and_with_others(count: Any, people: dict[str, Any]) -> None:
    bob, cleo = people["bob"].pk, people["cleo"].pk

    assert count(team="Core", person=f"{bob},{cleo}") == 2
    assert count(team="Ops", person=cleo) == 0
    assert count(team="Core", provider="codex") == 2


@pytest.mark.usefixtures("teams")
def test_rows_and_coverage_are_those_of_the_selected_people(
    client_of: Any, people: dict[str, Any], make_session: Callable[..., CodingSession]
) -> None:
    make_session(people["ann"], analyzed=False)
    make_session(people["dan"], analyzed=False)

    answer = client_of(people["ann"]).get(ANALYTICS, {**RANGE, "team": "Core"}).json()

    assert [row["user"]["name"] for row in answer["users"]] == ["Ann", "Bob"]
    assert answer["coverage"]["pending_sessions"] == 1
    assert answer["coverage"]["inactive_user_sessions"] == 0
    assert answer["providers_present"] == ["codex", "cursor"]


@pytest.mark.parametrize("value", ["Core", "a\0b", ",".join("abc" * 50), "x" * 999])
def test_team_is_ignored_on_a_site_without_teams(count: Any, value: str) -> None:
    assert count(team=value) == 15


@pytest.mark.usefixtures("teams")
def test_nobody_is_counted_for_a_team_while_the_callable_fails(count: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_TEAMS = "tests.hosts.failing_teams"

    assert count(team="Core") == 0
    assert count() == 15


@pytest.fixture
def error(client_of: Any, people: dict[str, Any]) -> Callable[..., str | None]:
    """`error(team="x")`: the message of a query that is refused, or None."""
    client: Client = client_of(people["ann"])

    def get(path: str = ANALYTICS, **parameters: Any) -> str | None:
        response = client.get(f"{path}?{urlencode({**RANGE, **parameters}, doseq=True)}")
        assert response.status_code in (200, 400)
        message: str | None = response.json().get("error")
        return message

    return get


FIFTY_ONE = [str(number) for number in range(51)]


@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize("path", [ANALYTICS, SERIES])
@pytest.mark.parametrize("team", ["a\0b", "a\nb", "x" * 256, FIFTY_ONE, ",".join(FIFTY_ONE), ["Core"] * 51])
def test_a_bad_team_is_refused(error: Any, path: str, team: Any) -> None:
    assert error(path, team=team) == "Invalid team"


@pytest.mark.parametrize("path", [ANALYTICS, SERIES])
@pytest.mark.parametrize(
    "person", ["x", "1.0", "+1", "007", "1_0", "٣", "1\0", "9" * 40, "9" * 5_000, "-", ["1", "x"], "1 2", [5] * 51]
)
def test_a_bad_person_is_refused(error: Any, path: str, person: Any) -> None:
    assert error(path, person=person) == "Invalid person"


@pytest.mark.usefixtures("teams")
def test_fifty_values_pass(error: Any, people: dict[str, Any]) -> None:
    assert error(team=FIFTY_ONE[:50], person=[people["ann"].pk] * 50) is None


@pytest.mark.usefixtures("teams")
def test_team_and_person_are_checked_in_this_order_after_the_others(error: Any) -> None:
    assert error(team="a\0b", person="x", include_no_repo="maybe") == "Invalid include_no_repo"
    assert error(team="a\0b", person="x") == "Invalid team"
    assert error(SERIES, person="x", interval="year") == "Invalid person"


@pytest.mark.usefixtures("teams")
def test_repositories_are_those_of_everybody(client_of: Any, people: dict[str, Any]) -> None:
    answer = client_of(people["ann"]).get("/api/v1/org/repos", {**RANGE, "team": "a\0b", "person": "x"})

    assert answer.status_code == 200


@pytest.mark.usefixtures("teams")
def test_the_page_narrows_its_rows_as_the_api_does(client_of: Any, people: dict[str, Any], now: Any) -> None:
    client = client_of(people["ann"])
    page = client.get("/organization", {"team": ["Core", "A, B"], "person": people["bob"].pk})

    assert (len(page.context["rows"]), page.context["totals"].session_count) == (1, 2)
    assert page.context["state"].parameters["team"] == ["Core", "A, B"]
    bad = client.get("/organization", {"team": "a\nb", "person": "x"})
    assert (bad.status_code, set(bad.context["errors"])) == (400, {"team", "person"})
    assert (len(bad.context["rows"]), bad.context["totals"].session_count) == (4, 15)
