"""The organization page: its contents, and that everything works without scripts."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from org_analytics.reporting import reports
from org_analytics.reporting.snapshots import QueryTimeoutError

pytestmark = pytest.mark.django_db


def shown(client, query="", status=200, **headers):
    response = client.get(f"/organization{query}", headers=headers)
    assert response.status_code == status
    return response


def people(response):
    return [row.label for row in response.context["rows"]]


@pytest.fixture
def team(make_user, make_session, user, now):
    """Ann $30 in 3 sessions, Bob $20 in 1, Cleo unpriced in 1, Dora none."""
    bob, cleo = make_user("bob@example.com", "Bob Ng"), make_user("cleo@example.com", "Cleo Øst")
    make_user("dora@example.com", "Dora Uhl")
    for days in range(3):
        make_session(user, cost_usd="10", started_at=now - timedelta(days), provider="codex")
    make_session(bob, cost_usd="20", duration_ms=5_000, git_info={"repo_url": "https://git.example.com/acme/api"})
    make_session(cleo, cost_usd=None, duration_ms=None)
    return user


def test_both_spellings_of_the_address_answer(api, now):
    assert api.get("/organization").status_code == api.get("/organization/").status_code == 200


def test_no_cache_stores_the_view(api, now):
    for path in ("/organization", "/organization.csv", "/organization.json"):
        response = api.get(path)
        assert response["Cache-Control"] == "no-store"
        assert {"Cookie", "HX-Request"} <= {name.strip() for name in response["Vary"].split(",")}


def test_title_range_zone_and_coverage_are_shown(api, team, inactive, make_session, settings):
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"
    make_session(team, analyzed=False)
    make_session(inactive)
    text = words(shown(api))
    assert "Last 7 days · 11 Jun 2026 – 17 Jun 2026 · days in Europe/Berlin time" in text
    for message in (
        "Data up to 17 Jun 2026, 17:30",
        "1 session not analyzed yet",
        "1 session unpriced",
        "1 session of people no longer active not counted",
    ):
        assert message in text


def test_coverage_leaves_out_zero_counts(api, user, make_session, now):
    make_session(user)
    text = words(shown(api))
    assert "not analyzed" not in text
    assert "unpriced" not in text
    assert "no longer active" not in text


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("", ["Ann Lee", "Bob Ng", "Dora Uhl", "Cleo Øst"]),
        ("user", ["Ann Lee", "Bob Ng", "Cleo Øst", "Dora Uhl"]),
        ("-user", ["Dora Uhl", "Cleo Øst", "Bob Ng", "Ann Lee"]),
        ("-sessions", ["Ann Lee", "Bob Ng", "Cleo Øst", "Dora Uhl"]),
        ("sessions", ["Dora Uhl", "Bob Ng", "Cleo Øst", "Ann Lee"]),
        ("cost", ["Dora Uhl", "Bob Ng", "Ann Lee", "Cleo Øst"]),
        ("-duration", ["Ann Lee", "Bob Ng", "Cleo Øst", "Dora Uhl"]),
        ("duration", ["Bob Ng", "Ann Lee", "Cleo Øst", "Dora Uhl"]),
        ("-avg_cost", ["Bob Ng", "Ann Lee", "Cleo Øst", "Dora Uhl"]),
        ("avg_cost", ["Ann Lee", "Bob Ng", "Cleo Øst", "Dora Uhl"]),
    ],
)
def test_order_is_by_column_with_ties_by_name_and_the_unknown_last(api, team, order, names):
    assert people(shown(api, f"?o={order}")) == names


def test_the_nameless_are_last_whichever_way_names_are_sorted(api, make_user, user, now):
    make_user("aaa@example.com", "")
    make_user("zoe@example.com", "Zoe")
    assert people(shown(api, "?o=user")) == ["Ann Lee", "Zoe", "aaa@example.com"]
    assert people(shown(api, "?o=-user")) == ["Zoe", "Ann Lee", "aaa@example.com"]


def test_heads_are_links_that_sort_and_say_so(api, team):
    text = shown(api, "?measure=sessions").content.decode()
    assert text.count("aria-sort=") == 1
    assert re.search(
        r'aria-sort="descending">\s*<a id="sort-cost" href="/organization\?measure=sessions&amp;o=cost"', text
    )
    assert 'href="/organization?measure=sessions&amp;o=-sessions"' in text
    assert 'href="/organization?measure=sessions&amp;o=user"' in text


def test_everyone_is_over_all_rows_and_not_the_page(api, make_user, make_session, now):
    for number in range(102):
        make_session(make_user(f"p{number:03}@example.com", f"P {number:03}"), cost_usd="1.01")
    response = shown(api, "?o=user&p=2")
    assert len(people(response)) == 3
    assert [cell.text for cell in response.context["total_cells"]][:2] == ["102", "$103.02"]
    assert "Page 2 of 2 (101–103 of 103)" in words(response)
    assert people(shown(api, "?o=user&p=99")) == people(response)
    assert 'href="/organization?o=user"' in response.content.decode()


def test_bars_are_shares_of_the_largest_in_the_sorted_column_only(api, team):
    response = shown(api, "?o=-sessions")
    shares = [[cell.share for cell in row.cells] for row in response.context["rows"]]
    assert [row[0] for row in shares] == ["100.0", "33.3", "33.3", None]
    assert not any(any(row[1:]) for row in shares)


def test_zero_hides_people_without_sessions(api, team):
    assert "Dora Uhl" in people(shown(api))
    response = shown(api, "?zero=0")
    assert people(response) == ["Ann Lee", "Bob Ng", "Cleo Øst"]
    assert "Show people without sessions" in words(response)


def test_a_search_narrows_everything(api, team):
    assert people(shown(api, "?q=öST")) == ["Cleo Øst"]
    response = shown(api, "?q=BOB&compare=1")
    assert people(response) == ["Bob Ng"]
    assert response.context["total_cells"][1].text == response.context["cards"].items[1].text == "$20.00"
    assert response.context["chart"].series.total.cost_usd == 20
    assert "Everyone matching “BOB”" in words(response)


def test_an_unpriced_cost_is_named_and_not_zero(api, team):
    response = shown(api, "?o=user")
    assert [row.cells[1].text for row in response.context["rows"]] == ["$30.00", "$20.00", "unpriced", "$0.00"]
    assert response.context["cards"].items[1].text == "≥ $50.00"


def test_changes_are_against_the_days_before(api, user, make_session, now):
    make_session(user, cost_usd="15", started_at=now)
    make_session(user, cost_usd="10", started_at=now - timedelta(days=7, minutes=1))
    make_session(user, cost_usd="99", started_at=now - timedelta(days=7) + timedelta(hours=1))  # after this time of day
    response = shown(api)
    assert response.context["cards"].items[1].change.text == "50%"
    assert "↑ 50% more than in the previous period" in words(response)
    compared = "Compared with the previous period, 4 Jun 2026 – 10 Jun 2026, up to the same time of day."
    assert compared in words(response)


def test_new_from_nothing_and_no_change_where_a_side_is_unpriced(api, user, make_session, now):
    make_session(user, cost_usd=None)
    assert [card.change and card.change.text for card in shown(api).context["cards"].items] == [
        "new",
        None,
        "new",
        "new",
        "new",
    ]


def test_compare_puts_the_period_before_into_the_chart(api, user, make_session, now):
    make_session(user, cost_usd="10", started_at=now - timedelta(days=7, minutes=1))
    make_session(user, cost_usd="15", started_at=now)
    assert shown(api).context["chart"].data["previous"] is None
    chart = shown(api, "?compare=1").context["chart"]
    assert chart.data["previous"]["values"] == [0, 0, 0, 0, 0, 0, 10.0]
    assert [row.previous for row in chart.rows][-1] == "$10.00"


def test_chart_has_a_bar_a_day_zero_where_nothing_was_used(api, user, make_session, now):
    make_session(user, started_at=now - timedelta(days=2), provider="cursor")
    data = shown(api, "?measure=sessions").context["chart"].data
    assert data["labels"][-1] == "Wed 17 Jun"
    assert [dataset["values"] for dataset in data["datasets"]] == [[0, 0, 0, 0, 1, 0, 0]]


def test_chart_table_gives_the_chart_s_numbers(api, team):
    text = words(shown(api, "?chart=table&measure=sessions"))
    assert "All days 2 3 5" in text
    assert "Wed 17 Jun 2 1 3" in text
    assert "Show as chart" in text


def test_without_script_the_chart_is_its_table(api, team):
    assert re.search(r"<noscript>.*<caption", shown(api).content.decode(), re.DOTALL)


def test_presets_drop_the_dates_and_mark_the_active_one(api, now):
    text = shown(api, "?start=2026-06-01&end=2026-06-02&measure=sessions").content.decode()
    assert 'href="/organization?range=30d&amp;measure=sessions"' in text
    assert "aria-current" not in text[text.index('id="presets"') : text.index('id="dates"')]
    assert re.search(
        r'range=this-week"\s+aria-current="true">This week', shown(api, "?range=this-week").content.decode()
    )


def test_providers_present_and_those_selected_are_offered(api, team):
    text = shown(api, "?provider=cursor").content.decode()
    assert re.findall(r'name="provider" value="([^"]+)" id="[^"]+"\s+(checked)?', text) == [
        ("claude-code", ""),
        ("codex", ""),
        ("cursor", "checked"),
    ]


def test_repos_of_the_range_and_those_selected_are_offered_once(api, team):
    text = shown(api, "?repo=ACME/API&repo=not/here").content.decode()
    assert re.findall(r'name="repo" value="([^"]+)" id="[^"]+"\s*(checked)?', text) == [
        ("acme/api", "checked"),
        ("not/here", "checked"),
    ]
    assert 'href="/organization?repo=not%2Fhere"' in text
    assert 'href="/organization?repo=ACME%2FAPI"' in text


def test_forms_keep_the_rest_of_the_view_but_not_the_page(api, team):
    text = shown(api, "?provider=codex&measure=sessions&o=user&range=30d&q=ann&p=2").content.decode()
    filters = text[text.index('<form id="filters"') :]
    kept = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', filters)
    assert kept == [("range", "30d"), ("measure", "sessions"), ("o", "user")]
    dates = text[text.index('<form id="dates"') : text.index('<form id="filters"')]
    kept = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', dates)
    assert kept == [("provider", "codex"), ("q", "ann"), ("measure", "sessions"), ("o", "user")]


def test_a_site_without_any_session_says_how_they_come(api, user, now):
    text = words(shown(api, "?range=30d"))
    assert "No sessions yet" in text
    assert "org-analytics push" in text


def test_nothing_in_range_says_so_and_offers_90_days(api, user, make_session, now):
    make_session(user, started_at=now - timedelta(200))
    response = shown(api, "?provider=codex")
    assert "No sessions in this view" in words(response)
    assert 'href="/organization?range=90d&amp;provider=codex"' in response.content.decode()
    assert 'class="oa-button" href="/organization?range=90d' not in shown(api, "?range=90d").content.decode()


def test_somebody_without_sessions_who_matches_is_not_nobody(api, team):
    for query in ("?q=dora&zero=0", "?q=dora&group=repo"):
        assert "Nobody matches" not in words(shown(api, query))
    assert "Nobody matches “nobody”" in words(shown(api, "?q=nobody&group=repo"))


def test_nobody_matching_says_so_and_offers_everyone(api, team):
    response = shown(api, "?q=nobody&measure=sessions")
    assert "Nobody matches “nobody”" in words(response)
    assert 'class="oa-button" href="/organization?measure=sessions"' in response.content.decode()


def test_bad_values_are_named_once_beside_their_fields_and_the_valid_ones_stay(api, team):
    response = shown(api, "?provider=windsurf&start=2026-06-09&end=2026-06-01&measure=tokens&o=-user&q=ng", status=400)
    text = response.content.decode()
    assert 'id="error-provider" role="alert">Unknown provider.' in text
    assert 'aria-describedby="error-end"' in text
    assert re.search(r'name="start" value="2026-06-09" required\s+min="2000-01-01" max="2100-12-31"\s+>', text)
    assert "Measure: Unknown measure." in words(response)
    assert all(
        text.count(message) == 1
        for message in ("Unknown provider.", "The end is before the start.", "Unknown measure.")
    )
    assert people(response) == ["Bob Ng"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("range=x", "Unknown date range."),
        ("start=x&end=x", "Enter a date from"),
        ("end=2026-01-01", "Enter both dates, or leave both empty."),
        ("start=2026-01-01&end=2026-12-01", "The range must not exceed 90 days."),
        ("repo=" + "x" * 513, "At most 50 repositories of at most 512 bytes."),
        ("include_no_repo=x", "Must be 1 or 0."),
        ("q=" + "x" * 201, "At most 200 characters."),
        ("o=x", "Unknown column to sort by."),
        ("p=x", "Must be a page number, 1 or higher."),
        ("compare=x", "Must be 1 or 0."),
        ("zero=x", "Must be 1 or 0."),
        ("chart=x", "Must be table or empty."),
    ],
)
def test_every_bad_value_has_a_visible_message(api, now, query, message):
    assert message in words(shown(api, f"?{query}", status=400))


def test_text_that_a_reader_typed_is_escaped(api, team):
    attack = "\"><script>alert('x')</script>"
    for query in (f"?q={attack}", f"?repo={attack}", f"?provider={attack}", f"?start={attack}&end=x"):
        assert attack not in api.get(f"/organization{query}").content.decode()
    assert escape(attack) in api.get("/organization", {"q": attack}).content.decode()


def test_htmx_gets_the_inside_and_the_address_to_show(api, team):
    response = shown(api, "?p=&q=&start=&measure=sessions&compare=1", **{"HX-Request": "true"})
    assert response["HX-Push-Url"] == "/organization?compare=1&measure=sessions"
    text = response.content.decode()
    assert "<html" not in text
    assert text.lstrip().startswith("<title>Organization · Last 7 days</title>")


def test_htmx_gets_the_whole_page_when_history_asks(api, team):
    response = shown(api, **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()


def test_history_gets_no_login_page_when_the_session_is_over(client, db):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert client.get("/organization", headers=headers).status_code == 403


def test_htmx_is_sent_to_the_login_when_the_session_is_over(client, db):
    response = client.get("/organization?q=a", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/admin/login/?next=/organization%3Fq%3Da"
    assert response["Cache-Control"] == "no-store"
    assert {"Cookie", "HX-Request"} <= set(response["Vary"].split(", "))


@pytest.mark.parametrize("query", ["", "?compare=1&repo=acme/api&provider=codex&q=ann", "?chart=table&range=90d"])
def test_no_script_style_or_handler_is_inline(api, team, query):
    page = Inline()
    page.feed(shown(api, query).content.decode())
    assert page.found == []


@pytest.mark.parametrize(("query", "most"), [("", 20), ("?range=90d&compare=1&repo=acme/api&q=e", 30)])
def test_queries_do_not_grow_with_people_sessions_or_days(api, make_user, make_session, now, query, most, settings):
    settings.ORG_ANALYTICS_ACCESS_LOG = False  # it names the people whom a search found, if they are few
    make_session(make_user(), git_info={"repo_url": "https://git.example.com/acme/api"})
    before = queries(api, query)
    for day in range(20):
        repo = {"repo_url": f"https://git.example.com/acme/{day}"}
        make_session(make_user(), started_at=now - timedelta(day), git_info=repo)
    assert queries(api, query) == before <= most


def queries(client, query):
    with CaptureQueriesContext(connection) as captured:
        shown(client, query)
    return len(captured)


def test_a_report_that_takes_too_long_is_a_page_that_says_so(api, monkeypatch):
    def fail(selection):
        raise QueryTimeoutError

    monkeypatch.setattr(reports, "report", fail)
    response = shown(api, "?range=90d", status=503)
    assert "Counting took too long." in words(response)
    assert response["Cache-Control"] == "no-store"
    download = api.get("/organization.csv")
    assert (download.status_code, "Counting took too long." in download.content.decode()) == (503, True)


def test_staff_and_others_see_the_same_page_and_their_own_name(client_of, staff, user, now):
    for reader, name, has_admin in ((staff, "Sam Staff", True), (user, "Ann Lee", False)):
        response = shown(client_of(reader))
        text = words(response)
        assert name in text
        assert ("Admin" in text) is has_admin
        assert "permission to view" not in text
        assert response.content.decode().count(">Organization</a>") == 1


@pytest.mark.urls("tests.urls_without_admin")
def test_the_admin_s_pages_need_not_be_served(client_of, superuser, now):
    text = words(shown(client_of(superuser)))
    assert "Rosa Root" in text
    assert "Log out" not in text


class Inline(HTMLParser):
    """Finds what a Content-Security-Policy of `default-src 'self'` refuses."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        is_code = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if is_code or tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.found.append((tag, attrs))


