"""Group by: the rows of each grouping, what they lead to, and their downloads."""

import csv
import io
import json
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from org_analytics.pages import data
from tests.pages.steps import cells, labels, shown, totals, words

pytestmark = pytest.mark.django_db

GROUPINGS = ["team", "repo", "provider", "model", "day", "week"]


def git(path, upstream=None):
    return {"path": path, "upstream_path": upstream}


COUNTS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")


def usage(model, cost, **counts):
    return {"model": model, "cost_usd": cost, **dict.fromkeys(COUNTS), **counts}


@pytest.fixture
def organization(user, make_user, make_session, join, now):
    """Ann (Core, Ops) and Bob (Core) with sessions of two weeks, Cleo without a team, Dora idle: $47."""
    bob, cleo = make_user("bob@example.com", "Bob Ng"), make_user("cleo@example.com", "Cleo Ost")
    dora = make_user("dora@example.com", "Dora Uhl")
    for person, team in ((user, "Core"), (user, "Ops, EU"), (bob, "Core"), (dora, "Ops, EU")):
        join(person, team)
    opus = usage("opus", "4", requests=3, input_tokens=1_000_000)
    make_session(user, cost_usd="10", provider="codex", git_info=git("acme/api"), models=[usage("gpt", "10")])
    make_session(user, cost_usd="5", git_info=git("ann/web", "acme/web"), models=[opus, usage("gpt", "1")])
    make_session(bob, cost_usd="20", git_info=git("acme/web"), started_at=now - timedelta(6))
    make_session(bob, cost_usd="8", started_at=now - timedelta(3))
    make_session(cleo, cost_usd="4", provider="cursor", git_info=git("acme/api"), started_at=now - timedelta(1))
    return user


@pytest.mark.parametrize(
    ("grouping", "rows"),
    [
        ("person", ["Bob Ng", "Ann Lee", "Cleo Ost", "Dora Uhl"]),
        ("team", ["Core", "Ops, EU", "No team"]),
        ("repo", ["acme/web", "acme/api", "No repository"]),
        ("provider", ["Claude Code", "Codex", "Cursor"]),
        ("model", ["gpt", "opus", "Not broken down"]),
        ("day", ["Wed 17 Jun", "Tue 16 Jun", "Sun 14 Jun", "Thu 11 Jun"]),
        ("week", ["15 Jun 2026", "8 Jun 2026"]),
    ],
)
def test_rows_of_each_grouping_in_its_order(api, organization, grouping, rows):
    assert labels(shown(api, f"/organization?group={grouping}")) == rows


def test_costs_of_each_grouping(api, organization):
    costs = {name: row[1] for name, row in cells(shown(api, "/organization?group=team")).items()}
    assert costs == {"Core": "$43.00", "Ops, EU": "$15.00", "No team": "$4.00"}
    costs = {name: row[1] for name, row in cells(shown(api, "/organization?group=model")).items()}
    assert costs == {"gpt": "$11.00", "opus": "$4.00", "Not broken down": "$32.00"}


@pytest.mark.parametrize("grouping", ["person", *GROUPINGS])
def test_everyone_is_the_same_in_every_grouping(api, organization, grouping):
    assert totals(shown(api, f"/organization?group={grouping}"))[:2] == ["5", "$47.00"]


def test_models_have_their_requests_and_tokens_and_a_dash_where_all_are_unknown(api, organization):
    rows = cells(shown(api, "/organization?group=model"))
    assert rows["opus"][:7] == ["1", "$4.00", "3", "1,000,000", "–", "–", "–"]
    assert rows["gpt"][:4] == ["2", "$11.00", "–", "–"]
    assert rows["Not broken down"] == ["–", "$32.00", *["–"] * 12]


@pytest.mark.parametrize(
    ("order", "rows"),
    [
        ("-requests", ["opus", "gpt", "Not broken down"]),
        ("input_tokens", ["opus", "gpt", "Not broken down"]),
        ("-output_tokens", ["gpt", "opus", "Not broken down"]),
        ("user", ["gpt", "opus", "Not broken down"]),
        ("-user", ["opus", "gpt", "Not broken down"]),
        ("cost", ["opus", "gpt", "Not broken down"]),
    ],
)
def test_models_are_sorted_by_their_own_columns_and_the_rest_is_last(api, organization, order, rows):
    assert labels(shown(api, f"/organization?group=model&o={order}")) == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("group=team&o=user", ["Core", "Ops, EU", "No team"]),
        ("group=team&o=-user", ["Ops, EU", "Core", "No team"]),
        ("group=repo&o=-sessions", ["acme/api", "acme/web", "No repository"]),
        ("group=day&o=user", ["Thu 11 Jun", "Sun 14 Jun", "Tue 16 Jun", "Wed 17 Jun"]),
        ("group=day&o=-cost", ["Thu 11 Jun", "Wed 17 Jun", "Sun 14 Jun", "Tue 16 Jun"]),
    ],
)
def test_each_grouping_sorts_by_every_column(api, organization, query, rows):
    assert labels(shown(api, f"/organization?{query}")) == rows


