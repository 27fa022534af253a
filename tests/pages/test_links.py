"""One population: from Everyone down to single sessions, each link leads to the numbers of its row, and they add up."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, ModelUsage
from org_analytics.reporting.groups import Grouping
from org_analytics.rollup import maintenance
from tests.pages.steps import shown
from tests.reporting.test_exactness import CLOCKS, PATHS, PEOPLE, Host, rows

pytestmark = pytest.mark.django_db
EXAMPLES = 4
TEAMS = ("Core", "Ops, EU", "Ä & ö")
# Whole cents, so that the amounts on a page add up.
CENTS = [None, Decimal(0), Decimal("0.01"), Decimal("1.99"), Decimal(100_000)]

histories = st.lists(rows, min_size=2, max_size=5).map(lambda parts: [row for part in parts for row in part])
usages = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["opus", "gpt-5"]), st.sampled_from(CENTS)), max_size=9)
memberships = st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(TEAMS)))
leavers = st.sets(st.sampled_from(PEOPLE[1:]), max_size=1)
costs = st.lists(st.sampled_from(CENTS), min_size=25, max_size=25)
views = st.fixed_dictionaries(
    {"range": st.sampled_from(["7d", "30d", "90d"])},
    optional={
        "provider": st.sampled_from(["codex", "claude-code", "codex,claude-code"]),
        "repo": st.lists(st.sampled_from([*PATHS, "BOB/api", "-", "no/such"]), min_size=1, max_size=2, unique=True),
        "include_no_repo": st.just("0"),
        "team": st.lists(st.sampled_from([*TEAMS, "-"]), min_size=1, max_size=2, unique=True),
        "q": st.sampled_from(["0@", "example", "nobody"]),
    },
)


class Row(NamedTuple):
    """A row of a table: the address of its link, and its numbers."""

    url: str
    numbers: list[str]


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def rows_of(table: str) -> list[Row]:
    """The rows of a table's body that have numbers."""
    body = table[table.index("<tbody") :]
    found = []
    for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL):
        link = re.search(r'<a href="([^"]+)"', row[: row.index("</th>")] if "</th>" in row else "")
        numbers = [text_of(cell) for cell in re.findall(r'<td class="oa-number">(.*?)</td>', row, re.DOTALL)]
        if numbers:
            found.append(Row(unescape(link[1]) if link else "", numbers))
    return found


def tables_of(html: str, kind: str) -> list[str]:
    return re.findall(rf'<table class="oa-table{kind}".*?</table>', html, re.DOTALL)


def html_of(client: Client, url: str) -> str:
    html: str = shown(client, url).content.decode()
    return html


def cards_of(html: str) -> list[str]:
    """Sessions, cost, duration, assistant time and user time of everyone in the view."""
    return [text_of(card) for card in re.findall(r'<dd class="oa-value">(.*?)</dd>', html, re.DOTALL)]


def count_of(text: str) -> int:
    return 0 if text == "–" else int(text.replace(",", ""))


def amount_of(text: str) -> Decimal:
    """The known part of a cost."""
    digits = re.sub(r"[^0-9.]", "", text)
    return Decimal(digits or 0) * (-1 if "−" in text else 1)


def assert_same(row: Row, cards: list[str]) -> None:
    """The cards have the numbers of the row; those of a row without sessions are dashes."""
    if count_of(row.numbers[0]):
        assert row.numbers[:5] == cards, row.url
    else:
        assert count_of(cards[0]) == amount_of(cards[1]) == 0, row.url


def check_organization(client: Client, view: dict[str, Any], *, sees_all: bool, own_id: Any) -> None:
    for grouping in Grouping:
        html = html_of(client, f"/organization?{urlencode({**view, 'group': grouping}, doseq=True)}")
        cards = cards_of(html) or ["0", "–"]  # a search that nobody matches
        found = [row for table in tables_of(html, " oa-people(?: oa-of-groups)?") for row in rows_of(table)]
        if grouping not in (Grouping.TEAM, Grouping.MODEL):
            assert sum(count_of(row.numbers[0]) for row in found) == count_of(cards[0]), grouping
        if grouping is not Grouping.TEAM:
            assert sum(amount_of(row.numbers[1]) for row in found) == amount_of(cards[1]), grouping
        for row in found:
            assert bool(row.url) is (grouping is not Grouping.MODEL)
            if row.url:
                behind = html_of(client, row.url)
                assert_same(row, cards_of(behind))
                if grouping is Grouping.PERSON:
                    is_own = row.url.partition("?")[0] == f"/organization/people/{own_id}"
                    check_person(client, row.url, behind, lists_sessions=sees_all or is_own)


