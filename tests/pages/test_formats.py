"""Durations, money and changes as readers see them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from org_analytics.pages import formats
from org_analytics.pages.cards import find_change
from org_analytics.pages.figures import Figures
from org_analytics.reporting.usage import Usage

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (0, "0s"),
        (499, "0s"),
        (500, "1s"),
        (45_000, "45s"),
        (90_000, "1m 30s"),
        (119_500, "2m"),
        (3_599_499, "59m 59s"),
        (3_599_500, "1h"),
        (19_800_000, "5h 30m"),
        (86_400_000, "24h"),
        (94_200_000, "26h 10m"),
        (3_600_000 + 59_000, "1h"),
        (359_999_499, "99h 59m"),
        (359_999_500, "100h"),
        (100 * 3_600_000 + 59 * 60_000, "100h"),
        (590 * 3_600_000, "590h"),
        (149_916 * 3_600_000, "149,916h"),
    ],
)
def test_durations_have_two_units_at_most_and_hours_are_the_largest(milliseconds, text):
    assert formats.format_duration(milliseconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"),
        ("0", "$0.00"),
        ("0.000000001", "<$0.01"),
        ("0.0099", "<$0.01"),
        ("0.01", "$0.01"),
        ("0.005", "<$0.01"),
        ("0.015", "$0.02"),
        ("1234.5", "$1,234.50"),
        ("1234567.005", "$1,234,567.01"),
        ("-0.5", "−$0.50"),
        ("-0.001", ">−$0.01"),
    ],
)
def test_money_has_cents_and_groups(amount, text):
    assert formats.format_money(amount and Decimal(amount)) == text


def test_numbers_and_dates_are_the_readers():
    with translation.override("de"):
        assert formats.format_money(Decimal("1234.5")) == "1.234,50\xa0$"
        assert formats.format_count(1234567) == "1.234.567"
        assert formats.format_day(date(2026, 10, 9)) == "9. Okt. 2026"
        assert formats.format_percent(Decimal("0.0123")) == "1,2\xa0%"
        assert formats.format_duration(90_000) == "1\xa0min 30\xa0s"


def test_moments_are_shown_in_the_zone():
    moment = datetime(2026, 6, 17, 23, 30, tzinfo=UTC)
    assert formats.format_moment(moment, ZoneInfo("Europe/Berlin")) == "18 Jun 2026, 01:30"


@pytest.mark.parametrize(
    ("now", "then", "text", "direction"),
    [
        (121, 100, "21%", "more"),
        (Decimal("94.9"), Decimal(100), "5.1%", "less"),
        (3, 3, "no change", "same"),
        (0, 0, "no change", "same"),
        (5, 0, "new", "new"),
        (0, 5, "100%", "less"),
        (25, 2, "1,150%", "more"),
    ],
)
def test_a_change_is_a_ratio_with_an_arrow_for_eyes_and_words_for_ears(now, then, text, direction):
    shown = find_change(now, then)
    arrow, words = {
        "more": ("↑", "more than in the previous period"),
        "less": ("↓", "less than in the previous period"),
    }.get(direction, ("", ""))
    assert (shown.text, shown.direction, shown.arrow, shown.words) == (text, direction, arrow, words)


@pytest.mark.parametrize(("now", "then"), [(None, 1), (1, None), (None, None)])
def test_there_is_no_change_where_a_side_is_unknown(now, then):
    assert find_change(now, then) is None


@pytest.mark.parametrize(
    ("usage", "cost", "average"),
    [
        (Usage(), "$0.00", "–"),
        (Usage(session_count=2, cost_nanos=3_000_000_000, cost_count=2), "$3.00", "$1.50"),
        (Usage(session_count=2, unpriced_count=2), "unpriced", "unpriced"),
        (Usage(session_count=2, unpriced_count=1, cost_nanos=3_000_000_000, cost_count=1), "≥ $3.00", "$3.00"),
        (Usage(session_count=2, unpriced_count=1, cost_nanos=3_000_000_000, cost_count=2), "≥ $3.00", "≥ $1.50"),
        (Usage(session_count=1, cost_nanos=4_000_000, cost_count=1), "<$0.01", "<$0.01"),
    ],
)
def test_an_unknown_cost_is_never_nothing(usage, cost, average):
    figures = Figures(usage)
    assert (figures.format("cost"), figures.format("avg_cost")) == (cost, average)