def words(response):
    """The page's text, spaces made single."""
    text = re.sub(r"<(script|noscript|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    text = re.sub(r"</?bdi>", "", text)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").split())


@pytest.fixture
def without_repo(team, make_session):
    """The team, and five more sessions: two of acme/api, three of acme/web. Four of the team's have no repository."""
    for number in range(5):
        path = "acme/api" if number < 2 else "acme/web"
        make_session(team, git_info={"repo_url": f"https://git.example.com/{path}"})
    return team


def test_choosing_repositories_says_how_many_sessions_without_one_are_counted(api, without_repo):
    response = shown(api, "?repo=acme/api&o=user")
    assert response.context["totals"].session_count == 7
    assert "and 4 sessions without a repository · leave out" in words(response)
    assert 'href="/organization?repo=acme%2Fapi&amp;include_no_repo=0&amp;o=user"' in response.content.decode()
    assert "and 3 sessions without a repository" in words(shown(api, "?repo=acme/api&q=ann"))


@pytest.mark.parametrize("query", ["", "?repo=acme/api&include_no_repo=0", "?repo=acme/api&provider=cursor"])
def test_no_message_if_no_counted_session_lacks_a_repository(api, without_repo, query):
    assert 'id="without-repository"' not in shown(api, query).content.decode()


