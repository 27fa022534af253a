"""The small line of a row: its points and its words."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.pages.sparkline import HEIGHT, make_sparkline
from org_analytics.reporting.usage import Usage

FIRST = date(2026, 6, 15)
DOLLAR = 10**9


def days(count):
    return [FIRST + timedelta(number) for number in range(count)]


def sessions(*counts):
    return make_sparkline("sessions", days(len(counts)), [Usage(session_count=count) for count in counts])


def test_highest_day_is_at_the_top_and_zero_at_the_bottom():
    assert sessions(0, 10, 5).points == "0,15 1,1 2,8"


def test_days_inside_a_level_stretch_are_left_out():
    assert sessions(0, 0, 0, 4, 4, 4, 0).points == "0,15 2,15 3,1 5,1 6,15"


def test_words_name_the_first_the_last_and_the_highest_day():
    usages = [Usage(session_count=1, cost_nanos=cost * DOLLAR, cost_count=1) for cost in (2, 9, 9, 4)]
    line = make_sparkline("cost", days(4), usages)
    assert line.text == "Est. cost by day: first $2.00, last $4.00, highest $9.00 on Tue 16 Jun"


def test_words_say_where_a_cost_is_unknown():
    unpriced = Usage(session_count=1, unpriced_count=1)
    line = make_sparkline("cost", days(2), [unpriced, Usage(session_count=1, cost_nanos=DOLLAR, cost_count=1)])
    assert line.text == "Est. cost by day: first unpriced, last $1.00, highest $1.00 on Tue 16 Jun"


@pytest.mark.parametrize("counts", [(), (5,), (0, 0, 0)])
def test_nothing_is_drawn_of_one_day_or_of_no_use(counts):
    assert sessions(*counts) is None


@given(st.lists(st.integers(0, 2**53), min_size=2, max_size=90).filter(any))
def test_line_covers_all_days_and_stays_inside_its_frame(counts):
    line = sessions(*counts)
    places, heights = zip(*(map(int, point.split(",")) for point in line.points.split()), strict=True)
    assert (places[0], places[-1], line.width) == (0, len(counts) - 1, len(counts) - 1)
    assert list(places) == sorted(set(places))
    assert min(heights) == 1
    assert max(heights) <= HEIGHT - 1
