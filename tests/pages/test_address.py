"""The parameters in the address: their meaning, and the messages for bad values."""

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict

from org_analytics.conf import app_settings
from org_analytics.pages.filters import PageFilters
from org_analytics.periods import previous_period
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def read(query):
    filters = PageFilters(QueryDict(query), queryset=None)
    return filters.state if filters.is_valid() else dict(filters.field_errors)


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("", "2026-06-11", "2026-06-17"),
        ("7d", "2026-06-11", "2026-06-17"),
        ("this-week", "2026-06-15", "2026-06-17"),
        ("last-week", "2026-06-08", "2026-06-14"),
        ("this-month", "2026-06-01", "2026-06-17"),
        ("last-month", "2026-05-01", "2026-05-31"),
        ("30d", "2026-05-19", "2026-06-17"),
        ("90d", "2026-03-20", "2026-06-17"),
    ],
)
def test_range_is_whole_days_up_to_today(now, preset, first, last):
    days = read(f"range={preset}").selection.days
    assert (days.first.isoformat(), days.last.isoformat()) == (first, last)


def test_days_are_those_of_the_reporting_zone(settings, freeze_now):
    settings.ORG_ANALYTICS_TIME_ZONE = "Pacific/Auckland"
    freeze_now(NOW)  # already Thursday there
    selection = read("range=this-week").selection
    assert selection.days.last == date(2026, 6, 18)
    assert selection.start == datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_dates_win_over_the_range():
    state = read("range=90d&start=2026-01-31&end=2026-02-01")
    assert (state.preset, state.selection.days.count) == (None, 2)
    assert state.query() == "?start=2026-01-31&end=2026-02-01"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=yesterday", "range"),
        ("start=2026-01-01", "end"),
        ("end=2026-01-01", "start"),
        ("start=2026-02-30&end=2026-03-01", "start"),
        ("start=20260101&end=2026-03-01", "start"),
        ("start=2026-03-02&end=2026-03-01", "end"),
        ("start=2026-01-01&end=2026-04-01", "end"),
        ("start=1999-12-31&end=2000-01-01", "start"),
        ("start=2100-12-31&end=2101-01-01", "end"),
        ("provider=windsurf", "provider"),
        ("provider=codex,windsurf", "provider"),
        ("repo=" + "x" * 513, "repo"),
        ("repo=a%00b", "repo"),
        ("&".join(f"repo=a/{number}" for number in range(51)), "repo"),
        ("include_no_repo=yes", "include_no_repo"),
        ("q=" + "x" * 201, "q"),
        ("o=salary", "o"),
        ("o=--cost", "o"),
        ("p=0", "p"),
        ("p=-1", "p"),
        ("p=two", "p"),
        ("p=%D9%A3", "p"),
        ("compare=yes", "compare"),
        ("measure=tokens", "measure"),
        ("chart=pie", "chart"),
        ("zero=none", "zero"),
    ],
)
def test_a_bad_value_is_an_error_of_its_field(query, field, now):
    assert list(read(query)) == [field]


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("include_no_repo=true", "include_no_repo", True),
        ("include_no_repo=1", "include_no_repo", True),
        ("include_no_repo=false", "include_no_repo", False),
        ("include_no_repo=0", "include_no_repo", False),
        ("provider=codex,cursor", "providers", ("codex", "cursor")),
        ("provider=codex&provider=cursor", "providers", ("codex", "cursor")),
        ("provider= Codex ,,CURSOR,codex", "providers", ("codex", "cursor")),
        ("repo=acme/api,acme/web&repo=b/c", "repos", ("acme/api", "acme/web", "b/c")),
    ],
)
def test_the_spellings_of_the_api_are_accepted(now, query, name, value):
    assert getattr(read(query).selection, name) == value


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("range=30d&start=2026-06-40&end=2026-06-01&provider=codex&q=ann", "?range=30d&provider=codex&q=ann"),
        ("start=2026-06-09&end=2026-06-01&repo=a/b&o=user", "?repo=a%2Fb&o=user"),
        ("provider=codex,windsurf&measure=sessions", "?provider=codex&measure=sessions"),
        ("repo=acme/api&repo=" + "x" * 513, "?repo=acme%2Fapi"),
        ("measure=tokens&start=2026-06-01&end=2026-06-02&zero=0", "?start=2026-06-01&end=2026-06-02&zero=0"),
        ("q=" + "x" * 201 + "&p=two&include_no_repo=0", "?include_no_repo=0"),
        ("range=never&compare=1&chart=table", "?compare=1&chart=table"),
    ],
)
def test_beside_a_bad_value_every_valid_one_stays(now, query, kept):
    filters = PageFilters(QueryDict(query), queryset=None)
    assert not filters.is_valid()
    assert filters.state.query() == kept


def test_ninety_days_pass():
    assert read("start=2026-01-01&end=2026-03-31").selection.days.count == 90


def test_empty_is_absent(now):
    empty = "range=&start=&end=&provider=&repo=&include_no_repo=&q=&o=&p=&compare=&measure=&chart=&zero="
    assert read(empty) == read("")
    assert read(empty).query() == ""


def test_the_first_value_of_a_repeated_single_parameter_counts(now):
    assert read("measure=sessions&measure=x").measure == "sessions"


def test_the_query_string_of_a_view_gives_the_view_again(now):
    query = (
        "?range=30d&provider=codex&provider=cursor&repo=acme%2Fapi&repo=b%2Fc&include_no_repo=0&q=ann+lee&zero=0"
        "&compare=1&measure=sessions&chart=table&o=user&p=3"
    )
    state = read(query[1:])
    assert state.query() == query
    assert read(state.query()[1:]) == state


def test_a_change_leads_to_the_first_page_unless_the_table_stays_the_same(now):
    state = read("p=3")
    assert state.query(o="user") == "?o=user"
    assert state.query(measure="sessions") == "?measure=sessions&p=3"


def test_a_page_number_of_any_length_is_beyond_the_end(now):
    assert read("p=" + "9" * 5000).page_number == 10**9
    assert read("p=0000000000002").page_number == 2


def test_the_previous_period_ends_at_the_same_time_of_day_while_today_is_not_over(settings, now):
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    zone = app_settings.time_zone
    days, _start, end = previous_period(read("").selection.days, zone, NOW)
    assert (days.first, days.last) == (date(2026, 6, 4), date(2026, 6, 10))
    assert end == datetime(2026, 6, 10, 15, 30, tzinfo=UTC)
    over = read("range=last-week").selection.days
    assert previous_period(over, zone, NOW)[2] == datetime(2026, 6, 7, 22, tzinfo=UTC)
    to_come = read("start=2026-08-01&end=2026-08-03").selection.days
    assert previous_period(to_come, zone, NOW)[1:] == (datetime(2026, 7, 28, 22, tzinfo=UTC),) * 2
