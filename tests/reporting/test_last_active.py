"""The day on which people were last active."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from org_analytics.models import CodingSession
from org_analytics.periods import Days
from org_analytics.reporting.last_active import last_active_days
from org_analytics.reporting.members import json_id
from org_analytics.reporting.selection import Selection
from tests.users import create_user

pytestmark = pytest.mark.django_db

START, END = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 17, 15, tzinfo=UTC)


def selection(**filters: Any) -> Selection:
    return Selection(START, END, Days(START.date(), END.date()), **filters)


def record(user: Any, started_at: datetime, provider: str = "codex", **values: Any) -> None:
    external_id = f"{provider} {started_at}"
    CodingSession.objects.record(user=user, provider=provider, external_id=external_id, started_at=started_at, **values)


def test_the_last_day_is_found_in_whole_days_and_in_the_hours_after_them() -> None:
    long_ago, today, never = (create_user(f"{name}@example.com") for name in ("a", "b", "c"))
    record(long_ago, datetime(2026, 5, 12, 8, tzinfo=UTC))
    record(long_ago, datetime(2026, 5, 14, 8, tzinfo=UTC))
    record(today, datetime(2026, 5, 14, 8, tzinfo=UTC))
    record(today, datetime(2026, 6, 17, 14, tzinfo=UTC))
    record(never, datetime(2026, 6, 17, 16, tzinfo=UTC))
    assert last_active_days(selection()) == {
        json_id(long_ago.pk): date(2026, 5, 14),
        json_id(today.pk): date(2026, 6, 17),
    }


def test_only_counted_sessions_of_the_selection_make_a_day() -> None:
    user = create_user("a@example.com")
    record(user, datetime(2026, 5, 12, 8, tzinfo=UTC), git_info={"repo_url": "acme/api"})
    record(user, datetime(2026, 5, 13, 8, tzinfo=UTC), analyzed=False)
    record(user, datetime(2026, 5, 14, 8, tzinfo=UTC), provider="cursor")
    days = {json_id(user.pk): date(2026, 5, 12)}
    assert last_active_days(selection(providers=("codex",))) == days
    assert last_active_days(selection(repos=("acme/api",), include_no_repo=False)) == days
    assert last_active_days(selection(person="nobody")) == {}
    assert last_active_days(selection(person="a@example.com")) == {json_id(user.pk): date(2026, 5, 14)}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_the_day_is_one_of_the_reporting_time_zone(zone: str, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    user = create_user("a@example.com")
    record(user, datetime(2026, 5, 14, 20, tzinfo=UTC))
    day = date(2026, 5, 14) if zone == "UTC" else date(2026, 5, 15)
    assert last_active_days(selection()) == {json_id(user.pk): day}
