"""The time limit for queries: a 503, the limit ends with the snapshot, and a snapshot sees one state."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from org_analytics.conf import app_settings
from org_analytics.models import CodingSession
from org_analytics.reporting import reports
from org_analytics.reporting.snapshots import QueryTimeoutError, snapshot
from tests import hosts
from tests.questions import RANGE
from tests.threads import at_once

SLOW = {
    "postgresql": "SELECT pg_sleep(60)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e9) SELECT max(i) FROM n",
}
URLS = ("/api/v1/org/analytics", "/api/v1/org/repos", "/api/v1/org/series")


def ask(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchone()


def never_ends(*_arguments: Any, **_keywords: Any) -> None:
    with snapshot():
        ask(SLOW[connection.vendor])


def limit() -> str:
    return ask("SHOW statement_timeout")[0] if connection.vendor == "postgresql" else ""


@pytest.fixture
def impatient(settings: Any) -> None:
    settings.ORG_ANALYTICS_STATEMENT_TIMEOUT = 0.05


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("is_in_transaction", [True, False])
def test_an_overrun_is_a_503_that_says_so_and_the_connection_goes_on(
    request: pytest.FixtureRequest, impatient: None, url: str, is_in_transaction: bool, monkeypatch: Any
) -> None:
    request.getfixturevalue("db" if is_in_transaction else "transactional_db")
    client: Client = request.getfixturevalue("api")
    before = limit()
    monkeypatch.setattr(reports, url.rpartition("/")[2].replace("analytics", "report"), never_ends)

    response = client.get(url, RANGE)

    assert (response.status_code, response.json()) == (503, {"error": "Query took too long"})
    assert (ask("SELECT 1"), limit()) == ((1,), before)


@pytest.mark.django_db(transaction=True)
def test_an_overrun_in_the_callable_of_the_teams_is_a_503_too(
    api: Client, impatient: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "teams", lambda: [ask(SLOW[connection.vendor])], raising=False)
    settings.ORG_ANALYTICS_TEAMS = "tests.hosts.teams"

    assert api.get("/api/v1/org/analytics", {**RANGE, "team": "Core"}).status_code == 503
    assert api.get("/api/v1/org/analytics", {**RANGE, "team": "A, B"}).status_code == 503


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/organization", "/organization.csv"])
def test_an_overrun_is_a_503_page(api: Client, impatient: None, path: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(reports, "report", never_ends)
    assert api.get(path).status_code == 503


@pytest.mark.django_db
def test_a_hosts_transaction_keeps_its_own_limit_and_its_work(user: Any, impatient: None, make_session: Any) -> None:
    is_postgresql = connection.vendor == "postgresql"
    if is_postgresql:
        ask("SELECT set_config('statement_timeout', '7min', true)")
    make_session(user)
    with pytest.raises(QueryTimeoutError), snapshot():
        ask(SLOW[connection.vendor])
    with snapshot():
        assert limit() == ("50ms" if is_postgresql else "")
    assert limit() == ("7min" if is_postgresql else "")
    assert CodingSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_gone_afterwards() -> None:
    before = limit()
    with snapshot(), snapshot():
        ask("SELECT 1")
    assert limit() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("value", [0, None])
def test_none_and_zero_are_no_limit(settings: Any, value: object) -> None:
    settings.ORG_ANALYTICS_STATEMENT_TIMEOUT = value
    with snapshot():
        assert limit() in ("0", "")
        assert ask("SELECT 1") == (1,)


@pytest.mark.django_db(transaction=True)
def test_other_errors_are_raised_unchanged() -> None:
    with pytest.raises(Exception, match="no_such_table"), snapshot():
        ask("SELECT * FROM no_such_table")
    assert ask("SELECT 1") == (1,)


@pytest.mark.django_db(transaction=True)
def test_reports_of_one_snapshot_see_one_state(user: Any, make_session: Any) -> None:
    """A session that is written between two queries is in neither result."""
    make_session(user)
    with snapshot():
        assert CodingSession.objects.count() == 1
        at_once([lambda: make_session(user)])
        assert CodingSession.objects.count() == 1
    assert CodingSession.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_reader_does_not_lock_writers_out_on_sqlite(settings: Any) -> None:
    mode = connection.transaction_mode  # type: ignore[attr-defined]
    with snapshot():
        assert connection.transaction_mode == "DEFERRED"  # type: ignore[attr-defined]
    assert connection.transaction_mode == mode  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["10", -1, True, 86_401, float("nan")])
def test_an_invalid_limit_is_refused(settings: Any, value: object) -> None:
    settings.ORG_ANALYTICS_STATEMENT_TIMEOUT = value
    with pytest.raises(ImproperlyConfigured, match="ORG_ANALYTICS_STATEMENT_TIMEOUT"):
        app_settings.statement_timeout  # noqa: B018


def memory() -> str:
    """PostgreSQL's limit for sorting and hashing."""
    [text] = ask("SHOW work_mem")
    return str(text)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL")
@pytest.mark.django_db
def test_a_hosts_transaction_keeps_its_own_memory() -> None:
    ask("SELECT set_config('work_mem', '5MB', true)")
    with snapshot():
        assert memory() == "32MB"
    assert memory() == "5MB"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_the_memory_is_raised_for_the_snapshot_only_and_never_lowered() -> None:
    before = memory()
    with snapshot():
        assert memory() == "32MB"
    assert memory() == before
    ask("SELECT set_config('work_mem', '96MB', false)")
    try:
        with snapshot():
            assert memory() == "96MB"
    finally:
        ask("SELECT set_config('work_mem', %s, false)", before)
