"""`GET /api/v1/org/series`: buckets cut in the reporting zone, zero-filled, their sums those of analytics."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.periods import Interval, buckets, local_rfc3339
from org_analytics.rollup import maintenance

pytestmark = [pytest.mark.django_db, pytest.mark.core]
BERLIN = ZoneInfo("Europe/Berlin")
ZERO = {
    "session_count": 0,
    "total_cost_usd": "0.00",
    "total_duration_ms": 0,
    "total_assistant_time_ms": 0,
    "total_user_time_ms": 0,
}


def ts(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def get(client, **parameters):
    response = client.get("/api/v1/org/series", parameters)
    return response.status_code, response.json()


@pytest.fixture
def berlin(settings):
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"


def test_answer_has_the_keys_in_order_and_zero_filled_days(api, user, make_session, now):
    make_session(user, started_at="2026-06-16T08:00:00Z", cost_usd="0.00114675", provider="codex")
    make_session(user, started_at="2026-06-16T09:00:00Z", cost_usd="2", provider="codex")
    status, answer = get(api, start_ts=ts(2026, 6, 15), end_ts=ts(2026, 6, 18))
    assert status == 200
    assert list(answer) == ["computed_at", "date_range", "time_zone", "interval", "providers_present", "buckets"]
    assert answer["date_range"] == {"start_date": "2026-06-15", "end_date": "2026-06-17"}
    assert (answer["time_zone"], answer["interval"], answer["providers_present"]) == ("UTC", "day", ["codex"])
    used = {
        "session_count": 2,
        "total_cost_usd": "2.00114675",
        "total_duration_ms": 120_000,
        "total_assistant_time_ms": 80_000,
        "total_user_time_ms": 20_000,
    }
    assert [(bucket["start"], bucket["end"], bucket["providers"]) for bucket in answer["buckets"]] == [
        ("2026-06-15T00:00:00+00:00", "2026-06-16T00:00:00+00:00", {"codex": ZERO}),
        ("2026-06-16T00:00:00+00:00", "2026-06-17T00:00:00+00:00", {"codex": used}),
        ("2026-06-17T00:00:00+00:00", "2026-06-18T00:00:00+00:00", {"codex": ZERO}),
    ]


def test_days_are_cut_in_the_reporting_zone_and_at_the_range(api, user, make_session, berlin):
    make_session(user, started_at="2026-06-15T21:59:59Z")
    make_session(user, started_at="2026-06-15T22:00:00Z")
    _, answer = get(api, start_ts=ts(2026, 6, 15, 12), end_ts=ts(2026, 6, 16, 6), tz_offset=600)
    assert [
        (bucket["start"], bucket["end"], bucket["providers"]["claude-code"]["session_count"])
        for bucket in answer["buckets"]
    ] == [
        ("2026-06-15T14:00:00+02:00", "2026-06-16T00:00:00+02:00", 1),
        ("2026-06-16T00:00:00+02:00", "2026-06-16T08:00:00+02:00", 1),
    ]


def test_weeks_begin_on_monday_and_the_first_and_last_are_cut(api, berlin):
    _, answer = get(api, start_ts=ts(2026, 6, 9, 22), end_ts=ts(2026, 6, 23, 22), interval="week")
    assert [(bucket["start"][:10], bucket["end"][:10]) for bucket in answer["buckets"]] == [
        ("2026-06-10", "2026-06-15"),
        ("2026-06-15", "2026-06-22"),
        ("2026-06-22", "2026-06-24"),
    ]


@pytest.mark.parametrize(("day", "hours", "offsets"), [(29, 23, ("+01:00", "+02:00")), (25, 25, ("+02:00", "+01:00"))])
def test_days_of_a_clock_change_have_23_or_25_hours(api, berlin, day, hours, offsets):
    month = 3 if hours == 23 else 10
    start = int(datetime(2026, month, day, tzinfo=BERLIN).timestamp())
    _, answer = get(api, start_ts=start, end_ts=start + hours * 3600)
    (bucket,) = answer["buckets"]
    assert (bucket["start"][-6:], bucket["end"][-6:]) == offsets


def test_provider_filter_narrows_the_buckets_and_not_providers_present(api, user, make_session, now):
    make_session(user, provider="codex")
    make_session(user, provider="cursor")
    _, answer = get(api, provider="cursor,opencode")
    assert answer["providers_present"] == ["codex", "cursor"]
    assert {tuple(bucket["providers"]) for bucket in answer["buckets"]} == {("cursor",)}


def test_repos_and_include_no_repo_narrow_the_series(api, user, make_session, now):
    make_session(user, git_info={"repo_url": "https://git.example.com/acme/api"})
    make_session(user, git_info={"repo_url": "https://git.example.com/acme/web"})
    make_session(user)
    counts = [
        sum(part["session_count"] for bucket in answer["buckets"] for part in bucket["providers"].values())
        for _, answer in (
            get(api, repos="ACME/api"),
            get(api, repos="acme/api", include_no_repo="0"),
            get(api, include_no_repo="false"),
        )
    ]
    assert counts == [2, 1, 2]


def test_pending_sessions_and_those_of_non_members_do_not_count(api, user, inactive, make_session, now):
    make_session(user, analyzed=False)
    make_session(inactive)
    _, answer = get(api)
    assert answer["providers_present"] == []
    assert all(bucket["providers"] == {} for bucket in answer["buckets"])


@pytest.mark.parametrize("value", ["month", "Day", "DAY ", "day,week"])
def test_bad_interval_is_named(api, value):
    assert get(api, interval=value) == (400, {"error": "Invalid interval"})


def test_empty_interval_is_day(api, now):
    assert get(api, interval="")[1]["interval"] == "day"


def test_interval_is_checked_last(api):
    assert get(api, interval="x", include_no_repo="x") == (400, {"error": "Invalid include_no_repo"})
    assert get(api, interval="x", start_ts="x") == (400, {"error": "Invalid start_ts"})


def test_first_interval_counts(api, now):
    response = api.get("/api/v1/org/series?interval=week&interval=x")
    assert response.json()["interval"] == "week"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("interval", ["day", "week"])
@pytest.mark.parametrize("end", [datetime(1, 1, 23, tzinfo=UTC), datetime(9999, 12, 29, 23, 59, 59, tzinfo=UTC)])
def test_the_first_and_last_years_answer_too(api, settings, zone, interval, end):
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    seconds = int(end.timestamp())
    status, answer = get(api, start_ts=seconds - 20 * 86_400, end_ts=seconds, interval=interval)
    assert status == 200
    assert answer["buckets"][0]["start"] < answer["buckets"][-1]["end"]


def test_a_day_that_the_zone_skipped_has_no_bucket():
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011
    start, end = datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2012, 1, 1, 10, tzinfo=UTC)
    parts = buckets(start, end, apia, Interval.DAY)
    assert [day.day for day in parts] == [29, 31, 1]
    assert all(low < high for low, high in parts.values())


def test_a_day_is_not_split_when_the_clock_goes_back_also_with_other_day_boundaries(api, user, make_session, settings):
    settings.ORG_ANALYTICS_TIME_ZONE = "America/St_Johns"  # a minute into 7 November it was 23:01 on the 6th again
    start = datetime(2010, 11, 7, 2, 31, tzinfo=UTC)
    make_session(user, started_at=start + timedelta(minutes=5))
    seconds = int(start.timestamp())
    status, answer = get(api, start_ts=seconds, end_ts=seconds + 86_400)
    assert status == 200
    counts = [bucket["providers"]["claude-code"]["session_count"] for bucket in answer["buckets"]]
    assert counts == [1] + [0] * (len(counts) - 1)


@pytest.mark.parametrize("cut_in", ["Europe/Berlin", "UTC"])
def test_the_page_answers_at_midnight_also_while_days_are_cut_elsewhere(api, settings, freeze_now, cut_in):
    """The period before ends at the same time of day: at its own start, so that it holds nothing."""
    settings.ORG_ANALYTICS_TIME_ZONE = cut_in
    maintenance.rebuild("default")
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    freeze_now(datetime(2026, 6, 14, 22, tzinfo=UTC))  # the first instant of a Monday
    assert api.get("/organization", {"range": "this-week"}).status_code == 200


def test_offsets_of_seconds_are_given_in_whole_minutes():
    text = local_rfc3339(datetime(1800, 1, 1, tzinfo=UTC), BERLIN)  # Berlin was 53 minutes and 28 seconds ahead
    assert text == "1800-01-01T00:53:00+00:53"


@pytest.mark.usefixtures("without_access_log")
def test_queries_do_not_grow_with_people_and_sessions(api, make_user, make_session, now):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            get(api, repos="acme/api", interval="week")
        return len(captured)

    make_session(make_user(), git_info={"repo_url": "https://git.example.com/acme/api"})
    before = queries()
    for _ in range(5):
        make_session(make_user(), git_info={"repo_url": "https://git.example.com/acme/api"})
    assert queries() == before <= 15