def links(response):
    return {row.label: row.url for row in response.context["rows"]}


@pytest.mark.parametrize(
    ("grouping", "row", "next_grouping", "filters"),
    [
        ("team", "Ops, EU", "", {"team": "Ops, EU"}),
        ("team", "No team", "", {"team": "-"}),
        ("repo", "acme/web", "", {"repo": "acme/web", "include_no_repo": "0"}),
        ("repo", "No repository", "", {"repo": "-"}),
        ("provider", "Codex", "model", {"provider": "codex"}),
        ("day", "Sun 14 Jun", "", {"start": "2026-06-14", "end": "2026-06-14"}),
        ("week", "8 Jun 2026", "day", {"start": "2026-06-11", "end": "2026-06-14"}),
    ],
)
def test_a_row_leads_to_the_next_level_with_itself_as_a_filter(
    api, organization, grouping, row, next_grouping, filters
):
    url = links(shown(api, f"/organization?group={grouping}&measure=sessions&o=user"))[row]
    wanted = {**filters, "measure": "sessions", **({"group": next_grouping} if next_grouping else {})}
    assert dict(parse_qsl(urlsplit(url).query)) == wanted


@pytest.mark.parametrize("grouping", ["person", *GROUPINGS])
def test_behind_each_row_are_its_numbers(api, organization, grouping):
    """One population: the view that a row leads to has the row's numbers as its totals."""
    response = shown(api, f"/organization?group={grouping}")
    followed = [row for row in response.context["rows"] if row.url]
    for row in followed:
        cards = {card.name: card.text for card in shown(api, row.url).context["cards"].items}
        numbers = [cell.text for cell in row.cells]
        if row.is_idle:
            numbers[2:5] = [cards["duration"], cards["assistant"], cards["user_time"]]
        assert numbers[:5] == list(cards.values()), row.label
    assert len(followed) == (0 if grouping == "model" else len(response.context["rows"]))


@pytest.mark.parametrize(
    "path", ["acme/a,b", "acme/a,acme/api", "acme/a&b+c", "acme/api\u00a0", "acme/Straße", "a b/ç"]
)
def test_behind_a_row_of_any_path_are_its_numbers(api, organization, make_session, path):
    make_session(organization, cost_usd="3", git_info=git(path))
    url = links(shown(api, "/organization?group=repo"))[path]
    for address in (url, url.replace("/organization?", "/organization/me?")):
        response = shown(api, address)
        assert [card.text for card in response.context["cards"].items][:2] == ["1", "$3.00"]
        assert f"Remove {path.strip()} ×" in words(response)


def test_repositories_are_a_comma_separated_list_too(api, organization, make_session):
    make_session(organization, cost_usd="3", git_info=git("acme/a,b"))
    response = shown(api, "/organization?repo=acme/a%2Cb&repo=ACME/api, no/such,&include_no_repo=0&group=repo")
    assert labels(response) == ["acme/api", "acme/a,b"]
    assert response.context["selection"].repos == ("acme/a,b", "ACME/api", "no/such")


def test_a_page_says_where_rows_share_sessions(api, organization):
    assert "Somebody in several teams counts in each of them" in words(shown(api, "/organization?group=team"))
    assert "A session counts whole in each of its models" in words(shown(api, "/organization?group=model"))
    assert "add up to more than Everyone" not in words(shown(api, "/organization?group=repo"))


def test_groupings_are_links_that_keep_the_view(api, organization):
    text = shown(api, "/organization?group=model&o=-requests&provider=codex&p=1").content.decode()
    assert re.search(r'id="group-model" href="[^"]*"\s+aria-current="true">Model<', text)
    assert 'id="group-repo" href="/organization?provider=codex&amp;group=repo"' in text
    text = shown(api, "/organization?o=-sessions").content.decode()
    assert 'id="group-repo" href="/organization?group=repo&amp;o=-sessions"' in text
    assert 'id="group-day" href="/organization?group=day&amp;o=-sessions"' in text


