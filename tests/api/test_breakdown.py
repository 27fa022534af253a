"""`GET /api/v1/org/breakdown` and `GET /api/v1/org/people/{id}`: rows, keys, totals, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession
from org_analytics.reporting.groups import Grouping
from org_analytics.reporting.members import json_id
from tests.questions import ANALYTICS, NOW, RANGE
from tests.users import create_user

BREAKDOWN = "/api/v1/org/breakdown"
MakeSession = Callable[..., CodingSession]
MEASURES = [
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
MODEL_MEASURES = ["requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"]
FORK = {
    "repo_url": "ann/api",
    "remotes": [{"name": "upstream", "fetch_url": "https://github.com/acme/api"}],
    "tracking_remote": "upstream",
}
OPUS = {"model": "opus", "requests": 2, "input_tokens": 30, "output_tokens": 4, "cost_usd": "0.70"}
UNKNOWN = {"model": "mini", "requests": None, "input_tokens": None, "output_tokens": None, "cost_usd": "0.30"}
NO_CACHE = {"cache_write_tokens": None, "cache_read_tokens": None}

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def sessions(user: Any, staff: Any, inactive: Any, make_session: MakeSession) -> None:
    """Ann: a fork, a session without repository, one that is pending. Sam: another repository. Gus has left."""
    models = [{**OPUS, **NO_CACHE}, {**UNKNOWN, **NO_CACHE}]
    make_session(user, provider="codex", cost_usd=None, models=models, git_info=FORK)
    make_session(user, provider="codex", started_at=NOW - timedelta(days=1), cost_usd="2.00")
    make_session(user, analyzed=False, git_info={"path": "acme/web"})
    make_session(staff, provider="cursor", cost_usd="4.00", git_info={"path": "acme/web"})
    make_session(inactive, git_info={"path": "acme/gone"})


def counts(answer: dict[str, Any]) -> dict[Any, tuple[str, int, str]]:
    """Key → label, sessions, cost."""
    return {row["key"]: (row["label"], row["session_count"], row["total_cost_usd"]) for row in answer["rows"]}


# Rows ----------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sessions", "inactive")
def test_by_person_every_member_has_a_row_in_the_order_of_analytics(
    ask: Any, user: Any, staff: Any, make_user: Any
) -> None:
    idle = make_user("idle@example.com", "")

    answer = ask(BREAKDOWN)

    assert list(counts(answer).items()) == [
        (json_id(user.pk), ("Ann Lee", 2, "3.00")),
        (json_id(staff.pk), ("Sam Staff", 1, "4.00")),
        (json_id(idle.pk), ("idle@example.com", 0, "0.00")),
    ]
    assert answer == {**ask(BREAKDOWN, group_by="person"), "computed_at": answer["computed_at"]}


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize(
    ("group_by", "rows"),
    [
        (
            "repo",
            {
                "acme/api": ("acme/api", 1, "1.00"),
                "acme/web": ("acme/web", 1, "4.00"),
                None: ("No repository", 1, "2.00"),
            },
        ),
        ("provider", {"codex": ("Codex", 2, "3.00"), "cursor": ("Cursor", 1, "4.00")}),
        ("day", {"2026-06-16": ("2026-06-16", 1, "2.00"), "2026-06-17": ("2026-06-17", 2, "5.00")}),
        ("week", {"2026-06-15": ("2026-06-15", 3, "7.00")}),
        ("model", {"mini": ("mini", 1, "0.30"), "opus": ("opus", 1, "0.70"), None: ("Not broken down", 0, "6.00")}),
    ],
)
def test_other_groups_have_a_row_if_they_have_a_counted_session(
    ask: Any, group_by: str, rows: dict[Any, tuple[str, int, str]]
) -> None:
    assert list(counts(ask(BREAKDOWN, group_by=group_by)).items()) == list(rows.items())


@pytest.mark.usefixtures("sessions")
def test_by_team_people_in_two_teams_count_in_both(ask: Any, user: Any, staff: Any, inactive: Any, join: Any) -> None:
    for person, team in ((user, "Core"), (user, "A, B"), (inactive, "Gone")):
        join(person, team)

    answer = ask(BREAKDOWN, group_by="team")

    ann = 2, "3.00"
    assert list(counts(answer).items()) == [
        ("A, B", ("A, B", *ann)),
        ("Core", ("Core", *ann)),
        (None, ("No team", 1, "4.00")),
    ]
    assert answer["totals"]["session_count"] == 3
    assert list(counts(ask(BREAKDOWN, group_by="team", team="Core"))) == ["Core"]
    assert list(counts(ask(BREAKDOWN, group_by="team", team="-"))) == [None]


def test_a_day_begins_in_the_reporting_time_zone(ask: Any, user: Any, make_session: MakeSession, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Asia/Tokyo"
    make_session(user, started_at=NOW)  # 00:30 in Tokyo

    assert list(counts(ask(BREAKDOWN, group_by="day"))) == ["2026-06-18"]


def test_the_monday_of_a_week_may_be_before_the_range(ask: Any, user: Any, make_session: MakeSession) -> None:
    make_session(user)

    assert list(counts(ask(BREAKDOWN, group_by="week"))) == ["2026-06-15"]


@pytest.mark.usefixtures("sessions")
def test_a_model_has_its_own_requests_and_tokens_null_where_none_is_known(ask: Any) -> None:
    mini, opus, rest = ask(BREAKDOWN, group_by="model")["rows"]

    assert {name: opus[name] for name in MODEL_MEASURES} == {
        "requests": 2,
        "input_tokens": 30,
        "output_tokens": 4,
        **NO_CACHE,
    }
    assert [mini[name] for name in MODEL_MEASURES] == [rest[name] for name in MODEL_MEASURES] == [None] * 5
    assert (opus["total_duration_ms"], opus["avg_duration_ms"]) == (60_000, 60_000)


def test_costs_of_models_above_those_of_their_sessions_are_taken_off(
    ask: Any, user: Any, make_session: MakeSession
) -> None:
    session = make_session(user, cost_usd=None, models=[{**OPUS, **NO_CACHE}])
    CodingSession.objects.filter(pk=session.pk).update(cost_usd="0.195")

    assert counts(ask(BREAKDOWN, group_by="model")) == {
        "opus": ("opus", 1, "0.70"),
        None: ("Not broken down", 0, "-0.51"),
    }


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize("group_by", [grouping for grouping in Grouping if grouping is not Grouping.TEAM])
def test_keys_are_in_order(ask: Any, group_by: str) -> None:
    answer = ask(BREAKDOWN, group_by=group_by)

    assert list(answer) == ["computed_at", "date_range", "group_by", "rows", "totals", "coverage"]
    assert answer["group_by"] == group_by
    measures = [*MEASURES, *MODEL_MEASURES] if group_by == "model" else MEASURES
    assert list(answer["rows"][0]) == ["key", "label", *measures]


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize("group_by", Grouping)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"provider": "codex"},
        {"repos": "ann/api"},
        {"repos": "-"},
        {"repos": "acme/web", "include_no_repo": "false"},
        {"team": "Core"},
        {"team": "-"},
        {"start_ts": RANGE["start_ts"] + 12_345},
        {"tz_offset": -600},
        {"provider": "opencode"},
    ],
)
def test_totals_and_coverage_are_those_of_analytics(
    ask: Any, user: Any, join: Any, group_by: str, parameters: dict[str, Any]
) -> None:
    join(user, "Core")

    answer, analytics = ask(BREAKDOWN, group_by=group_by, **parameters), ask(ANALYTICS, **parameters)

    for name in ("date_range", "totals", "coverage"):
        assert answer[name] == analytics[name]


@pytest.mark.usefixtures("sessions")
def test_everybody_is_without_a_team_while_the_callable_fails(ask: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_TEAMS = "tests.hosts.failing_teams"

    assert counts(ask(BREAKDOWN, group_by="team")) == {None: ("No team", 3, "7.00")}


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(api: Client) -> Callable[..., tuple[int, dict[str, str]]]:
    """`refused(path, group_by="x")`: status and body of an answer that is not 200."""

    def get(path: str = BREAKDOWN, **parameters: Any) -> tuple[int, dict[str, str]]:
        response = api.get(path, {**RANGE, **parameters})
        assert response.status_code != 200
        return response.status_code, response.json()

    return get


@pytest.mark.parametrize(
    "group_by", ["people", "Person", " person", "person,team", "user", "\0", "Grouping.DAY", "DAY"]
)
def test_a_bad_group_by_is_refused(refused: Any, group_by: str) -> None:
    assert refused(group_by=group_by) == (400, {"error": "Invalid group_by"})


def test_team_is_a_bad_group_by_on_a_site_without_teams(refused: Any) -> None:
    assert refused(group_by="team") == (400, {"error": "Invalid group_by"})


def test_group_by_is_checked_last(refused: Any) -> None:
    assert refused(group_by="x", person="x") == (400, {"error": "Invalid person"})


def test_the_first_group_by_counts_and_an_empty_one_is_person(api: Client) -> None:
    assert api.get(f"{BREAKDOWN}?group_by=day&group_by=x").json()["group_by"] == "day"
    assert api.get(f"{BREAKDOWN}?group_by=").json()["group_by"] == "person"


# One person ----------------------------------------------------------------------------------------------------------


def person(user_id: object) -> str:
    return f"/api/v1/org/people/{user_id}"


@pytest.mark.usefixtures("sessions")
def test_a_person_has_the_row_of_analytics_and_their_own_groups(ask: Any, user: Any, staff: Any) -> None:
    answer, analytics = ask(person("me")), ask(ANALYTICS)

    assert list(answer) == [
        "computed_at",
        "date_range",
        "user",
        "totals",
        "repos",
        "providers",
        "models",
        "coverage",
    ]
    assert {"user": answer["user"], **answer["totals"]} == analytics["users"][0]
    assert counts({"rows": answer["repos"]}) == {
        "acme/api": ("acme/api", 1, "1.00"),
        None: ("No repository", 1, "2.00"),
    }
    assert counts({"rows": answer["providers"]}) == {"codex": ("Codex", 2, "3.00")}
    assert counts({"rows": answer["models"]}) == {
        "mini": ("mini", 1, "0.30"),
        "opus": ("opus", 1, "0.70"),
        None: ("Not broken down", 0, "2.00"),
    }
    assert answer["coverage"] == ask(ANALYTICS, person=user.pk)["coverage"]
    assert answer["coverage"]["pending_sessions"] == 1
    assert ask(person(user.pk))["totals"] == answer["totals"]
    assert ask(person(staff.pk))["user"] == analytics["users"][1]["user"]


@pytest.mark.usefixtures("sessions")
def test_a_persons_rows_are_those_of_breakdown_for_the_same_filters(ask: Any, user: Any) -> None:
    filters = {"repos": "acme/api", "provider": "codex"}

    answer = ask(person(user.pk), **filters)

    for name, group_by in (("repos", "repo"), ("providers", "provider"), ("models", "model")):
        assert answer[name] == ask(BREAKDOWN, **filters, person=user.pk, group_by=group_by)["rows"]


@pytest.mark.usefixtures("sessions")
def test_a_person_who_is_not_in_the_team_has_nothing_and_the_parameter_person_changes_nothing(
    ask: Any, user: Any, staff: Any, join: Any
) -> None:
    join(user, "Core")

    assert ask(person(staff.pk), team="Core")["totals"]["session_count"] == 0
    assert ask(person(user.pk), team="Core", person=staff.pk)["totals"]["session_count"] == 2


IDS = [
    "0",
    "-1",
    "999999999",
    "9" * 40,
    "007",
    "1.0",
    "x",
    "me ",
    "ME",
    "%00",
    "a%2Fb",
    "a/b",
    "",
    "%F0%9F%8D%8E",
    "...",
]


@pytest.mark.parametrize("user_id", IDS)
def test_an_unknown_or_malformed_id_is_the_same_404_after_every_400(refused: Any, user_id: str) -> None:
    assert refused(person(user_id)) == (404, {"error": "Not found"})
    assert refused(person(user_id), person="x") == (400, {"error": "Invalid person"})


def test_a_user_who_is_not_a_member_is_the_same_404(refused: Any, inactive: Any) -> None:
    assert refused(person(inactive.pk)) == (404, {"error": "Not found"})


# Queries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *((f"{BREAKDOWN}?group_by={grouping}", 8) for grouping in Grouping),
        (f"{BREAKDOWN}?group_by=repo&team=Core&provider=codex&repos=acme/r1", 12),
        (person("me"), 11),
    ],
)
def test_queries_do_not_grow_with_people_and_sessions(
    api: Client, user: Any, join: Any, path: str, most: int, settings: Any
) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG = False  # its statements are counted in tests/logs

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(path, RANGE).status_code == 200
        # Without what opens and closes the snapshot, and without the entry in the access log.
        return sum(' FROM "' in query["sql"] for query in queries.captured_queries)

    def write(people: list[Any], number: int) -> None:
        CodingSession.objects.record_many(
            {
                "user": people[place % len(people)],
                "provider": "codex",
                "external_id": f"{number}-{place}",
                "started_at": NOW - timedelta(minutes=place),
                "git_info": {"path": f"acme/r{place % number}"},
                "models": [{**OPUS, **NO_CACHE, "model": f"m{place % number}"}],
            }
            for place in range(number * 4)
        )

    join(user, "Core")
    write([user, create_user("p@example.com")], 2)
    before = count()
    people = [create_user(f"q{number}@example.com") for number in range(20)]
    for number, one in enumerate(people):
        join(one, f"Team {number}")
    write([user, *people], 40)

    assert count() == before <= most
