"""CSV and JSON of exactly the view: every row, unlocalised, unrounded, safe in a spreadsheet."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.money import format_exact, from_nanos
from org_analytics.pages.downloads import csv_lines, in_pieces, neutralize
from org_analytics.pages.figures import Figures
from org_analytics.pages.table import TableRow
from org_analytics.reporting.members import Person
from org_analytics.reporting.usage import Usage

pytestmark = pytest.mark.django_db


def rows(client, query=""):
    response = client.get(f"/organization.csv{query}")
    assert response.streaming
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


def test_csv_has_a_head_with_units_and_unrounded_values(api, user, make_session, now):
    make_session(user, cost_usd="0.00114675", duration_ms=1001)
    make_session(user, cost_usd=None, duration_ms=None, assistant_ms=None, user_ms=None)
    (row,) = rows(api)
    assert row == {
        "user_id": str(user.pk),
        "email": "ann@example.com",
        "name": "Ann Lee",
        "session_count": "2",
        "unpriced_session_count": "1",
        "total_cost_usd": "0.00114675",
        "total_duration_ms": "1001",
        "total_assistant_time_ms": "40000",
        "total_user_time_ms": "10000",
        "avg_cost_usd": "0.00114675",
        "avg_duration_ms": "1001",
        "avg_assistant_time_ms": "40000",
        "avg_user_time_ms": "10000",
        "last_active": "2026-06-17",
    }


def test_unknown_is_empty_and_no_session_is_zero(api, user, make_session, make_user, now):
    make_session(user, cost_usd=None)
    make_user("bob@example.com", "Bob")
    ann, bob = rows(api, "?o=user")
    assert (ann["total_cost_usd"], ann["avg_cost_usd"], bob["total_cost_usd"]) == ("", "", "0.00")


def test_download_is_the_view_and_not_its_page(api, make_user, make_session, now):
    for number in range(105):
        make_session(make_user(f"p{number}@example.com", f"P {number:03}"), cost_usd=str(number + 1))
    assert len(rows(api, "?p=2")) == 106
    view = rows(api, "?o=-user&zero=0&q=P+00")
    assert [row["name"] for row in view] == [f"P {number:03}" for number in reversed(range(10))]


def test_csv_begins_with_the_mark_by_which_excel_knows_utf8(api, user, now):
    content = b"".join(api.get("/organization.csv").streaming_content)
    assert content.startswith(b"\xef\xbb\xbfuser_id,")
    assert not b"".join(api.get("/organization.json").streaming_content).startswith(b"\xef\xbb\xbf")


def test_numbers_are_not_localized(api, user, make_session, now):
    make_session(user, cost_usd="1234.5", duration_ms=1_234_567)
    with translation.override("de"):
        (row,) = rows(api)
    assert (row["total_cost_usd"], row["total_duration_ms"]) == ("1234.50", "1234567")


SIGNS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫"]
INVISIBLE = ["", "\u200b", "\u200c\u200d", "\u2060", "\ufeff", "\u202e", "\u00ad"]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", INVISIBLE)
def test_text_that_a_spreadsheet_takes_for_a_formula_is_marked_as_text(before, sign):
    assert neutralize(f"{before}{sign}1+1") == f"'{before}{sign}1+1"


@given(st.integers() | st.from_regex(r"\A[\w(.'\"]", fullmatch=False))
def test_numbers_and_texts_that_begin_with_a_letter_or_digit_stay_as_they_are(value):
    assert neutralize(value) is value


@pytest.mark.parametrize("text", ["", "\u200b", "Ann = Bob", "5−3", "名前"])
def test_texts_without_a_leading_sign_stay_as_they_are(text):
    assert neutralize(text) is text


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5), st.integers(0, 10**18))
def test_csv_reads_back_as_it_was_whatever_people_are_called(people, nanos):
    table = [
        TableRow(Person(number, email, name or None), Figures(Usage(session_count=1, cost_nanos=nanos, cost_count=1)))
        for number, (email, name) in enumerate(people)
    ]
    text = "".join(csv_lines(table)).removeprefix("\ufeff")
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = [(neutralize(email), neutralize(name)) for email, name in people]
    assert [(row["email"], row["name"]) for row in read] == expected
    assert {row["total_cost_usd"] for row in read} <= {format_exact(from_nanos(nanos))}
    assert all(row["email"][:1] not in ("=", "+", "-", "@", "\t", "\r") for row in read)


def test_names_survive_commas_quotes_and_line_breaks(api, make_user, make_session, now):
    make_session(make_user("x@example.com", 'He said, "no"'))
    assert 'He said, "no"' in [row["name"] for row in rows(api)]


def test_json_has_the_view_its_totals_and_its_rows(api, user, make_session, make_user, settings, now):
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    make_session(user, cost_usd="0.5")
    make_session(make_user("bob@example.com", ""), cost_usd=None)
    response = api.get("/organization.json?provider=claude-code&o=user")
    answer = json.loads(b"".join(response.streaming_content))
    assert list(answer) == ["computed_at", "start", "end", "time_zone", "group_by", "filters", "totals", "users"]
    assert answer["start"] == "2026-06-11T00:00:00+02:00"
    assert answer["filters"]["providers"] == ["claude-code"]
    assert answer["totals"]["total_cost_usd"] == "0.50"
    assert [(row["name"], row["total_cost_usd"]) for row in answer["users"]] == [("Ann Lee", "0.50"), (None, None)]


def test_json_of_nobody_is_json(api, now):
    answer = json.loads(b"".join(api.get("/organization.json?q=nobody").streaming_content))
    assert answer["users"] == []


def test_file_name_says_range_zone_and_filters(api, settings, now):
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    query = "?range=last-week&provider=codex&repo=acme/api&include_no_repo=0&q=Ánn+%22;/&zero=0"
    assert api.get(f"/organization.csv{query}")["Content-Disposition"] == (
        'attachment; filename="organization-2026-06-08_2026-06-14-europe-berlin'
        '-codex-acme-api-with-repository-ann-active.csv"'
    )
    many = "&".join(f"repo=a/{number}" for number in range(3))
    assert "-utc" not in api.get(f"/organization.json?{many}")["Content-Disposition"]
    assert "3-repos.json" in api.get(f"/organization.json?{many}")["Content-Disposition"]


@pytest.mark.parametrize("extension", ["csv", "json"])
def test_bad_address_is_refused_in_words(api, extension, now):
    response = api.get(f"/organization.{extension}?range=x&p=0")
    assert response.status_code == 400
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode() == "range: Unknown date range.\np: Must be a page number, 1 or higher."


def test_sessions_before_and_after_the_range_are_left_out(api, user, make_session, now):
    make_session(user, started_at=now - timedelta(days=8))
    make_session(user, started_at=now + timedelta(days=1))
    assert rows(api)[0]["session_count"] == "0"


@pytest.mark.parametrize("path", ["/organization.csv", "/organization.json"])
def test_off_is_the_hosts_404_and_strangers_log_in(client, settings, path, db):
    assert client.get(path).status_code == 302
    settings.ENABLE_ORG_ANALYTICS = False
    assert client.get(path).status_code == 404


def test_many_rows_are_sent_in_pieces_of_many_rows():
    chunks = [f"{number}\n" for number in range(1_200)]
    pieces = list(in_pieces(iter(chunks)))
    assert "".join(pieces) == "".join(chunks)
    assert len(pieces) == 3