def check_person(client: Client, url: str, html: str, *, lists_sessions: bool) -> None:
    cards = cards_of(html)
    panels = re.findall(r'<section aria-labelledby="panel-(\w+)">(.*?)</section>', html, re.DOTALL)
    assert [name for name, _panel in panels] == (["repo", "provider", "model"] if count_of(cards[0]) else [])
    for name, panel in panels:
        check_panel(client, name, panel, cards)
    listed = list(listed_sessions(client, url, html))
    assert bool(tables_of(html, " oa-people oa-sessions")) <= lists_sessions
    if lists_sessions:
        counted = [row for row, is_pending in listed if not is_pending]
        assert len(counted) == count_of(cards[0])
        assert sum(amount_of(row.numbers[3]) for row in counted) == amount_of(cards[1])
        for row, _is_pending in listed:
            assert cards_of(html_of(client, row.url)) == row.numbers


def check_panel(client: Client, name: str, panel: str, cards: list[str]) -> None:
    for row in re.findall(r"<tr>(.*?)</tr>", panel[panel.index("<tbody") :], re.DOTALL):
        sessions, cost = re.findall(r'<td class="oa-number">(.*?)</td>', row, re.DOTALL)
        narrowed = re.search(r'href="([^"]+)"', sessions)
        assert bool(narrowed) is (name != "model")
        if narrowed:
            number = text_of(re.sub(r'<span class="oa-hidden">.*?</span>', "", sessions))
            assert cards_of(html_of(client, unescape(narrowed[1])))[:2] == [number, text_of(cost)]
    [more] = re.findall(r'<a href="([^"]+)" hx-boost="false"><span class="oa-hidden">', panel)
    assert cards_of(html_of(client, unescape(more))) == cards


def listed_sessions(client: Client, url: str, html: str) -> Iterator[tuple[Row, bool]]:
    """The rows of the list of sessions, over all its parts, with whether each is pending."""
    while tables := tables_of(html, " oa-people oa-sessions"):
        pending = re.findall(r"<tr( class=\"oa-idle\")?>", tables[0][tables[0].index("<tbody") :])
        yield from zip(rows_of(tables[0]), map(bool, pending), strict=True)
        following = re.search(r'id="page-next" rel="next" href="([^"]+)"', html)
        if not following:
            return
        html = html_of(client, unescape(following[1]))


def set_costs(chosen: list[Decimal | None], used: Any) -> None:
    """Give the sessions and their models costs in whole cents."""
    sessions = list(CodingSession.objects.order_by("pk"))
    for session, cost in zip(sessions, chosen, strict=False):
        session.cost_usd = cost
    CodingSession.objects.bulk_update(sessions, ["cost_usd"])
    costs_of_models = {(sessions[place % len(sessions)].pk, model): cost for place, model, cost in used}
    ModelUsage.objects.bulk_create(
        ModelUsage(session_id=pk, model=model, cost_usd=cost) for (pk, model), cost in costs_of_models.items()
    )


def example_of(clock: datetime, site: Any) -> Callable[..., None]:
    """Write, follow all links, and roll everything back."""

    def example(
        sessions: Any, chosen: Any, used: Any, joined: Any, left: Any, view: dict[str, Any], shares: bool
    ) -> None:
        site.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = shares
        with transaction.atomic():
            host = Host(clock)
            host.upsert(sessions)
            set_costs(chosen, used)
            host.link("bob/api", "acme/api")
            for place, team in joined:
                host.users[place].groups.add(Group.objects.get_or_create(name=team)[0])
            for place in left:
                host.switch(place)
            client = Client()
            client.force_login(host.users[0])
            check_organization(client, view, sees_all=shares, own_id=host.users[0].pk)
            transaction.set_rollback(True)

    return example


@pytest.mark.parametrize("zone", CLOCKS)
def test_each_link_leads_to_the_numbers_of_its_row(
    zone: str, settings: Any, freeze_now: Callable[[datetime], None]
) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    maintenance.rebuild("default")
    freeze_now(CLOCKS[zone])
    check(example_of(CLOCKS[zone], settings))


def check(example: Callable[..., None]) -> None:
    run = given(histories, costs, usages, memberships, leavers, views, st.booleans())(example)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Shrinking would take minutes.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=checks, phases=phases)(run)()
