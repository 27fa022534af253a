"""Teams: what the callable of `ORG_ANALYTICS_TEAMS` may return, and what happens when it fails."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from org_analytics.reporting.members import json_id
from org_analytics.reporting.snapshots import snapshot
from org_analytics.reporting.teams import TeamsError, memberships, read_memberships, team_names
from org_analytics.teams import from_groups
from tests import hosts

pytestmark = [pytest.mark.django_db, pytest.mark.core]
Teams = Callable[[Any], None]


@pytest.fixture
def teams(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Teams:
    """`teams(pairs)`: what the site's callable returns from now on."""

    def give(pairs: Any) -> None:
        monkeypatch.setattr(hosts, "teams", lambda: pairs, raising=False)
        settings.ORG_ANALYTICS_TEAMS = "tests.hosts.teams"

    return give


def test_without_the_setting_there_are_no_teams_and_no_query(django_assert_num_queries: Any) -> None:
    with snapshot(), django_assert_num_queries(0):
        assert memberships() == {}


def test_pairs_are_read_by_person_once_each_with_names_trimmed(user: Any, staff: Any, teams: Teams) -> None:
    teams([(user.pk, "Core"), [str(user.pk), " Core "], (user.pk, "A, B"), (staff.pk, gettext_lazy("Ops"))])

    assert memberships() == {json_id(user.pk): {"Core", "A, B"}, json_id(staff.pk): {"Ops"}}
    assert team_names() == {"Core", "A, B", "Ops"}


@pytest.mark.parametrize("make", [list, tuple, iter, set])
def test_pairs_may_come_in_any_iterable(user: Any, teams: Teams, make: Any) -> None:
    teams(make([(user.pk, "Core")]))

    assert memberships() == {json_id(user.pk): {"Core"}}


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        (5, "failed with TypeError"),
        (None, "failed with TypeError"),
        (["ab"], "item 0 of the result is not a pair"),
        ([("1", "Core", "x")], "item 0 of the result is not a pair"),
        ([{"id": 1, "team": "Core"}], "item 0 of the result is not a pair"),
        ([(None, "Core")], "item 0 of the result does not begin with the id"),
        ([("", "Core")], "item 0 of the result does not begin with the id"),
        ([(True, "Core")], "item 0 of the result does not begin with the id"),
        ([(1.0, "Core")], "item 0 of the result does not begin with the id"),
        ([("ann@example.com", "Core")], "item 0 of the result does not begin with the id"),
        ([("1\0", "Core")], "item 0 of the result does not begin with the id"),
        ([("9" * 5_000, "Core")], "item 0 of the result does not begin with the id"),
    ],
)
def test_a_result_that_is_not_pairs_is_described(teams: Teams, pairs: Any, problem: str) -> None:
    teams(pairs)

    with pytest.raises(TeamsError, match=problem):
        read_memberships()


@pytest.mark.parametrize("name", ["", " ", None, 7, b"Core", "-", " - ", "a\nb", "a\0b", "\ud800", "x" * 256])
def test_a_name_that_no_team_can_have_is_described(user: Any, teams: Teams, name: Any) -> None:
    teams([(user.pk, "Core"), (user.pk, name)])

    with pytest.raises(TeamsError, match="item 1 of the result does not end with the name of a team"):
        read_memberships()


@pytest.mark.parametrize(
    "path", ["tests.hosts.failing_teams", "tests.hosts.teams_of_a_missing_table", "tests.hosts.not_callable", "x.y", 5]
)
def test_nobody_is_in_a_team_while_the_setting_cannot_be_used(
    settings: Any, caplog: pytest.LogCaptureFixture, path: Any
) -> None:
    settings.ORG_ANALYTICS_TEAMS = path

    with snapshot(), caplog.at_level(logging.ERROR, "org_analytics"):
        assert memberships() == memberships() == {}
        # The transaction can still be used.
        assert not get_user_model().objects.filter(email="nobody@example.com").exists()

    assert [record.getMessage() for record in caplog.records] == [
        "Nobody is in a team, because ORG_ANALYTICS_TEAMS cannot be used."
    ]


def test_groups_are_read_with_one_query(join: Any, user: Any, staff: Any, django_assert_num_queries: Any) -> None:
    join(user, "Core")
    join(user, "Ops")
    join(staff, "Ops")
    Group.objects.create(name="Empty")

    with django_assert_num_queries(1):
        pairs = from_groups()

    assert sorted(pairs, key=str) == sorted([(user.pk, "Core"), (user.pk, "Ops"), (staff.pk, "Ops")], key=str)


def test_groups_of_a_user_model_without_groups_are_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.teams.get_user_model", lambda: Group)

    with pytest.raises(ImproperlyConfigured, match=r"users of the model auth\.Group have no groups"):
        from_groups()
