"""Ranges of time: presets, local days where the clock changes, the API's defaults and shown dates."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.limits import FIRST_DATE, LAST_DATE
from org_analytics.periods import PRESETS, Days, api_defaults, shown_dates

WEDNESDAY = date(2026, 6, 17)


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("this-week", date(2026, 6, 15), WEDNESDAY),
        ("last-week", date(2026, 6, 8), date(2026, 6, 14)),
        ("7d", date(2026, 6, 11), WEDNESDAY),
        ("this-month", date(2026, 6, 1), WEDNESDAY),
        ("last-month", date(2026, 5, 1), date(2026, 5, 31)),
        ("30d", date(2026, 5, 19), WEDNESDAY),
        ("90d", date(2026, 3, 20), WEDNESDAY),
    ],
)
def test_a_preset_ends_today_or_before_this_week_or_month(preset: str, first: date, last: date) -> None:
    assert PRESETS[preset](WEDNESDAY) == Days(first, last)


@pytest.mark.parametrize(
    ("today", "preset", "first", "last"),
    [
        (date(2026, 6, 15), "this-week", date(2026, 6, 15), date(2026, 6, 15)),
        (date(2026, 6, 21), "this-week", date(2026, 6, 15), date(2026, 6, 21)),
        (date(2026, 1, 1), "last-month", date(2025, 12, 1), date(2025, 12, 31)),
        (date(2024, 3, 31), "last-month", date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 1, 1), "this-month", date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_a_preset_is_right_at_the_edges_of_weeks_months_and_years(
    today: date, preset: str, first: date, last: date
) -> None:
    assert PRESETS[preset](today) == Days(first, last)


def test_the_days_before_are_as_many_and_touch() -> None:
    assert Days(date(2026, 3, 1), date(2026, 3, 31)).before() == Days(date(2026, 1, 29), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", date(2026, 3, 29), "2026-03-29T00:00", 24),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00", 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00", 24.5),
        # Midnight itself is skipped: the day begins at 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00", 23),
        # The clock goes back at midnight: the day before has a second 23rd hour.
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17T02:00", 25),
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00", 24),
        # Midnight comes twice: the day begins at the first.
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00", 25),
        ("Atlantic/Azores", date(2025, 10, 26), "2025-10-26T00:00", 25),
        # Samoa skipped a whole day: it begins where the next one does.
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-29T10:00", 24),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00", 0),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00", 24),
        # The clock was put forward from 23:30 to 00:30: the day began at that leap.
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30", 23.5),
    ],
)
def test_a_local_day_starts_at_its_first_instant_and_has_its_own_length(
    zone: str, day: date, start: str, hours: float
) -> None:
    first, end = Days(day, day).instants(ZoneInfo(zone))

    assert first == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert end - first == timedelta(hours=hours)


def test_ninety_local_days_over_an_autumn_change_are_an_hour_longer() -> None:
    start, end = Days(date(2026, 8, 1), date(2026, 10, 29)).instants(ZoneInfo("Europe/Berlin"))

    assert end - start == timedelta(days=90, hours=1)


zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Asuncion",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Beirut",
        "Africa/Cairo",
        "Atlantic/Azores",
        "Australia/Lord_Howe",
    ]
).map(ZoneInfo)
days = st.dates(FIRST_DATE, LAST_DATE)


@given(days, zones)
def test_days_tile_the_time_line_and_hold_their_own_instants(day: date, zone: ZoneInfo) -> None:
    start, end = Days(day, day).instants(zone)

    assert start <= end <= start + timedelta(hours=26)
    assert start.utcoffset() == timedelta(0)
    assert (start - timedelta(seconds=1)).astimezone(zone).date() < day
    if start < end:
        assert start.astimezone(zone).date() == day
        assert (end - timedelta(seconds=1)).astimezone(zone).date() == day


@given(days, st.sampled_from(sorted(PRESETS)))
def test_every_preset_is_a_range_of_at_most_90_days_until_today_at_the_latest(today: date, preset: str) -> None:
    chosen = PRESETS[preset](today)

    assert chosen.first <= chosen.last <= today
    assert 1 <= chosen.count <= 90
    assert chosen.before().count == chosen.count
    assert chosen.before().last + timedelta(1) == chosen.first


@pytest.mark.parametrize(
    "now", ["2026-06-17T00:00:00+00:00", "2026-06-17T23:59:59.999+00:00", "2026-06-18T01:00+02:00"]
)
def test_the_api_defaults_to_utc_midnights_seven_days_ago_and_tomorrow(now: str) -> None:
    assert api_defaults(datetime.fromisoformat(now)) == (
        datetime(2026, 6, 10, tzinfo=UTC),
        datetime(2026, 6, 18, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "end", "tz_offset", "shown"),
    [
        ("2026-06-10T00:00", "2026-06-18T00:00", 0, Days(date(2026, 6, 10), date(2026, 6, 17))),
        # Berlin (minus 120, as JavaScript says): local midnights.
        ("2026-06-09T22:00", "2026-06-17T22:00", -120, Days(date(2026, 6, 10), date(2026, 6, 17))),
        ("2026-06-10T07:00", "2026-06-18T07:00", 420, Days(date(2026, 6, 10), date(2026, 6, 17))),
        # Less than a day: the end lies before the start.
        ("2026-06-10T10:00", "2026-06-10T11:00", 0, Days(date(2026, 6, 10), date(2026, 6, 9))),
        ("0001-01-03T00:00", "0001-01-03T00:01", 1440, Days(date(1, 1, 2), date(1, 1, 1))),
        ("9999-12-29T23:59", "9999-12-29T23:59", -1440, Days(date(9999, 12, 30), date(9999, 12, 29))),
    ],
)
def test_the_shown_dates_are_those_of_the_clients_offset(start: str, end: str, tz_offset: int, shown: Days) -> None:
    instants = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end)]

    assert shown_dates(*instants, tz_offset) == shown
