"""`GET /api/v1/org/prices`: the prices that an administrator has set."""

from typing import Any

from django.test import Client

from org_analytics.push.client import parse_prices

PRICES = "/api/v1/org/prices"
OURS = {"our-model": {"input": "1.25", "output": 10, "from": "2026-11-01", "cache_read": None}}


def test_prices_are_texts_that_the_push_client_reads(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_PRICES = OURS

    answer = api.get(PRICES)

    assert answer.status_code == 200
    assert list(answer.json()) == ["computed_at", "prices"]
    assert answer.json()["prices"] == {"our-model": {"input": "1.25", "output": "10", "from": "2026-11-01"}}
    assert parse_prices(answer.content) == answer.json()["prices"]


def test_without_the_setting_there_are_none(api: Client) -> None:
    assert api.get(PRICES).json()["prices"] == {}
