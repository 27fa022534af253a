"""Reports can read another database than the one that is written to, and go on without it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connections
from django.test import Client

from org_analytics.conf import app_settings
from org_analytics.models import AccessLogEntry, CodingSession, Repo
from org_analytics.reporting.replicas import ReadDatabaseUnavailableError, answers
from org_analytics.reporting.snapshots import snapshot
from tests.questions import NOW, RANGE
from tests.users import create_user


@pytest.fixture
def replica(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[str]:
    """A second database whose data differs from the first, so that answers show which one was read."""
    connections.databases["replica"] = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "replica.sqlite3"),
        "OPTIONS": {},
    }
    connections["replica"].connect()  # before the test case refuses a database that it does not list
    call_command("migrate", database="replica", verbosity=0)
    settings.ORG_ANALYTICS_READ_DATABASE = "replica"
    yield "replica"
    connections["replica"].close()
    del connections["replica"], connections.databases["replica"]


@pytest.fixture
def replicated(replica: str) -> Any:
    """A person and a session that only the replica has."""
    person = create_user("replicated@example.com")
    key = person.pk
    person.save(using=replica)
    type(person).objects.using("default").filter(pk=key).delete()
    repo = Repo(path="acme/replicated", key="acme/replicated")
    repo.save(using=replica)
    CodingSession.objects.using(replica).bulk_create(
        [
            CodingSession(
                user_id=key, provider="codex", external_id="1", started_at=NOW, analyzed_at=NOW, repo_id=repo.pk
            )
        ]
    )
    return person


def test_every_question_is_asked_of_the_database_that_is_named(api: Client, replicated: Any) -> None:
    analytics = api.get("/api/v1/org/analytics", RANGE).json()
    series = api.get("/api/v1/org/series", RANGE).json()
    assert [row["user"]["email"] for row in analytics["users"]] == ["replicated@example.com"]
    assert (analytics["totals"]["session_count"], analytics["providers_present"]) == (1, ["codex"])
    assert api.get("/api/v1/org/repos", RANGE).json()["repos"] == ["acme/replicated"]
    assert series["providers_present"] == ["codex"]
    filtered = api.get("/api/v1/org/analytics", {**RANGE, "repos": "acme/replicated", "include_no_repo": "0"}).json()
    assert filtered["totals"]["session_count"] == 1


def test_the_page_is_read_there_too(api: Client, replicated: Any) -> None:
    page = api.get("/organization", {"start": "2026-06-15", "end": "2026-06-18"}).content.decode()
    assert "replicated@example.com" in page
    assert "ann@example.com" not in page.partition("<table")[2]


def test_writes_still_go_to_the_default_database(replica: str, make_session: Any, user: Any) -> None:
    make_session(user, git_info={"repo_url": "acme/api"})
    assert CodingSession.objects.using("default").count() == 1
    assert CodingSession.objects.using(replica).count() == 0


def test_the_access_log_is_written_to_the_default_database(replica: str, api: Client, replicated: Any) -> None:
    for path in ("/api/v1/org/analytics", "/organization?q=replicated"):
        assert api.get(path).status_code == 200
    entries = AccessLogEntry.objects.using("default").order_by("pk")
    assert [(entry.view, entry.subjects.count()) for entry in entries] == [("api-analytics", 0), ("organization", 0)]
    assert AccessLogEntry.objects.using(replica).count() == 0


@pytest.fixture
def unreachable(replica: str, monkeypatch: Any) -> None:
    """The replica refuses new connections, and has closed the one that was open."""

    def refuse() -> None:
        raise OperationalError("connection refused")

    connections[replica].close()
    monkeypatch.setattr(connections[replica], "ensure_connection", refuse)


def test_a_replica_that_does_not_answer_is_replaced_by_the_default_database(
    api: Client, unreachable: None, make_session: Any, user: Any
) -> None:
    make_session(user)
    response = api.get("/api/v1/org/analytics", RANGE)
    assert response.json()["totals"]["session_count"] == 1


def test_without_fallback_a_replica_that_does_not_answer_is_a_503(
    api: Client, unreachable: None, settings: Any
) -> None:
    settings.ORG_ANALYTICS_READ_FALLBACK = False
    answers = [api.get(f"/api/v1/org/{name}", RANGE) for name in ("analytics", "repos", "series")]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(503, "Database unavailable")}


def test_a_replica_that_stops_in_the_middle_of_a_report_is_said_to_be_unavailable(replica: str) -> None:
    with pytest.raises(ReadDatabaseUnavailableError), snapshot():
        raise OperationalError("server closed the connection unexpectedly")


def test_a_failure_of_the_default_database_is_not_blamed_on_a_replica(transactional_db: None) -> None:
    with pytest.raises(OperationalError), snapshot():
        raise OperationalError("server closed the connection unexpectedly")


def test_a_lost_connection_to_the_replica_is_opened_again(replica: str, monkeypatch: Any) -> None:
    done: list[str] = []
    monkeypatch.setattr(connections[replica], "is_usable", lambda: False)
    monkeypatch.setattr(connections[replica], "close", lambda: done.append("closed"))
    monkeypatch.setattr(connections[replica], "ensure_connection", lambda: done.append("opened"))
    assert answers(replica)
    assert done == ["opened", "closed", "opened"]


@pytest.mark.parametrize("value", ["false", 0, None])
def test_fallback_setting_must_be_true_or_false(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_READ_FALLBACK = value
    with pytest.raises(ImproperlyConfigured, match="ORG_ANALYTICS_READ_FALLBACK"):
        app_settings.read_fallback  # noqa: B018


@pytest.mark.parametrize(("seconds", "is_shown"), [(None, False), (60, False), (61, True)])
def test_the_page_says_that_the_replica_is_more_than_a_minute_behind(
    api: Client, replicated: Any, monkeypatch: Any, seconds: int | None, is_shown: bool
) -> None:
    lag = None if seconds is None else timedelta(seconds=seconds)
    monkeypatch.setattr("org_analytics.pages.data.replica_lag", lambda _using: lag)
    page = api.get("/organization", {"start": "2026-06-15", "end": "2026-06-18"}).content.decode()
    assert ("The replica that is read is 1m 1s behind" in page) is is_shown


def test_the_page_says_that_the_database_does_not_answer(api: Client, unreachable: None, settings: Any) -> None:
    settings.ORG_ANALYTICS_READ_FALLBACK = False
    response = api.get("/organization")
    assert response.status_code == 503
    assert "The database does not answer" in response.content.decode()
