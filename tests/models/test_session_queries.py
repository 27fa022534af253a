"""Queryset methods and the filter set that a host's own pages use."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict

from org_analytics.filters import SessionFilterSet
from org_analytics.models import CodingSession
from org_analytics.reporting import reports
from tests.questions import NOW

pytestmark = pytest.mark.django_db
RANGE = "start=2026-06-11&end=2026-06-18"
FORK = {"path": "ann/api", "upstream_path": "acme/api"}


@pytest.fixture
def sessions(make_session: Any, user: Any, make_user: Any) -> dict[str, CodingSession]:
    """Named sessions: in a root, in its fork, elsewhere, without a repository, of somebody else, and an old one."""
    other = make_user("other@example.com", "Other")
    return {
        "root": make_session(user, git_info={"path": "acme/api"}),
        "fork": make_session(user, git_info=FORK, provider="codex"),
        "elsewhere": make_session(user, git_info={"path": "acme/web"}),
        "none": make_session(user),
        "other": make_session(other, git_info={"path": "acme/web"}),
        "old": make_session(user, started_at=NOW - timedelta(days=40)),
    }


def named(sessions: dict[str, CodingSession], found: Any) -> set[str]:
    names = {session.pk: name for name, session in sessions.items()}
    return {names[session.pk] for session in found}


def test_root_of_a_fork_is_its_upstream_and_of_others_themselves(sessions: dict[str, CodingSession]) -> None:
    roots = dict(CodingSession.objects.with_root().values_list("pk", "root_path"))
    assert {name: roots[session.pk] for name, session in sessions.items()} == {
        "root": "acme/api",
        "fork": "acme/api",
        "elsewhere": "acme/web",
        "none": None,
        "other": "acme/web",
        "old": None,
    }


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["acme/api"], {"root", "fork"}),
        (["ANN/api"], {"root", "fork"}),
        (["acme/web", "acme/api"], {"root", "fork", "elsewhere", "other"}),
        (["acme/unknown"], set()),
        ([], set()),
    ],
)
def test_sessions_are_rolled_up_to_roots(sessions: dict[str, CodingSession], paths: Any, expected: set[str]) -> None:
    assert named(sessions, CodingSession.objects.rolled_up_to(paths)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RANGE, {"root", "fork", "elsewhere", "none", "other"}),
        (f"{RANGE}&provider=codex", {"fork"}),
        (f"{RANGE}&repo=acme/api&include_no_repo=0", {"root", "fork"}),
        (f"{RANGE}&repo=acme/api", {"root", "fork", "none"}),
        (f"{RANGE}&include_no_repo=0", {"root", "fork", "elsewhere", "other"}),
        ("start=2026-05-01&end=2026-05-20", {"old"}),
    ],
)
def test_filter_set_takes_the_parameters_of_the_page(
    sessions: dict[str, CodingSession], query: str, expected: set[str]
) -> None:
    assert named(sessions, SessionFilterSet(QueryDict(query), CodingSession.objects.all()).qs) == expected


def test_filter_set_narrows_the_queryset_that_it_is_given(sessions: dict[str, CodingSession], user: Any) -> None:
    filters = SessionFilterSet(QueryDict(RANGE), user.coding_sessions.with_root())
    assert named(sessions, filters.qs) == {"root", "fork", "elsewhere", "none"}
    assert {session.root_path for session in filters.qs} == {"acme/api", "acme/web", None}


def test_filter_set_selects_people_by_id(sessions: dict[str, CodingSession]) -> None:
    query = QueryDict(f"{RANGE}&person={sessions['other'].user_id}")
    assert named(sessions, SessionFilterSet(query, CodingSession.objects.all()).qs) == {"other"}


def test_bad_values_are_named_and_have_their_default(sessions: dict[str, CodingSession]) -> None:
    filters = SessionFilterSet(QueryDict(f"{RANGE}&provider=codex,nobody&include_no_repo=2"), None)
    assert named(sessions, filters.qs) == {"fork"}
    assert set(filters.form.errors) == {"provider", "include_no_repo"}


@pytest.mark.parametrize("query", [RANGE, f"{RANGE}&repo=acme/api", f"{RANGE}&provider=codex", ""])
def test_reports_for_its_selection_count_the_same_sessions(
    sessions: dict[str, CodingSession], query: str, freeze_now: Any
) -> None:
    freeze_now(NOW)
    filters = SessionFilterSet(QueryDict(query), CodingSession.objects.analyzed())
    assert reports.total(filters.selection).session_count == filters.qs.count() > 0
