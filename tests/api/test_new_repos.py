"""`POST /api/v1/org/sessions` limits the new repositories of a person and day."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, NewRepoCount, Repo
from org_analytics.models.errors import InvalidRowError
from tests.questions import NOW
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.core]

URL = "/api/v1/org/sessions"


@pytest.fixture(autouse=True)
def limit(settings: Any) -> int:
    settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY = 3
    return 3


def row(number: int, path: str | None = None, upstream: str | None = None) -> dict[str, Any]:
    git_info = {"path": path or f"acme/repo{number}", "upstream_path": upstream}
    return {
        "provider": "codex",
        "external_id": f"{number}",
        "started_at": "2026-06-01T10:00:00Z",
        "git_info": git_info,
    }


def post(client: Client, *rows: dict[str, Any]) -> list[str]:
    """The status of each row."""
    return [result["status"] for result in results(client, *rows)]


def results(client: Client, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    response = client.post(URL, {"sessions": list(rows)}, content_type="application/json")
    assert response.status_code == 200, response.content
    return list(response.json()["results"])


def test_rows_beyond_the_limit_are_invalid_in_the_order_of_the_request(api: Client, limit: int) -> None:
    answer = results(api, row(9), row(8), row(2), row(1), row(7))

    assert [result["status"] for result in answer] == ["created"] * 3 + ["invalid"] * 2
    assert answer[3]["errors"] == {
        "git_info": ["The repository is new, and the day's limit of 3 new ones is reached. Try again tomorrow."]
    }
    assert sorted(Repo.objects.values_list("path", flat=True)) == ["acme/repo2", "acme/repo8", "acme/repo9"]
    assert CodingSession.objects.count() == 3


def test_it_is_counted_over_all_posts_of_the_day(api: Client) -> None:
    assert post(api, row(1), row(2)) == ["created"] * 2
    assert post(api, row(3), row(4)) == ["created", "invalid"]
    assert post(api, row(5)) == ["invalid"]


def test_the_day_is_one_of_utc(api: Client, settings: Any, freeze_now: Callable[[datetime], None]) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Pacific/Auckland"
    evening = datetime(2026, 6, 17, 23, 59, tzinfo=UTC)
    freeze_now(evening)
    assert post(api, *map(row, range(4))) == ["created"] * 3 + ["invalid"]
    freeze_now(evening + timedelta(minutes=1))
    assert post(api, row(3), *map(row, range(4, 8))) == ["created"] * 3 + ["invalid"] * 2
    assert NewRepoCount.objects.count() == 1


def test_repositories_that_are_known_and_sessions_without_one_are_free(
    api: Client, staff: Any, make_session: Any
) -> None:
    for number in range(10, 20):
        make_session(staff, git_info={"path": f"Acme/Repo{number}"})
    assert post(api, *map(row, range(3))) == ["created"] * 3
    assert post(api, *map(row, range(10, 20))) == ["created"] * 10
    assert post(api, {**row(20), "git_info": None}) == ["created"]
    assert post(api, {**row(1), "title": "Changed"}) == ["updated"]


def test_spellings_and_repeated_rows_count_once(api: Client) -> None:
    assert post(api, row(1, "acme/api"), row(2, "ACME/Api"), row(1, "acme/api"), row(3), row(4)) == ["created"] * 5


def test_of_equal_keys_only_the_last_counts(api: Client) -> None:
    assert post(api, row(1, "a/1"), row(1, "a/2"), row(1, "a/3"), row(2), row(3), row(4)) == [
        *["created"] * 5,
        "invalid",
    ]
    assert not Repo.objects.filter(path="a/1").exists()


def test_an_upstream_counts_too(api: Client) -> None:
    assert post(api, row(1, "ann/api", "acme/api"), row(2, "ann/web", "acme/web"), row(3)) == [
        "created",
        "invalid",
        "created",
    ]


def test_a_stored_session_is_not_moved_to_a_repository_beyond_the_limit(api: Client) -> None:
    post(api, *map(row, range(3)))
    assert post(api, row(0, "acme/new")) == ["invalid"]
    assert CodingSession.objects.get(external_id="0").repo.path == "acme/repo0"


def test_each_person_has_a_limit_of_their_own(api: Client, staff: Any, client_of: Callable[[Any], Client]) -> None:
    post(api, *map(row, range(4)))
    assert post(client_of(staff), *map(row, range(4, 8))) == ["created"] * 3 + ["invalid"]


def test_zero_allows_no_new_repository_and_none_allows_any(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY = 0
    assert post(api, row(1)) == ["invalid"]
    settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY = None
    assert post(api, *map(row, range(300))) == ["created"] * 300
    assert not NewRepoCount.objects.exists()


def test_the_default_is_200(api: Client, settings: Any) -> None:
    del settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY
    assert post(api, *map(row, range(201))) == ["created"] * 200 + ["invalid"]


def test_the_write_api_has_no_limit_unless_it_is_given_one(user: Any) -> None:
    rows = [{**row(number), "user": user, "started_at": NOW} for number in range(5)]
    assert CodingSession.objects.record_many(rows[:4]) == ["created"] * 4
    with pytest.raises(InvalidRowError, match=r"Row 0: .*git_info"):
        CodingSession.objects.record_many(rows[4:], new_repos_per_day=0)
    assert not NewRepoCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_posts_of_one_person_cannot_pass_it(
    user: Any, client_of: Callable[[Any], Client], limit: int
) -> None:
    def send(first: int) -> list[str]:
        return post(client_of(user), *map(row, range(first, first + 3)))

    statuses = at_once([lambda first=first: send(first) for first in (0, 10, 20, 30)])  # type: ignore[misc]

    assert sum(outcomes.count("created") for outcomes in statuses) == Repo.objects.count() == limit


def test_no_repository_name_is_logged(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "org_analytics"):
        post(api, *map(row, range(5)))
    assert "acme" not in caplog.text


@given(
    posts=st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "u/a", "u/b"])), max_size=6), max_size=4
    )
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_no_more_are_made(api: Client, posts: list[Any], limit: int) -> None:
    for model in (CodingSession, NewRepoCount):
        model.objects.all().delete()
    Repo.objects.update(upstream=None, root=None, found_upstream=None)
    Repo.objects.all().delete()
    for rows in posts:
        answer = post(api, *(row(number, upstream=upstream) for number, upstream in rows))
        assert len(answer) == len(rows)
    count = sum(NewRepoCount.objects.values_list("count", flat=True))
    assert count == Repo.objects.count() <= limit