def test_groupings_keep_their_own_default_order(api, organization):
    text = shown(api, "/organization?group=day").content.decode()
    assert 'id="group-repo" href="/organization?group=repo"' in text
    assert 'id="group-person" href="/organization"' in text


def test_a_column_that_the_table_does_not_have_is_refused(api, organization):
    response = shown(api, "/organization?group=repo&o=-requests", status=400)
    assert "Sort order: The table does not have this column." in words(response)
    assert labels(response) == ["acme/web", "acme/api", "No repository"]


def test_without_teams_on_the_site_none_appears(api, user, make_session, now):
    make_session(user)
    text = shown(api, "/organization?team=Core").content.decode()
    assert 'id="group-team"' not in text
    assert 'id="teams"' not in text
    assert "team=" not in text
    response = shown(api, "/organization?group=team", status=400)
    assert "Grouping: Unknown grouping." in words(response)
    assert labels(response) == ["Ann Lee"]


def test_a_search_for_people_narrows_every_grouping(api, organization):
    response = shown(api, "/organization?group=repo&q=bob")
    assert cells(response)["acme/web"][:2] == ["1", "$20.00"]
    assert totals(response)[:2] == ["2", "$28.00"]
    assert "Everyone matching “bob”" in words(response)


def test_teams_are_a_filter_with_chips(api, organization):
    response = shown(api, "/organization?team=Ops%2C+EU&team=-")
    assert labels(response) == ["Ann Lee", "Cleo Ost", "Dora Uhl"]
    text = response.content.decode()
    assert re.findall(r'name="team" value="([^"]+)" id="[^"]+"\s+(checked)?', text) == [
        ("Core", ""),
        ("Ops, EU", "checked"),
        ("-", "checked"),
    ]
    assert "Remove Ops, EU ×" in words(response)
    assert 'href="/organization?team=-"' in text
    assert "Everyone selected" in words(response)


def test_people_are_a_filter_with_chips(api, organization, make_user):
    bob = shown(api, "/organization?q=bob").context["rows"][0].url.split("/")[-1]
    response = shown(api, f"/organization?person={bob}&person=999999")
    assert labels(response) == ["Bob Ng"]
    assert "Remove Bob Ng ×" in words(response)
    assert "Remove 999999 ×" in words(response)
    assert 'href="/organization?person=999999"' in response.content.decode()


@pytest.mark.parametrize("query", ["person=x", "person=0x1", "team=" + "x" * 256])
def test_bad_people_and_teams_have_a_message(api, organization, query):
    response = shown(api, f"/organization?{query}", status=400)
    assert "At most 50" in words(response)
    assert len(labels(response)) == 4


def test_people_beside_their_number_say_how_many_were_active(api, organization):
    assert "People 4 · 3 active" in words(shown(api, "/organization"))
    assert "active" not in words(shown(api, "/organization?group=repo")).partition("Repositories")[2][:30]


def test_a_name_says_when_the_person_was_last_active(api, organization):
    text = shown(api, "/organization").content.decode()
    assert 'title="Last active 14 Jun 2026"><bdi class="oa-name">Bob Ng</bdi>' in text
    assert re.search(r'href="[^"]+"><bdi class="oa-name">Dora Uhl</bdi>', text)


def csv_of(client, query):
    response = client.get(f"/organization.csv?{query}")
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("grouping", "keys"),
    [
        ("team", ["Core", "Ops, EU", ""]),
        ("repo", ["acme/web", "acme/api", ""]),
        ("provider", ["claude-code", "codex", "cursor"]),
        ("model", ["gpt", "opus", ""]),
        ("day", ["2026-06-17", "2026-06-16", "2026-06-14", "2026-06-11"]),
        ("week", ["2026-06-15", "2026-06-08"]),
    ],
)
def test_downloads_have_the_rows_of_the_grouping(api, organization, grouping, keys):
    rows = csv_of(api, f"group={grouping}")
    assert [row[grouping] for row in rows] == keys
    answer = json.loads(b"".join(api.get(f"/organization.json?group={grouping}").streaming_content))
    assert answer["group_by"] == grouping
    assert [row[grouping] or "" for row in answer["rows"]] == keys
    assert [row["total_cost_usd"] for row in answer["rows"]] == [row["total_cost_usd"] for row in rows]


def test_download_of_models_has_requests_and_tokens(api, organization):
    gpt, opus, _rest = csv_of(api, "group=model")
    assert (opus["requests"], opus["input_tokens"], opus["output_tokens"]) == ("3", "1000000", "")
    assert (gpt["requests"], gpt["total_cost_usd"]) == ("", "11.00")


