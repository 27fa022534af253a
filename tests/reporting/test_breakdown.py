"""Breakdowns equal the sums over all sessions, computed in Python, and following a row leads to the same numbers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from org_analytics.choices import Provider
from org_analytics.models import CodingSession, ModelUsage
from org_analytics.periods import Days
from org_analytics.reporting.daily import Measure
from org_analytics.reporting.members import json_id
from org_analytics.reporting.selection import NONE, Selection
from org_analytics.rollup import maintenance
from tests.brute_force import assert_breakdowns_exact, assert_daily_values_exact
from tests.model_brute_force import assert_daily_model_values_exact, assert_model_breakdown_exact
from tests.reporting.test_exactness import CLOCKS, PATHS, PEOPLE, Host, offsets, rows, selection

pytestmark = [pytest.mark.django_db, pytest.mark.core]
EXAMPLES = 8
WEEK = timedelta(7)
TEAMS = ("Core", "Ops", "Ä, ö")

places = st.sampled_from(PEOPLE)
# There is always a fork, and always somebody in two teams.
links = st.lists(st.tuples(st.sampled_from(PATHS), st.none() | st.sampled_from(PATHS)), max_size=2).map(
    lambda more: [("bob/api", "acme/api"), *more]
)
memberships = st.sets(st.tuples(places, st.sampled_from(TEAMS))).map(lambda more: {(0, "Core"), (0, "Ops"), *more})
leavers = st.sets(st.sampled_from(PEOPLE[1:]), max_size=1)
# Raw rows: their costs need not add up to the cost of their session.
usages = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.sampled_from(["opus", "gpt-5"]),
        st.fixed_dictionaries(
            {"cost_usd": st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal("2.000000001")])},
            optional={"requests": st.integers(0, 9), "input_tokens": st.integers(0, 2**53 - 1)},
        ),
    ),
    max_size=9,
)
histories = st.lists(rows, min_size=2, max_size=5).map(lambda parts: [row for part in parts for row in part])
questions = st.lists(
    st.tuples(
        st.tuples(offsets, offsets).filter(lambda ends: ends[0] != ends[1]).map(sorted),
        st.lists(st.sampled_from(Provider.values[:2]), unique=True, max_size=1).map(tuple),
        st.lists(st.sampled_from(["bob/api", "acme/web", "no/such"]), unique=True, max_size=2).map(tuple),
        st.booleans(),
    ),
    max_size=2,
)
narrowings = st.fixed_dictionaries(
    {},
    optional={
        "person": st.sampled_from(["0@", "@EXAMPLE.com", "nobody"]),
        "teams": st.lists(st.sampled_from([*TEAMS, NONE, "No such"]), min_size=1, max_size=2).map(tuple),
        "people": st.sets(places, min_size=1, max_size=2),
    },
)


def narrowed(host: Host, chosen: Selection, narrowing: dict[str, Any]) -> Selection:
    if "people" in narrowing:
        ids = tuple(json_id(host.users[place].pk) for place in sorted(narrowing["people"]))
        narrowing = {**narrowing, "people": ids}
    return replace(chosen, **narrowing)


def write_usages(used: Any) -> None:
    sessions = list(CodingSession.objects.order_by("pk"))
    rows = {(sessions[place % len(sessions)].pk, model): usage for place, model, usage in used}
    ModelUsage.objects.bulk_create(
        ModelUsage(session_id=pk, model=model, **usage) for (pk, model), usage in rows.items()
    )


def assert_exact(chosen: Selection) -> None:
    assert_breakdowns_exact(chosen)
    assert_model_breakdown_exact(chosen)


def assert_days_exact(chosen: Selection, measure: Measure) -> None:
    assert_daily_values_exact(chosen, measure)
    assert_daily_model_values_exact(chosen, measure)


def example_of(clock: datetime) -> Callable[..., None]:
    """Write, compare the breakdowns, and roll everything back."""

    def example(
        sessions: Any, used: Any, linked: Any, joined: Any, left: Any, asked: Any, narrowing: Any, measure: Measure
    ) -> None:
        with transaction.atomic():
            host = Host(clock)
            host.upsert(sessions)
            write_usages(used)
            for fork, upstream in linked:
                host.link(fork, upstream)
            for place, team in joined:
                host.users[place].groups.add(Group.objects.get_or_create(name=team)[0])
            for place in left:
                host.switch(place)
            everything = Selection(clock - WEEK, clock + WEEK, Days(clock.date(), clock.date()))
            first, *others = [everything, *(selection(clock, question) for question in asked)]
            assert_exact(narrowed(host, first, narrowing))
            assert_days_exact(narrowed(host, first, narrowing), measure)
            for chosen in others:
                assert_exact(chosen)
                assert_days_exact(narrowed(host, chosen, narrowing), measure)
            transaction.set_rollback(True)

    return example


def check(clock: datetime) -> None:
    run = given(histories, usages, links, memberships, leavers, questions, narrowings, st.sampled_from(Measure))(
        example_of(clock)
    )
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Shrinking would take minutes on PostgreSQL.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=checks, phases=phases)(run)()


@pytest.mark.parametrize("zone", CLOCKS)
def test_breakdowns_are_exact_wherever_days_are_cut(zone: str, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    maintenance.rebuild("default")
    check(CLOCKS[zone])


def test_breakdowns_are_exact_while_the_days_are_cut_in_another_zone(settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "America/New_York"
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    check(CLOCKS["UTC"])
