"""The page of one session: what it shows, and the way back and on."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import hosts
from tests.pages.steps import shown, words

pytestmark = pytest.mark.django_db

COUNTS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")


def usage(model, cost, **counts):
    return {"model": model, "cost_usd": cost, **dict.fromkeys(COUNTS), **counts}


def page_of(session, query=""):
    return f"/organization/sessions/{session.pk}{query}"


@pytest.fixture
def session(user, make_session, now):
    return make_session(
        user,
        title="Fix login",
        external_id="thread-1",
        provider="codex",
        cost_usd=None,
        started_at=now - timedelta(hours=2),
        ended_at=now,
        git_info={"path": "ann/api", "upstream_path": "acme/api"},
        models=[usage("gpt", "1.5", requests=3, input_tokens=1_234_567), usage("secret-model", None)],
        recap={
            "recap": "The login works.\n\nIt needed <b>two</b> fixes.",
            "went_well": ["Tests came first.", {"text": "Small steps.", "message_id": "m1"}],
            "suggestions_context": ["Name the test command."],
            "model_used": "haiku",
            "computed_at": now,
        },
    )


def test_numbers_repository_models_and_recap_are_shown(api, session):
    text = words(shown(api, page_of(session)))
    for part in (
        "Duration 1m Assistant time 40s User time 10s Est. cost ≥ $1.50",
        "Provider Codex",
        "Repository acme/api (in its fork ann/api)",
        "Started 17 Jun 2026, 13:30 · UTC",
        "Ended 17 Jun 2026, 15:30 · UTC",
        "Session id thread-1",
        "gpt $1.50 3 1,234,567 – – – secret-model unpriced – – – – –",
        "Recap The login works. It needed",
        "What went well Tests came first. Small steps.",
        "Suggestions for the default context Name the test command.",
        "17 Jun 2026, 15:30 · haiku",
    ):
        assert part in text, part
    assert "What went badly" not in text


def test_recap_and_title_are_escaped(api, user, make_session, now):
    attack = "<script>alert(1)</script>"
    recap = {"recap": attack, "went_badly": [attack], "model_used": attack, "computed_at": now}
    text = shown(api, page_of(make_session(user, title=attack, recap=recap))).content.decode()
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


def test_repository_leads_to_its_view(api, session):
    text = shown(api, page_of(session, "?range=30d&provider=codex")).content.decode()
    assert 'href="/organization?range=30d&amp;repo=acme%2Fapi&amp;include_no_repo=0"' in text


def test_session_without_title_repository_or_models_says_so(api, user, make_session, now):
    text = words(shown(api, page_of(make_session(user, title="", models=None))))
    assert "Untitled" in text
    assert "Repository No repository" in text
    assert "Ended –" in text
    assert "Models" not in text
    assert "Recap" not in text


def test_pending_session_says_that_no_total_counts_it(api, user, make_session, now):
    text = words(shown(api, page_of(make_session(user, analyzed=False))))
    assert "This session is not analyzed yet" in text
    assert "Duration – Assistant time – User time – Est. cost –" in text


def links(response):
    return dict(re.findall(r'<a id="(back|before|after)"[^>]* href="([^"]+)"', response.content.decode()))


@pytest.fixture
def three(user, make_session, now):
    return [
        make_session(user, title=title, provider=provider, started_at=now - timedelta(hours=hours))
        for hours, (title, provider) in enumerate([("b", "codex"), ("a", "cursor"), ("c", "codex")])
    ]


@pytest.mark.parametrize(
    ("query", "before", "after"),
    [("", 0, 2), ("?o=title", None, 0), ("?o=-title", 0, None), ("?range=30d&q=a", None, None)],
)
def test_previous_and_next_are_those_of_the_list(api, three, query, before, after):
    found = links(shown(api, page_of(three[1], query)))
    expected = {"before": before, "after": after}
    escaped = query.replace("&", "&amp;")
    assert {name: url for name, url in found.items() if name != "back"} == {
        name: page_of(three[place], escaped) for name, place in expected.items() if place is not None
    }


def test_previous_and_next_stay_inside_the_filters(api, three):
    found = links(shown(api, page_of(three[0], "?provider=codex")))
    assert found["after"] == page_of(three[2], "?provider=codex")


def test_a_session_outside_the_list_has_no_neighbours(api, three):
    assert list(links(shown(api, page_of(three[1], "?provider=codex")))) == ["back"]


def test_way_back_keeps_the_list_as_it_was(api, three, user, join):
    join(user, "Core")
    response = shown(api, page_of(three[1], "?range=30d&team=Core&q=a&o=title"))
    assert links(response)["back"] == f"/organization/people/{user.pk}?range=30d&amp;team=Core&amp;q=a&amp;o=title"
    breadcrumb = re.findall(r'href="([^"]+)"><bdi>([^<]+)', response.content.decode())
    assert ("/organization?range=30d&amp;team=Core", "Core") in breadcrumb
    assert (f"/organization/people/{user.pk}?range=30d&amp;team=Core&amp;q=a&amp;o=title", "Ann Lee") in breadcrumb


def test_link_to_the_site_s_own_page(api, session, settings, monkeypatch):
    assert "host-page" not in shown(api, page_of(session)).content.decode()
    monkeypatch.setattr(hosts, "session_url", lambda session, request: f"/agents/{session.pk}", raising=False)
    settings.ORG_ANALYTICS_SESSION_URL = "tests.hosts.session_url"
    assert f'id="host-page" href="/agents/{session.pk}"' in shown(api, page_of(session)).content.decode()


@pytest.mark.parametrize("query", ["o=salary", "range=x", "q=" + "x" * 201])
def test_a_bad_value_has_a_message(api, session, query):
    response = shown(api, page_of(session, f"?{query}"), status=400)
    assert "Some values in the address are invalid" in words(response)


def test_cost_that_is_partly_known_is_a_lower_bound(api, user, make_session, now):
    session = make_session(user, cost_usd="1.5", models=[usage("gpt", "1.5"), usage("secret-model", None)])
    assert "Est. cost ≥ $1.50" in words(shown(api, page_of(session)))


def test_no_cache_stores_the_page(api, session):
    assert shown(api, page_of(session))["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("without_access_log")
def test_queries_do_not_grow_with_sessions_or_models(api, session, user, make_session, now):
    def count(one):
        with CaptureQueriesContext(connection) as captured:
            shown(api, page_of(one, "?range=30d"))
        return len(captured)

    before = count(session)
    many = [usage(f"model-{number}", "0.1") for number in range(30)]
    for number in range(20):
        other = make_session(user, started_at=now - timedelta(number), cost_usd="3", models=many)
    assert count(session) == count(other) == before <= 15