def test_download_of_people_says_when_they_were_last_active(api, organization):
    assert {row["name"]: row["last_active"] for row in csv_of(api, "")} == {
        "Bob Ng": "2026-06-14",
        "Ann Lee": "2026-06-17",
        "Cleo Ost": "2026-06-16",
        "Dora Uhl": "",
    }


def test_name_of_a_download_says_the_grouping(api, organization):
    assert 'filename="organization-by-repo-2026' in api.get("/organization.csv?group=repo")["Content-Disposition"]


def test_a_team_that_looks_like_a_formula_is_marked_as_text(api, user, make_session, join, now):
    make_session(user)
    join(user, "=1+1")
    assert csv_of(api, "group=team")[0]["team"] == "'=1+1"


@pytest.mark.parametrize("grouping", ["person", *GROUPINGS])
@pytest.mark.usefixtures("without_access_log")
def test_queries_do_not_grow_with_the_rows(api, organization, make_user, make_session, join, now, grouping):
    def count():
        with CaptureQueriesContext(connection) as captured:
            shown(api, f"/organization?group={grouping}&range=30d")
        return len(captured)

    before = count()
    for number in range(15):
        person = make_user(f"more{number}@example.com", f"More {number}")
        join(person, f"Team {number}")
        started = now - timedelta(number)
        models = [usage(f"model-{number}", "1")]
        make_session(person, started_at=started, git_info=git(f"more/{number}"), models=models, cost_usd="1")
    assert count() == before <= 25


def lines(response):
    return {row.label: row.line.text if row.line else None for row in response.context["rows"]}


@pytest.mark.parametrize(
    ("query", "label", "text"),
    [
        ("", "Bob Ng", "Est. cost by day: first $20.00, last $0.00, highest $20.00 on Thu 11 Jun"),
        ("", "Dora Uhl", None),
        ("group=team", "Ops, EU", "Est. cost by day: first $0.00, last $15.00, highest $15.00 on Wed 17 Jun"),
        ("group=team", "No team", "Est. cost by day: first $0.00, last $0.00, highest $4.00 on Tue 16 Jun"),
        ("group=repo&measure=sessions", "acme/web", "Sessions by day: first 1, last 1, highest 1 on Thu 11 Jun"),
        ("group=repo", "No repository", "Est. cost by day: first $0.00, last $0.00, highest $8.00 on Sun 14 Jun"),
        ("group=provider", "Codex", "Est. cost by day: first $0.00, last $10.00, highest $10.00 on Wed 17 Jun"),
        ("group=model", "gpt", "Est. cost by day: first $0.00, last $11.00, highest $11.00 on Wed 17 Jun"),
        ("group=model", "Not broken down", None),
    ],
)
def test_a_line_in_each_row_draws_the_measure_by_day(api, organization, query, label, text):
    response = shown(api, f"/organization?{query}")
    assert lines(response)[label] == text
    assert text is None or f'role="img" aria-label="{text}" viewBox="0 0 6 16"' in response.content.decode()


def test_line_of_everyone_is_that_of_the_chart(api, organization):
    text = "Est. cost by day: first $20.00, last $15.00, highest $20.00 on Thu 11 Jun"
    for grouping in ("person", "model"):
        assert shown(api, f"/organization?group={grouping}").context["total_line"].text == text


@pytest.mark.parametrize("query", ["group=day", "group=week", "start=2026-06-17&end=2026-06-17"])
def test_there_is_no_line_where_a_row_or_the_range_is_one_day(api, organization, query):
    response = shown(api, f"/organization?{query}")
    assert "oa-line" not in response.content.decode()
    assert "By day" not in words(response)


@pytest.mark.usefixtures("without_access_log")
def test_lines_are_read_for_the_rows_shown_only_and_with_one_query(api, organization, monkeypatch):
    monkeypatch.setattr(data, "PAGE_SIZE", 2)

    def queries(query):
        with CaptureQueriesContext(connection) as captured:
            response = shown(api, f"/organization?{query}")
        return len(captured), [row.label for row in response.context["rows"] if row.line]

    one_day, _none = queries("start=2026-06-17&end=2026-06-17")
    two_days, drawn = queries("start=2026-06-16&end=2026-06-17")
    assert two_days == one_day + 1
    assert drawn == ["Ann Lee", "Cleo Ost"]
    assert queries("start=2026-06-16&end=2026-06-17&p=2") == (two_days - 1, [])  # nobody with a session
