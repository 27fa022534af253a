"""The filter's list of repositories: short whatever there is, and searched on the server."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession, Repo
from org_analytics.pages.repositories import MAX_LISTED
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def options(response):
    """The listed paths, and whether each is ticked."""
    found = re.findall(r'name="repo" value="([^"]+)" id="[^"]+"\s*(checked)?', response.content.decode())
    return {path: bool(checked) for path, checked in found}


@pytest.fixture
def repositories(user, now):
    """`repositories(300)`: so many with one session each, the last of them with two more on other days."""

    def make(count, **values):
        rows = [
            {
                "user": user,
                "provider": "codex",
                "external_id": f"{number}-{again}",
                "started_at": NOW - timedelta(again),
                "git_info": {"repo_url": f"https://git.example.com/acme/r{number:05}"},
                **values,
            }
            for number in range(count)
            for again in range(3 if number == count - 1 else 1)
        ]
        CodingSession.objects.record_many(rows)

    return make


def test_all_repositories_are_listed_if_they_are_few(api, repositories):
    repositories(MAX_LISTED)
    response = api.get("/organization")
    assert len(options(response)) == MAX_LISTED
    assert "most used" not in response.content.decode()
    assert 'hx-sync="this:replace"' not in response.content.decode()


def test_the_most_used_in_view_are_listed_if_they_are_many(api, repositories):
    repositories(MAX_LISTED + 5)
    response = api.get("/organization")
    assert len(options(response)) == MAX_LISTED
    assert f"acme/r00{MAX_LISTED + 4}" in options(response)  # the last of them by name, used on the most days
    assert f"acme/r00{MAX_LISTED + 3}" not in options(response)
    assert "The 200 most used of 205. Search for the others." in response.content.decode()


def test_most_used_are_those_of_the_people_and_providers_in_view(api, repositories, make_user, make_session):
    repositories(MAX_LISTED + 5)
    bob = make_user("bob@example.com", "Bob Ng")
    path = f"acme/r00{MAX_LISTED + 3}"
    make_session(bob, provider="cursor", git_info={"path": path, "upstream_path": None})
    for query in ("?q=bob", "?provider=cursor"):
        assert path in options(api.get(f"/organization{query}"))


def test_chosen_repositories_are_listed_however_rarely_they_are_used(api, repositories):
    repositories(MAX_LISTED + 5)
    found = options(api.get(f"/organization?repo=acme/r00{MAX_LISTED + 3}"))
    assert found[f"acme/r00{MAX_LISTED + 3}"]
    assert len(found) == MAX_LISTED + 1


def test_page_stays_small_with_ten_thousand_repositories(api, user, now):
    repos = [Repo(path=f"acme/r{number:05}", key=f"acme/r{number:05}") for number in range(10_000)]
    Repo.objects.bulk_create(repos)
    CodingSession.objects.bulk_create(
        CodingSession(user=user, provider="codex", external_id=repo.path, repo=repo, started_at=NOW, analyzed_at=NOW)
        for repo in repos
    )
    few = len(api.get("/organization?repo_q=r00001").content)
    assert len(api.get("/organization").content) < few + 200 * 300
    assert len(api.get("/organization?repo_q=r0").content) < few + 200 * 300


def test_a_search_finds_repositories_by_a_part_of_their_path_in_any_case(api, repositories):
    repositories(MAX_LISTED + 5)
    assert options(api.get("/organization?repo_q=R00201")) == {"acme/r00201": False}
    assert '<details class="oa-drop" open>' in api.get("/organization?repo_q=R00201").content.decode()


def test_a_search_keeps_chosen_repositories(api, repositories):
    repositories(MAX_LISTED + 5)
    assert options(api.get("/organization?repo_q=r00201&repo=acme/r00003")) == {
        "acme/r00003": True,
        "acme/r00201": False,
    }


def test_a_search_without_a_match_says_so(api, repositories):
    repositories(2)
    response = api.get("/organization?repo_q=none-such")
    assert options(response) == {}
    assert "No repository matches." in response.content.decode()


def test_links_do_not_repeat_the_search(api, repositories):
    repositories(2)
    assert "repo_q=" not in api.get("/organization?repo_q=r0").content.decode()


def test_a_search_that_is_too_long_is_refused_beside_its_field(api, now):
    response = api.get("/organization?repo_q=" + "x" * 201)
    assert response.status_code == 400
    assert 'id="error-repo_q" role="alert">At most 200 characters.' in response.content.decode()


@pytest.mark.usefixtures("without_access_log")
def test_htmx_gets_the_list_alone(api, repositories):
    repositories(MAX_LISTED + 5)
    headers = {"HX-Request": "true", "HX-Target": "repository-options"}
    with CaptureQueriesContext(connection) as captured:
        response = api.get("/organization?repo_q=r00201", headers=headers)
    assert options(response) == {"acme/r00201": False}
    assert "oa-cards" not in response.content.decode()
    assert "HX-Push-Url" not in response
    assert not [query for query in captured if "dailyusage" in query["sql"]]
