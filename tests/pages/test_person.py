"""The page of a person: their totals, breakdowns and sessions, and who sees which of them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession
from tests.pages.steps import shown, words

pytestmark = pytest.mark.django_db

PRIVATE = "Sessions are visible to their owner only."


def git(path, upstream=None):
    return {"path": path, "upstream_path": upstream}


def titles(response):
    return [session.title for session in response.context.get("sessions", ())]


def panels(response):
    return {
        panel.name: [(row.label, row.sessions, row.cost) for row in panel.rows] for panel in response.context["panels"]
    }


def cards(response):
    return {card.name: card.text for card in response.context["cards"].items}


@pytest.fixture
def bob(make_user, make_session, now):
    """Bob: $12 in 3 sessions of this week, and one that is pending; one of last month."""
    bob = make_user("bob@example.com", "Bob Ng")
    make_session(bob, title="Fix login", cost_usd="7", git_info=git("bob/api", "acme/api"), provider="codex")
    make_session(bob, title="Add export", cost_usd="5", git_info=git("acme/web"), started_at=now - timedelta(1))
    make_session(bob, title="", cost_usd=None, duration_ms=None, started_at=now - timedelta(2))
    make_session(bob, title="Half done", analyzed=False, started_at=now - timedelta(hours=1))
    make_session(bob, title="Long ago", cost_usd="99", started_at=now - timedelta(40))
    return bob


@pytest.fixture
def shared(settings):
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True


@pytest.fixture
def own(client_of, bob):
    """A browser in which Bob is logged in."""
    return client_of(bob)


def test_totals_are_those_of_the_person(api, bob):
    response = shown(api, f"/organization/people/{bob.pk}")
    assert cards(response)["sessions"] == "3"
    assert cards(response)["cost"] == "≥ $12.00"
    assert "Bob Ng bob@example.com Last 7 days" in words(response)
    assert "1 session not analyzed yet" in words(response)


def test_breakdowns_are_by_repository_provider_and_model(api, bob):
    assert panels(shown(api, f"/organization/people/{bob.pk}")) == {
        "repo": [("acme/api", "1", "$7.00"), ("acme/web", "1", "$5.00"), ("No repository", "1", "unpriced")],
        "provider": [("Codex", "1", "$7.00"), ("Claude Code", "2", "≥ $5.00")],
        "model": [("Not broken down", "–", "$12.00")],
    }


def test_numbers_of_a_breakdown_narrow_the_page_and_names_lead_to_the_repository(api, bob):
    text = shown(api, f"/organization/people/{bob.pk}?range=30d").content.decode()
    assert f'href="/organization/people/{bob.pk}?range=30d&amp;repo=acme%2Fweb&amp;include_no_repo=0"' in text
    assert f'href="/organization/people/{bob.pk}?range=30d&amp;repo=-"' in text
    assert f'href="/organization/people/{bob.pk}?range=30d&amp;provider=codex"' in text
    assert 'href="/organization?range=30d&amp;repo=acme%2Fapi&amp;include_no_repo=0"' in text
    assert f'href="/organization?range=30d&amp;person={bob.pk}&amp;group=repo"' in text
    assert f'href="/organization.csv?range=30d&amp;person={bob.pk}&amp;group=repo" download' in text
    assert 'id="own" href="/organization/me?range=30d"' in shown(api, "/organization?range=30d&q=b").content.decode()


def test_narrowed_page_has_the_numbers_that_led_to_it(api, bob):
    response = shown(api, f"/organization/people/{bob.pk}?repo=-")
    assert (cards(response)["sessions"], cards(response)["cost"]) == ("1", "unpriced")


def test_own_sessions_are_listed_newest_first_with_pending_ones_marked(own, bob):
    response = shown(own, f"/organization/people/{bob.pk}")
    assert titles(response) == ["Fix login", "Half done", "Add export", "Untitled"]
    assert "Sessions 3 · 1 session not analyzed yet" in words(response)
    rows = [(row.is_pending, row.numbers[-1], row.root, row.fork) for row in response.context["sessions"]]
    assert rows == [
        (False, "$7.00", "acme/api", "bob/api"),
        (True, "–", "", ""),
        (False, "$5.00", "acme/web", ""),
        (False, "unpriced", "", ""),
    ]


def test_as_many_sessions_are_listed_as_the_card_says(own, bob, make_session):
    for number in range(42):
        make_session(bob, title=f"More {number}", started_at=bob.coding_sessions.first().started_at)
    for query in ("", "?provider=codex", "?repo=acme/web&include_no_repo=0", "?range=90d"):
        response = shown(own, f"/organization/me{query}")
        counted = [row for row in response.context["sessions"] if not row.is_pending]
        assert str(len(counted)) == cards(response)["sessions"], query


def test_me_is_the_reader(own, bob):
    response = shown(own, "/organization/me?range=30d")
    assert cards(response) == cards(shown(own, f"/organization/people/{bob.pk}?range=30d"))
    assert 'href="/organization/me?range=90d"' in response.content.decode()


def test_others_see_the_sums_and_no_session(api, superuser, client_of, bob):
    for client in (api, client_of(superuser)):
        response = shown(client, f"/organization/people/{bob.pk}?q=Fix")
        assert cards(response)["sessions"] == "3"
        assert PRIVATE in words(response)
        assert titles(response) == []
        assert "Fix login" not in response.content.decode()
        assert "/organization/sessions/" not in response.content.decode()


def test_everybody_sees_the_sessions_where_they_are_shared(api, bob, shared):
    response = shown(api, f"/organization/people/{bob.pk}")
    assert "Fix login" in titles(response)
    assert PRIVATE not in words(response)


@pytest.mark.parametrize("text", ["999999", "0", "-1", "x", "1.0", "a/b", "%00", "007", "9" * 40, "None", " 1", ""])
def test_somebody_who_left_and_ids_of_nobody_have_the_same_answer(api, inactive, bob, text):
    left = api.get(f"/organization/people/{inactive.pk}")
    answer = api.get(f"/organization/people/{text}")
    assert (answer.status_code, answer.content) == (left.status_code, left.content)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=LOGIN", ["Fix login"]),
        ("q=acme/api", ["Fix login"]),
        ("q=bob/api", ["Fix login"]),
        ("q=nothing", []),
        ("o=title", ["Add export", "Fix login", "Half done", "Untitled"]),
        ("o=-cost", ["Fix login", "Add export"]),
        ("o=started", ["Untitled", "Add export", "Half done", "Fix login"]),
        ("provider=codex", ["Fix login"]),
        ("range=90d&o=-cost", ["Long ago", "Fix login", "Add export"]),
    ],
)
def test_sessions_are_searched_sorted_and_filtered(own, query, found):
    response = shown(own, f"/organization/me?{query}")
    assert titles(response)[: len(found)] == found
    assert bool(titles(response)) is bool(found)


def test_a_search_without_a_match_says_so(own):
    response = shown(own, "/organization/me?q=nothing")
    assert "No title and no repository contains this text." in words(response)
    assert cards(response)["sessions"] == "3"


def test_list_has_parts_of_fifty_that_follow_each_other(own, bob, now):
    CodingSession.objects.record_many(
        {
            "user": bob,
            "provider": "codex",
            "external_id": f"m{number}",
            "title": f"More {number:03}",
            "started_at": now - timedelta(minutes=number + 90),
        }
        for number in range(70)
    )
    first = shown(own, "/organization/me?provider=codex&o=title")
    assert titles(first)[1:3] == ["More 000", "More 001"]
    assert len(titles(first)) == 50
    second = shown(own, "/organization/me" + first.context["next_part"])
    assert len(titles(second)) == 21
    assert not set(titles(first)) & set(titles(second))
    assert second.context["next_part"] is None
    assert titles(shown(own, "/organization/me" + second.context["first_part"])) == titles(first)


def test_a_part_stays_while_new_sessions_come_in(own, bob, make_session, now):
    CodingSession.objects.record_many(
        {"user": bob, "provider": "codex", "external_id": str(number), "started_at": now - timedelta(minutes=number)}
        for number in range(60)
    )
    after = "/organization/me" + shown(own, "/organization/me").context["next_part"]
    before = [row.url for row in shown(own, after).context["sessions"]]
    make_session(bob, started_at=now + timedelta(minutes=5))
    assert [row.url for row in shown(own, after).context["sessions"]] == before


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("cursor=x", "Page: This part of the list cannot be found. The list begins again."),
        ("cursor=%00", "Page:"),
        ("o=salary", "Sort order: Unknown column to sort by."),
        ("q=" + "x" * 201, "At most 200 characters."),
        ("range=x", "Unknown date range."),
        ("repo_q=" + "x" * 201, "At most 200 characters."),
    ],
)
def test_every_bad_value_has_a_visible_message(own, query, message):
    response = shown(own, f"/organization/me?{query}", status=400)
    assert message in words(response)
    assert titles(response)[0] == "Fix login"


def test_title_of_a_session_is_escaped(own, bob, make_session):
    make_session(
        bob, title="<script>alert(1)</script>", recap={"recap": "<i>x</i>", "computed_at": "2026-06-17T00:00Z"}
    )
    text = shown(own, "/organization/me").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;i&gt;x&lt;/i&gt;" in text


def test_a_person_without_a_session_in_range_has_an_empty_state(api, make_user, bob):
    idle = make_user("idle@example.com", "Ida Idle")
    response = shown(api, f"/organization/people/{idle.pk}")
    assert "No sessions in this view" in words(response)
    assert "Last 90 days" in words(response)


def test_breadcrumb_leads_back_with_the_filters(api, bob, join):
    join(bob, "Core")
    text = shown(api, f"/organization/people/{bob.pk}?range=30d&provider=codex&team=Core&q=x&o=title").content.decode()
    breadcrumb = text[text.index("oa-breadcrumb") : text.index("<h1>")]
    assert re.findall(r'href="([^"]+)"><bdi>([^<]+)', breadcrumb) == [
        ("/organization?range=30d&amp;provider=codex", "Organization"),
        ("/organization?range=30d&amp;provider=codex&amp;team=Core", "Core"),
    ]
    assert 'aria-current="page"><bdi>Bob Ng' in breadcrumb


def test_htmx_gets_the_inside_and_the_address_to_show(own, bob):
    response = shown(own, "/organization/me?range=30d&q=", **{"HX-Request": "true"})
    assert response["HX-Push-Url"] == "/organization/me?range=30d"
    assert "<html" not in response.content.decode()


def test_repositories_of_the_filter_are_searched_for_htmx(own, bob):
    headers = {"HX-Request": "true", "HX-Target": "repository-options"}
    text = shown(own, "/organization/me?repo_q=web", **headers).content.decode()
    assert "acme/web" in text
    assert "acme/api" not in text


def test_no_cache_stores_the_page(own):
    assert shown(own, "/organization/me")["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("without_access_log")
def test_queries_do_not_grow_with_sessions(own, bob, make_session, now):
    def count():
        with CaptureQueriesContext(connection) as captured:
            shown(own, "/organization/me?range=30d&q=e")
        return len(captured)

    before = count()
    for number in range(20):
        make_session(bob, title=f"e {number}", git_info=git(f"more/{number}"), started_at=now - timedelta(number))
    assert count() == before <= 30
