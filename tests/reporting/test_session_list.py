"""The list of a person's sessions: complete, in order, in parts that new sessions do not move."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession
from org_analytics.periods import Days
from org_analytics.reporting import reports, session_list
from org_analytics.reporting.members import members
from org_analytics.reporting.selection import Selection
from org_analytics.reporting.session_cursor import InvalidCursorError
from org_analytics.reporting.session_list import SessionListing, count_sessions, list_sessions, neighbours
from org_analytics.reporting.session_order import ORDERS, SessionOrder
from tests.questions import NOW
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
EVERYTHING = Selection(FIRST, FIRST + timedelta(days=30), Days(FIRST.date(), FIRST.date() + timedelta(29)))
TITLES = ["", "apple", "Banana", "cherry", "Äpfel", "äpfel", "éclair", "Zebra", "日本"]
REPOS = [None, "acme/api", "acme/web"]

milliseconds = st.none() | st.integers(0, 3)
sessions = st.lists(
    st.fixed_dictionaries(
        {
            "provider": st.sampled_from(["claude-code", "codex"]),
            "started_at": st.integers(0, 5).map(lambda hours: FIRST + timedelta(hours=7 * hours)),
            "title": st.sampled_from(TITLES),
            "cost_usd": st.none() | st.sampled_from([Decimal(0), Decimal("0.000000001"), Decimal("99999.123456789")]),
            "duration_ms": milliseconds,
            "assistant_ms": milliseconds,
            "user_ms": milliseconds,
            "analyzed": st.sampled_from([True, True, False]),
            "git_info": st.sampled_from(REPOS).map(lambda path: path and {"path": path}),
        }
    ),
    max_size=12,
)
selections = st.builds(
    lambda start, end, providers, repos, include_no_repo: Selection(
        FIRST + timedelta(hours=start), FIRST + timedelta(hours=end), EVERYTHING.days, providers, repos, include_no_repo
    ),
    st.integers(0, 10),
    st.integers(11, 50),
    st.lists(st.sampled_from(["claude-code", "codex"]), unique=True).map(tuple),
    st.lists(st.sampled_from(["ACME/api", "acme/web", "no/where"]), max_size=2, unique=True).map(tuple),
    st.booleans(),
)
orders = st.sampled_from(ORDERS).map(SessionOrder.parse)
ordinary = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def owner_of(user):
    [person] = members([user.pk if isinstance(user.pk, int) else str(user.pk)])
    return person


def load(rows):
    """The only sessions: these, of Ann."""
    CodingSession.objects.all().delete()
    ann = get_user_model().objects.filter(email="ann@example.com").first() or create_user("ann@example.com", "Ann Lee")
    CodingSession.objects.record_many({**row, "user": ann, "external_id": str(n)} for n, row in enumerate(rows))
    return owner_of(ann)


def parts_of(listing):
    """All parts, from the first to the last."""
    part = list_sessions(listing)
    yield part.sessions
    while part.next_cursor:
        part = list_sessions(listing, part.next_cursor)
        yield part.sessions


def in_order(rows, order):
    """The slow and obvious way: known values in their direction, then the unknown ones; ties by id."""

    def value(row):
        if order.is_by_title:
            return "".join(char.lower() if char.isascii() else char for char in row.title) or None
        return getattr(row, order.field.name)

    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    known.sort(key=lambda row: (value(row), row.pk), reverse=order.is_descending)
    unknown.sort(key=lambda row: row.pk, reverse=order.is_descending)
    return [row.pk for row in known + unknown]


def selected(selection):
    """The stored sessions that pass the filters, by the rules of the contract."""
    for session in CodingSession.objects.select_related("repo"):
        path = session.repo.path if session.repo else None
        in_repo = selection.include_no_repo if path is None else not selection.repos or path in repos_of(selection)
        in_range = selection.start <= session.started_at < selection.end
        if in_range and in_repo and selection.has_provider(session.provider):
            yield session


def repos_of(selection):
    return {path.lower() for path in selection.repos}


@ordinary
@given(sessions, selections, orders)
def test_parts_together_are_the_sorted_sessions_of_the_selection(monkeypatch, rows, selection, order):
    monkeypatch.setattr(session_list, "PART_SIZE", 3)
    listing = SessionListing(load(rows), selection, order)
    parts = list(parts_of(listing))

    assert [row.id for part in parts for row in part] == in_order(list(selected(selection)), order)
    assert all(len(part) == 3 for part in parts[:-1])


@ordinary
@given(sessions, selections, orders)
def test_neighbours_are_the_rows_before_and_after(rows, selection, order):
    listing = SessionListing(load(rows), selection, order)
    ids = [row.id for row in list_sessions(listing).sessions]

    for before, current, after in zip([None, *ids], ids, [*ids[1:], None], strict=False):
        assert neighbours(listing, current) == (before, after)
    for other in set(CodingSession.objects.values_list("pk", flat=True)) - set(ids):
        assert neighbours(listing, other) == (None, None)


@ordinary
@given(sessions, selections)
def test_counts_are_those_of_the_report(rows, selection):
    owner = load(rows)
    report = reports.report(selection)
    [usage] = [row.usage for row in report.people if row.person.id == owner.id]
    counts = count_sessions(SessionListing(owner, selection))

    assert counts == (usage.session_count, report.coverage.pending_sessions)
    listed = list_sessions(SessionListing(owner, selection)).sessions
    assert counts == (sum(row.is_analyzed for row in listed), sum(not row.is_analyzed for row in listed))


@pytest.mark.parametrize("order", ["-started", "started"])
def test_new_sessions_and_deleted_ones_do_not_move_the_next_part(user, make_session, monkeypatch, order):
    monkeypatch.setattr(session_list, "PART_SIZE", 2)
    stored = [make_session(user, started_at=NOW + timedelta(minutes=minute)).pk for minute in range(6)]
    listing = SessionListing(owner_of(user), EVERYTHING, SessionOrder.parse(order))
    first = list_sessions(listing)
    ids = stored if order == "started" else stored[::-1]
    assert [row.id for row in first.sessions] == ids[:2]

    make_session(user, started_at=NOW - timedelta(minutes=1))
    make_session(user, started_at=NOW + timedelta(hours=1))
    CodingSession.objects.filter(pk=ids[1]).delete()

    assert [row.id for row in list_sessions(listing, first.next_cursor).sessions] == ids[2:4]


def test_a_part_by_title_continues_after_its_last_session_and_says_if_that_is_gone(user, make_session, monkeypatch):
    monkeypatch.setattr(session_list, "PART_SIZE", 1)
    first, second = (make_session(user, title=title).pk for title in ["a secret", "b"])
    listing = SessionListing(owner_of(user), EVERYTHING, SessionOrder("title"))
    cursor = list_sessions(listing).next_cursor

    assert [row.id for row in list_sessions(listing, cursor).sessions] == [second]
    CodingSession.objects.filter(pk=first).delete()
    with pytest.raises(InvalidCursorError):
        list_sessions(listing, cursor)


def test_a_cursor_holds_no_title(user, make_session, monkeypatch):
    monkeypatch.setattr(session_list, "PART_SIZE", 1)
    for title in ["canary one", "canary two"]:
        make_session(user, title=title)
    cursor = list_sessions(SessionListing(owner_of(user), EVERYTHING, SessionOrder("title"))).next_cursor

    assert cursor.isascii()
    payload = cursor.partition(":")[0]
    assert b"canary" not in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


@pytest.mark.parametrize(
    "bad", ["x", "::", "a:b:c", "\0", "é", ".abc:def", "0" * 5_000, "{signed}x", "x{signed}", "{other order}"]
)
def test_a_text_that_is_not_a_cursor_of_this_list_is_refused(user, make_session, monkeypatch, bad):
    monkeypatch.setattr(session_list, "PART_SIZE", 1)
    make_session(user)
    make_session(user)
    owner = owner_of(user)
    texts = {
        "{signed}": list_sessions(SessionListing(owner, EVERYTHING)).next_cursor,
        "{other order}": list_sessions(SessionListing(owner, EVERYTHING, SessionOrder("cost"))).next_cursor,
    }
    for name, text in texts.items():
        bad = bad.replace(name, text)

    with pytest.raises(InvalidCursorError):
        list_sessions(SessionListing(owner, EVERYTHING), bad)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("FIX", {"Fix the bücher"}),
        ("BUCHER", {"Fix the bücher"}),
        ("bücher", {"Fix the bücher"}),
        ("the  bü", {"Fix the bücher"}),
        ("acme/API", {"", "Fix the bücher"}),
        ("ann/fork", {""}),
        ("100%", {"100% done"}),
        ("a_b", set()),
        (" ", {"", "Fix the bücher", "100% done"}),
        ("straße", set()),
    ],
)
def test_search_looks_at_title_and_repository_without_case_and_accents(user, make_session, search, found):
    upstream = {"path": "ann/fork", "upstream_path": "acme/api"}
    make_session(user, title="Fix the bücher", git_info={"path": "acme/api"})
    make_session(user, title="100% done")
    make_session(user, git_info=upstream)
    listing = SessionListing(owner_of(user), EVERYTHING, search=search)

    assert {row.title for row in list_sessions(listing).sessions} == found
    assert count_sessions(listing) == (len(found), 0)


@pytest.mark.parametrize("text", ["", "-", "x", "--cost", "cost-", "Cost", "cost_usd", "place"])
def test_an_unknown_order_is_refused(text):
    with pytest.raises(ValueError, match="Unknown order"):
        SessionOrder.parse(text)


def test_a_row_has_the_fork_its_root_and_the_first_line_of_the_recap(user, make_session):
    fork = {"path": "ann/api", "upstream_path": "acme/api"}
    recap = {"recap": "\n  Fixed the build. \nAnd more.", "computed_at": NOW}
    make_session(user, git_info=fork, recap=recap)
    [row] = list_sessions(SessionListing(owner_of(user), EVERYTHING)).sessions

    assert (row.repo, row.root, row.recap_line) == ("ann/api", "acme/api", "Fixed the build.")
    assert (row.is_analyzed, row.is_unpriced) == (True, False)


def test_sessions_of_others_are_not_listed(user, staff, make_session):
    make_session(staff)

    assert list_sessions(SessionListing(owner_of(user), EVERYTHING)).sessions == ()


def test_a_selection_of_other_people_has_no_session_of_this_one(user, staff, make_session):
    make_session(user)
    others = Selection(EVERYTHING.start, EVERYTHING.end, EVERYTHING.days, people=(owner_of(staff).id,))

    assert count_sessions(SessionListing(owner_of(user), others)) == (0, 0)


def test_number_of_queries_does_not_grow(user, make_session, monkeypatch):
    monkeypatch.setattr(session_list, "PART_SIZE", 2)
    listing = SessionListing(owner_of(user), EVERYTHING, search="acme")

    def numbers():
        for step in (
            lambda: list_sessions(listing),
            lambda: count_sessions(listing),
            lambda: neighbours(listing, CodingSession.objects.order_by("pk").values_list("pk", flat=True)[0]),
        ):
            with CaptureQueriesContext(connection) as queries:
                step()
            yield len(queries)

    make_session(user, git_info={"path": "acme/api"})
    before = list(numbers())
    for number in range(20):
        make_session(user, git_info={"path": f"acme/{number}"}, recap={"recap": "r", "computed_at": NOW})
    assert list(numbers()) == before