@pytest.mark.parametrize(
    ("label", "query"),
    [("All repositories", ""), ("acme/api", "?repo=acme/api"), ("2 repositories", "?repo=acme/api,acme/web")],
)
def test_the_control_of_repositories_says_the_choice(api, without_repo, label, query):
    assert f"<bdi>{label}</bdi></summary>" in shown(api, query).content.decode()


@pytest.mark.parametrize(
    ("days_ago", "note", "has_changes"),
    [
        ([], "There were no sessions in the previous period, 4 Jun 2026 – 10 Jun 2026.", False),
        ([0], "There were no sessions in the previous period, 4 Jun 2026 – 10 Jun 2026.", False),
        ([0, 7.1], "No change since the previous period, 4 Jun 2026 – 10 Jun 2026.", False),
        ([0, 0, 7.1], "Compared with the previous period, 4 Jun 2026 – 10 Jun 2026, up to the same time", True),
        ([7.1], "Compared with the previous period, 4 Jun 2026 – 10 Jun 2026, up to the same time", True),
    ],
)
def test_a_message_that_applies_to_all_cards_is_shown_once(api, user, make_session, now, days_ago, note, has_changes):
    for days in days_ago:
        make_session(user, started_at=now - timedelta(days))
    response = shown(api)
    assert note in words(response)
    assert ("oa-change" in response.content.decode()) is has_changes
    assert words(response).count("no change") + words(response).count(" new ") == 0


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("Cleo Øst", ["öst", "ost", "ØST", "cleo ø"]),
        ("Łukasz Wójcik", ["lukasz", "Łuk", "łukasz wojcik", "WÓJ"]),
        ("Đorđe Đokić", ["dorde", "đorđe", "dokic"]),
        ("Jörg Weiß", ["jorg", "weiss", "WEISS", "weiß", "ẞ"]),
        ("Ærøskøbing", ["aeroskobing", "æRØ", "ÆRO"]),
        ("Œuvre Þór", ["oeuvre", "thor", "œ", "þ"]),
        ("İpek Işık", ["ipek", "isik", "ışık", "İPEK"]),
    ],
)
def test_people_are_found_by_their_letters_and_by_plain_ones(api, make_user, now, name, found_by):
    make_user("someone@other.test", name)
    for text in found_by:
        assert people(api.get("/organization", {"q": text})) == [name], text


def test_names_and_paths_are_isolated_from_the_direction_around_them(api, make_user, make_session, now):
    user = make_user("=cmd@x.org", "שלום")
    make_session(user, git_info={"repo_url": "https://git.example.com/acme/שלום"})
    html = shown(api, "?q=%D7%A9&repo=acme/%D7%A9%D7%9C%D7%95%D7%9D").content.decode()
    assert '<bdi class="oa-name">שלום</bdi>' in html
    assert '<bdi class="oa-email" title="=cmd@x.org">=cmd@x.org</bdi>' in html
    assert "“<bdi>ש</bdi>”" in html
    assert html.count("<bdi>acme/שלום</bdi>") == 3  # the control, its list, the chip


@pytest.mark.parametrize("path", ["/organization", "/organization.csv", "/organization.json"])
def test_too_many_parameters_are_400_without_a_stack_trace_in_the_log(path, api, caplog):
    response = api.get(f"{path}?{'&'.join(['x=1'] * 1_001)}")
    assert (response.status_code, response["Cache-Control"]) == (400, "no-store")
    assert response.text == "The address has too many parameters."
    assert [record for record in caplog.records if record.exc_info] == []
