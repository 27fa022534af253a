"""H1: the time zone data is updated under a database. Answers are as zoneinfo says now, at once and after a rebuild."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics import checks
from org_analytics.models import CodingSession
from org_analytics.periods import Days
from org_analytics.reporting import reports
from org_analytics.reporting.selection import Selection
from org_analytics.reporting.split_ranges import SplitRange
from org_analytics.rollup import maintenance
from tests.brute_force import assert_exact
from tests.time_zone_data import NAME, releases_in
from tests.users import create_user

pytestmark = pytest.mark.django_db

SUMMER_TIME = "PST8PDT,M3.2.0,M11.1.0"
# What a release did to a zone: rule before, rule after, a day on which it shows.
UPDATES = {
    "summer time is given up": (SUMMER_TIME, "PST8", date(2026, 6, 17)),
    "winter time is given up": (SUMMER_TIME, "PDT7", date(2026, 12, 16)),
    "summer time begins a week later": (SUMMER_TIME, "PST8PDT,M3.3.0,M11.1.0", date(2026, 3, 11)),
    "the clock is put forward at midnight": (
        "EET-2EEST,M3.5.0/3,M10.5.0/4",
        "EET-2EEST,M3.5.0/0,M10.5.0/0",
        date(2026, 3, 29),
    ),
    "the other side of the date line": ("<-10>10", "<+14>-14", date(2026, 6, 17)),
}
AN_UPDATE = UPDATES["summer time is given up"]


@pytest.fixture
def release(tmp_path: Path, settings: Any) -> Iterator[Callable[[str], None]]:
    """`release("MST7")`: the reporting time zone has this rule from now on."""
    with releases_in(tmp_path) as release:
        settings.ORG_ANALYTICS_TIME_ZONE = NAME
        yield release


def record_around(day: date, user: Any) -> None:
    """Sessions at each hour, and just before each half, from two days before to two days after; no cost twice."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    CodingSession.objects.record_many(
        {
            "user": user,
            "provider": "codex" if number % 3 else "cursor",
            "external_id": str(number),
            "started_at": noon + timedelta(minutes=30 * number, seconds=-(number % 2)),
            "cost_usd": f"{number + 200}.000000001",
            "duration_ms": 1000 + number,
        }
        for number in range(-120, 120)
    )


def updated(release: Callable[[str], None], update: tuple[str, str, date], user: Any) -> date:
    """A database whose days are of the release before, with the release after; the day on which it shows."""
    before, after, day = update
    release(before)
    maintenance.rebuild("default")
    record_around(day, user)
    release(after)
    return day


def selection_of(start: datetime, end: datetime) -> Selection:
    return Selection(start, end, Days(start.date(), end.date()))


def selection_of_days(first: date, last: date) -> Selection:
    days = Days(first, last)
    return selection_of(*days.instants(maintenance.app_settings.time_zone))


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
@pytest.mark.parametrize("length", [1, 2, 7, 30, 90])
def test_h1_numbers_are_those_of_the_new_days(
    update: Any, length: int, release: Callable[[str], None], user: Any
) -> None:
    day = updated(release, update, user)
    for last in (day - timedelta(1), day, day + timedelta(1)):
        assert_exact(selection_of_days(last - timedelta(length - 1), last))
    call_command("rebuild_daily_usage", verbosity=0)
    assert_exact(selection_of_days(day - timedelta(length - 1), day))


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
@pytest.mark.parametrize(
    "path",
    ["/organization", "/organization?compare=1", "/organization.csv", "/organization.json", "/api/v1/org/series"],
)
def test_h1_page_downloads_and_series_answer(
    update: Any, path: str, release: Callable[[str], None], user: Any, client_of: Any, freeze_now: Any
) -> None:
    day = updated(release, update, user)
    freeze_now(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    assert client_of(user).get(path).status_code == 200


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(-240, 240), st.integers(1, 480)), min_size=1, max_size=4))
def test_h1_numbers_are_exact_in_every_range(moved_clock: datetime, ranges: list[tuple[int, int]]) -> None:
    """Ranges begin and end at quarters of an hour: at old midnights, at new ones, and elsewhere."""
    for start, length in ranges:
        begin = moved_clock + timedelta(minutes=15 * start)
        assert_exact(selection_of(begin, begin + timedelta(minutes=15 * length)))


@pytest.fixture
def moved_clock(release: Callable[[str], None]) -> datetime:
    day = updated(release, AN_UPDATE, create_user("ann@example.com"))
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_h1_days_that_did_not_move_come_from_the_roll_up(release: Callable[[str], None], user: Any) -> None:
    updated(release, AN_UPDATE, user)
    zone = maintenance.app_settings.time_zone
    winter, summer = (
        SplitRange.load(selection_of_days(day, day + timedelta(20)), "default", zone)
        for day in (date(2026, 1, 5), date(2026, 6, 5))
    )
    assert (winter.has_days, summer.has_days) == (True, False)


def test_h1_a_range_is_read_from_the_roll_up_again_after_a_rebuild(release: Callable[[str], None], user: Any) -> None:
    day = updated(release, AN_UPDATE, user)
    selection = selection_of_days(day - timedelta(7), day)
    assert not maintenance.days_are_current("default", selection.start, selection.end)
    call_command("rebuild_daily_usage", verbosity=0)
    assert maintenance.days_are_current("default", selection.start, selection.end)
    assert SplitRange.load(selection, "default", maintenance.app_settings.time_zone).has_days


def test_h1_the_page_says_so_only_where_days_in_view_have_moved(
    release: Callable[[str], None], user: Any, api: Client
) -> None:
    updated(release, AN_UPDATE, user)
    shown = {
        month: b"rebuild_daily_usage" in api.get(f"/organization?start=2026-{month}-03&end=2026-{month}-20").content
        for month in ("01", "06")
    }
    assert shown == {"01": False, "06": True}


def test_h1_w003_is_given_until_the_days_are_stored_again(release: Callable[[str], None], user: Any) -> None:
    release(SUMMER_TIME)
    maintenance.rebuild("default")
    assert checks.check_daily_usage(["default"]) == []
    release("PST8")
    (warning,) = checks.check_daily_usage(["default"])
    assert (warning.id, NAME in warning.msg) == ("org_analytics.W003", True)
    call_command("rebuild_daily_usage", verbosity=0)
    assert checks.check_daily_usage(["default"]) == []


def test_h1_another_name_of_the_same_zone_changes_nothing(settings: Any, user: Any, make_session: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Kiev"
    maintenance.rebuild("default")
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Kyiv"
    selection = selection_of_days(date(2026, 6, 1), date(2026, 6, 20))
    make_session(user)
    assert checks.check_daily_usage(["default"]) == []
    assert SplitRange.load(selection, "default", maintenance.app_settings.time_zone).has_days
    assert_exact(selection)


def test_h1_an_answer_compares_at_most_92_boundaries(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    selection = selection_of_days(date(2026, 8, 1), date(2026, 10, 29))
    asked = []
    first_instant = maintenance.day_start
    monkeypatch.setattr(maintenance, "day_start", lambda *day: asked.append(day) or first_instant(*day))
    reports.series(selection)
    assert 0 < len(asked) <= 92
