"""The benchmark with little data: it has the data and sends the requests that it reports."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from benchmarks import data, inside, load, over_http, writing
from org_analytics.models import CodingSession, Repo
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


def test_forks_of_their_own_change_only_the_repositories() -> None:
    def roots(size: data.Size) -> list[tuple[object, ...]]:
        return [
            (person, provider, None if repo is None else data.root_of(repo), *others)  # type: ignore[arg-type]
            for person, provider, repo, *others in data.sessions(size)
        ]

    with_forks = data.Size(SIZE.sessions, SIZE.people, has_own_forks=True)

    assert roots(with_forks) == roots(SIZE)
    forks = {cell.repo for cell in data.cells(with_forks) if cell.repo is not None and cell.repo >= data.REPOS}
    assert SIZE.people < len(forks) <= data.OWN_FORKS * SIZE.people


@pytest.mark.django_db
def test_forks_of_their_own_are_loaded_with_their_roots() -> None:
    load.fill(data.Size(SIZE.sessions, SIZE.people, has_own_forks=True))

    roots = {repo.path: repo.root.path for repo in Repo.objects.exclude(root=None).select_related("root")}
    number = data.own_fork(person=0, repo=7)
    assert data.root_of(number) == 7
    assert all(data.root_of(_number(fork)) == _number(root) for fork, root in roots.items())
    assert len(roots) > data.FORKS


def _number(path: str) -> int:
    return int(path.partition("/Repo")[2])


@pytest.mark.django_db
def test_writing_into_new_and_known_forks_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    load.fill(SIZE)
    monkeypatch.setattr(writing, "MANY", 30)
    monkeypatch.setattr(writing, "ROUNDS", 1)

    assert all(speed > 0 for speed in writing.own_forks().values())
    assert CodingSession.objects.count() == SIZE.sessions


@pytest.mark.django_db
def test_every_question_is_asked_and_answered_exactly(client_of: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    load.fill(SIZE, has_naive=connection.vendor == "postgresql")
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
