"""One log line for each request that failed, was refused or took long."""

import logging
import re
from typing import Any

import pytest
from django.test import Client, RequestFactory

from org_analytics.logs import request_log
from org_analytics.pages.views import OrganizationView
from org_analytics.reporting import reports
from org_analytics.reporting.snapshots import QueryTimeoutError
from tests.questions import ANALYTICS

PAGE = "/organization"
LINE = re.compile(r"event=(\w+) view=([\w-]+) method=(\w+) status=(\d+) ms=(\d+)")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """`lines()`: level, event, view, method and status of each line so far."""
    caplog.set_level(logging.DEBUG, "org_analytics.requests")

    def so_far() -> list[tuple[str, ...]]:
        records = [record for record in caplog.records if record.name == "org_analytics.requests"]
        found = [(record.levelname, LINE.fullmatch(record.getMessage())) for record in records]
        return [(level, *match.groups()[:-1]) for level, match in found if match]

    return so_far


def fail(*args: Any) -> None:
    raise RuntimeError("secret")


def test_an_ordinary_request_has_no_line(api: Client, client: Client, lines: Any) -> None:
    assert api.get(ANALYTICS).status_code == 200
    assert api.get(PAGE).status_code == 200
    assert api.options(ANALYTICS).status_code == 200
    assert client.get(PAGE).status_code == 302
    assert lines() == []


@pytest.mark.core
def test_each_refused_request_has_a_line(api: Client, client: Client, settings: Any, lines: Any) -> None:
    client.get(ANALYTICS)
    api.get(f"{ANALYTICS}?start_ts=secret")
    api.get(f"{PAGE}.csv?range=secret")
    api.put("/api/v1/org/sessions")
    api.put(PAGE)
    api.get("/api/v1/org/sessions/7")
    settings.ALLOWED_EMAIL_DOMAINS = "elsewhere.example"
    api.get(ANALYTICS)
    api.get(PAGE)

    assert lines() == [
        ("INFO", "refused", view, method, status)
        for view, method, status in [
            ("api-analytics", "GET", "401"),
            ("api-analytics", "GET", "400"),
            ("organization-csv", "GET", "400"),
            ("api-sessions", "PUT", "405"),
            ("organization", "PUT", "405"),
            ("api-session", "GET", "404"),
            ("api-analytics", "GET", "403"),
            ("organization", "GET", "403"),
        ]
    ]


def test_a_request_over_the_rate_limit_is_refused(api: Client, settings: Any, lines: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = {"read": "1/hour"}
    for url in (ANALYTICS, ANALYTICS, PAGE):
        api.get(url)
    assert [line[1:] for line in lines()] == [
        ("refused", "api-analytics", "GET", "429"),
        ("refused", "organization", "GET", "429"),
    ]


def test_a_failed_request_is_an_error(
    api: Client, user: Any, monkeypatch: pytest.MonkeyPatch, lines: Any, caplog: pytest.LogCaptureFixture
) -> None:
    api.raise_request_exception = False
    monkeypatch.setattr(reports, "report", fail)
    assert api.get(ANALYTICS).status_code == 500
    assert api.get(PAGE).status_code == 500
    assert lines() == [
        ("ERROR", "failed", "api-analytics", "GET", "500"),
        ("ERROR", "failed", "organization", "GET", "500"),
    ]


def test_a_query_that_took_too_long_is_a_failure(api: Client, monkeypatch: pytest.MonkeyPatch, lines: Any) -> None:
    def time_out(*args: Any) -> None:
        raise QueryTimeoutError

    monkeypatch.setattr(reports, "report", time_out)
    api.get(ANALYTICS)
    api.get(PAGE)
    assert [line[4] for line in lines()] == ["503", "503"]


def test_a_slow_request_is_a_warning(api: Client, monkeypatch: pytest.MonkeyPatch, lines: Any) -> None:
    monkeypatch.setattr(request_log, "SLOW_REQUEST_MS", 0)
    api.get(ANALYTICS)
    api.get(PAGE)
    assert lines() == [
        ("WARNING", "slow", "api-analytics", "GET", "200"),
        ("WARNING", "slow", "organization", "GET", "200"),
    ]


def test_a_feature_that_is_off_leaves_no_trace(api: Client, settings: Any, lines: Any) -> None:
    settings.ENABLE_ORG_ANALYTICS = False
    api.get(ANALYTICS)
    api.get(PAGE)
    assert lines() == []


def test_nothing_about_the_reader_is_in_a_line(
    api: Client, user: Any, caplog: pytest.LogCaptureFixture, lines: Any
) -> None:
    api.get(f"{PAGE}.csv?q=hidden-text&range=x", headers={"Authorization": "Token hidden-token"})
    api.get(f"/api/v1/org/people/{user.pk}987654/sessions")
    assert len(lines()) == 2
    texts = [record.getMessage() for record in caplog.records if record.name == "org_analytics.requests"]
    assert not re.search(rf"hidden|987654|{re.escape(user.email)}|/", " ".join(texts))


def test_a_method_of_the_clients_own_is_not_repeated(lines: Any, user: Any) -> None:
    request = RequestFactory().generic("event=failed", PAGE)
    request.user = user
    OrganizationView.as_view()(request)
    assert lines() == [("INFO", "refused", "None", "other", "405")]
