"""Rate limits of API and pages, per user."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from org_analytics.conf import DEFAULT_THROTTLE_RATES, app_settings
from tests.questions import ANALYTICS

SESSIONS = "/api/v1/org/sessions"


@pytest.fixture(autouse=True)
def rates(settings: Any) -> Any:
    """Two reads and one write a minute, counted from zero."""
    cache.clear()
    settings.ORG_ANALYTICS_THROTTLE_RATES = {"read": "2/min", "write": "1/min"}
    yield
    cache.clear()


def post(client: Client) -> Any:
    return client.post(SESSIONS, {"sessions": []}, content_type="application/json")


def test_reads_over_the_limit_are_429_on_api_and_pages_together(api: Client) -> None:
    assert api.get(ANALYTICS).status_code == 200
    assert api.get("/organization").status_code == 200

    refused = api.get(ANALYTICS)

    assert (refused.status_code, refused.json()) == (429, {"error": "Rate limit exceeded"})
    assert 1 <= int(refused["Retry-After"]) <= 60
    for url in ("/organization", "/organization.csv"):
        page = api.get(url)
        assert page.status_code == 429
        assert "too many requests" in page.content.decode()
        assert 1 <= int(page["Retry-After"]) <= 60
        assert page["Cache-Control"] == "no-store"


def test_writes_have_a_limit_of_their_own(api: Client) -> None:
    assert [post(api).status_code, post(api).status_code] == [200, 429]
    assert api.get(ANALYTICS).status_code == 200


def test_a_head_request_is_a_read(api: Client) -> None:
    assert [api.head(ANALYTICS).status_code for _ in range(3)] == [200, 200, 429]


def test_limits_of_users_are_separate(api: Client, staff: Any, client_of: Callable[[Any], Client]) -> None:
    assert [api.get(ANALYTICS).status_code for _ in range(3)] == [200, 200, 429]
    assert client_of(staff).get(ANALYTICS).status_code == 200


def test_refused_requests_are_not_counted_against_the_limit(api: Client, client: Client, settings: Any) -> None:
    assert [client.get(ANALYTICS).status_code for _ in range(5)] == [401] * 5
    settings.ENABLE_ORG_ANALYTICS = False
    assert [api.get(ANALYTICS).status_code for _ in range(5)] == [404] * 5


def test_none_switches_the_limits_off(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = None
    assert [api.get(ANALYTICS).status_code for _ in range(5)] == [200] * 5


def test_limits_are_on_by_default(settings: Any) -> None:
    del settings.ORG_ANALYTICS_THROTTLE_RATES
    assert app_settings.throttle_rates == DEFAULT_THROTTLE_RATES == {"read": "1200/min", "write": "240/min"}


def test_rate_that_is_left_out_keeps_its_default(settings: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = {"write": "5/s"}
    assert app_settings.throttle_rates == {"read": "1200/min", "write": "5/s"}


@pytest.mark.parametrize("value", ["1/min", {"read": "many"}, {"read": "0/min"}, {"reads": "1/min"}, {"read": 5}, []])
def test_rates_that_cannot_be_read_are_an_error_that_names_the_setting(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = value
    with pytest.raises(ImproperlyConfigured, match="ORG_ANALYTICS_THROTTLE_RATES"):
        app_settings.throttle_rates  # noqa: B018
