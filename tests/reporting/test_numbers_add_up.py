"""The page's numbers, unrounded, whatever the data and the filters: cards = Everyone = CSV = JSON = API = chart."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession
from org_analytics.money import round_cents
from org_analytics.pages.chart import Chart
from org_analytics.pages.figures import Figures
from org_analytics.pages.state import CHART_MEASURES, TABLE_COLUMNS
from org_analytics.reporting.reports import series
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = ["Ann Lee", "Bob Ng", "Ánn Other", None]
PROVIDERS = ["claude-code", "codex", "opencode", "cursor"]
REPOS = ["acme/api", "acme/web", "fork/api", None]
SUMS = {
    "session_count": "sessions",
    "total_cost_usd": "cost",
    "total_duration_ms": "duration",
    "total_assistant_time_ms": "assistant",
    "total_user_time_ms": "user_time",
}

milliseconds = st.none() | st.integers(0, 86_400_000)
sessions = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.integers(0, len(NAMES)),
            "provider": st.sampled_from(PROVIDERS),
            "started_at": st.integers(0, 12 * 86_400 - 1).map(lambda seconds: FIRST + timedelta(seconds=seconds)),
            "cost_usd": st.none() | st.decimals(0, 100, places=9),
            "cost_complete": st.booleans(),
            "duration_ms": milliseconds,
            "assistant_ms": milliseconds,
            "user_ms": milliseconds,
            "analyzed": st.sampled_from([True, True, True, False]),
            "repo": st.sampled_from(REPOS),
        }
    ),
    max_size=25,
)
views = st.fixed_dictionaries(
    {"start": st.sampled_from(["2026-06-01", "2026-06-04"]), "end": st.sampled_from(["2026-06-06", "2026-06-12"])},
    optional={
        "provider": st.lists(st.sampled_from(PROVIDERS), max_size=3),
        "repo": st.lists(st.sampled_from(["ACME/api", "acme/web", "fork/api", "no/where"]), max_size=2),
        "include_no_repo": st.sampled_from(["0", "1"]),
        "q": st.sampled_from(["ann", "NG", "@example.com", "nobody"]),
        "zero": st.sampled_from(["0", "1"]),
        "measure": st.sampled_from(CHART_MEASURES),
        "compare": st.just("1"),
        "o": st.sampled_from(["user", "-sessions", "avg_cost"]),
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions, views, st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
def test_every_place_that_shows_a_total_shows_the_same(monkeypatch, rows, view, zone):
    monkeypatch.setattr("django.conf.settings.ORG_ANALYTICS_TIME_ZONE", zone, raising=False)
    client = loaded(rows)
    page = client.get("/organization", view).context
    figures = Figures(page["totals"])
    expected = {name: figures.total(column) or 0 for name, column in SUMS.items()}

    assert of_csv(client, view) == expected
    assert of_json(client, view) == (expected, expected)
    assert page["chart"].data == Chart(page["state"].measure, series(page["selection"]), page["chart"].previous).data
    everyone = [cell.text for cell in page["total_cells"]]
    assert everyone == [figures.format(name) for name in TABLE_COLUMNS[1:]]
    assert [card.text for card in page["cards"].items] == everyone[: len(page["cards"].items)]
    assert page["chart"].sums[-1 - ("compare" in view)] == figures.format(page["state"].measure)
    if "q" not in view:
        assert of_analytics(client, page["selection"]) == rounded(expected)
        assert of_series(client, page["selection"]) == expected


def loaded(rows):
    """Sessions of the given rows and no others, and somebody logged in."""
    CodingSession.objects.all().delete()
    people = [user_named(name, number) for number, name in enumerate(NAMES)]
    people.append(user_named("Gone Away", len(NAMES), is_active=False))
    CodingSession.objects.record_many(
        {
            **{name: value for name, value in row.items() if name not in ("person", "repo")},
            "user": people[row["person"]],
            "external_id": str(number),
            "git_info": row["repo"] and {"repo_url": f"https://git.example.com/{row['repo']}"},
        }
        for number, row in enumerate(rows)
    )
    client = Client()
    client.force_login(people[0])
    return client


def user_named(name, number, **fields):
    email = f"person{number}@example.com"
    user = get_user_model().objects.filter(email=email).first()
    return user or create_user(email, name, **fields)


def of_csv(client, view):
    text = b"".join(client.get("/organization.csv", view).streaming_content).decode("utf-8-sig")
    return summed(csv.DictReader(io.StringIO(text)))


def of_json(client, view):
    answer = json.loads(b"".join(client.get("/organization.json", view).streaming_content))
    return summed(answer["users"]), summed([answer["totals"]])


def of_analytics(client, selection):
    return summed([client.get("/api/v1/org/analytics", parameters(selection)).json()["totals"]])


def of_series(client, selection):
    answer = client.get("/api/v1/org/series", parameters(selection)).json()
    return summed(part for bucket in answer["buckets"] for part in bucket["providers"].values())


def parameters(selection):
    return {
        "start_ts": int(selection.start.timestamp()),
        "end_ts": int(selection.end.timestamp()),
        "provider": ",".join(selection.providers),
        "repos": ",".join(selection.repos),
        "include_no_repo": str(int(selection.include_no_repo)),
    }


def summed(rows):
    rows = list(rows)
    return {name: sum((Decimal(row[name] or 0) for row in rows), Decimal(0)) for name in SUMS}


def rounded(totals):
    return {**totals, "total_cost_usd": round_cents(Decimal(totals["total_cost_usd"]))}
