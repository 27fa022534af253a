"""The small line of a row: its points and its words."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.pages.sparkline import HEIGHT, Sparklines

FIRST = date(2026, 6, 15)
DOLLAR = 10**9


def line(measure, *values):
    """The line of consecutive days; `...` is a day without a session."""
    days = [FIRST + timedelta(number) for number in range(len(values))]
    known = {day: value for day, value in zip(days, values, strict=True) if value is not ...}
    return Sparklines(measure, days).make(known)


def test_highest_day_is_at_the_top_and_zero_at_the_bottom():
    assert line("sessions", 0, 10, 5).points == "0,15 1,1 2,8"


def test_days_inside_a_level_stretch_are_left_out():
    assert line("sessions", ..., ..., 0, 4, 4, 4, 0).points == "0,15 2,15 3,1 5,1 6,15"


@pytest.mark.parametrize(
    ("measure", "values", "text"),
    [
        (
            "cost",
            (2 * DOLLAR, 9 * DOLLAR, 9 * DOLLAR, 4 * DOLLAR),
            "Est. cost by day: first $2.00, last $4.00, highest $9.00 on Tue 16 Jun",
        ),
        ("cost", (None, DOLLAR, ...), "Est. cost by day: first unpriced, last $0.00, highest $1.00 on Tue 16 Jun"),
        ("sessions", (..., 1_234), "Sessions by day: first 0, last 1,234, highest 1,234 on Tue 16 Jun"),
        ("duration", (60_000, None), "Total duration by day: first 1m, last –, highest 1m on Mon 15 Jun"),
    ],
)
def test_words_name_the_first_the_last_and_the_highest_day(measure, values, text):
    assert line(measure, *values).text == text


@pytest.mark.parametrize("values", [(), (5,), (0, 0, 0), (None, None), (..., ...)])
def test_nothing_is_drawn_of_one_day_or_of_no_use(values):
    assert line("cost", *values) is None


@given(st.lists(st.integers(0, 2**53), min_size=2, max_size=90).filter(any))
def test_line_covers_all_days_and_stays_inside_its_frame(values):
    drawn = line("sessions", *values)
    places, heights = zip(*(map(int, point.split(",")) for point in drawn.points.split()), strict=True)
    assert (places[0], places[-1], drawn.width) == (0, len(values) - 1, len(values) - 1)
    assert list(places) == sorted(set(places))
    assert min(heights) == 1
    assert max(heights) <= HEIGHT - 1
