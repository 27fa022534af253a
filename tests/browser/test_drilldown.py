"""From a number to the sessions behind it and back: by mouse, by keyboard, without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from org_analytics.models import CodingSession
from tests.browser.steps import address, expect_settled
from tests.browser.test_accessibility import violations_as_it_is
from tests.conftest import NOW

COUNTS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
LONG = "a-title-without-a-single-space-that-goes-on-and-on-" * 4


@pytest.fixture
def teams(organization: Any, settings: Any) -> Any:
    """Core: Ann, Bob; Ops: Bob, Cleo. Sessions are shared; Bob has 60 more, one with a long title and a recap."""
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    people = {user.email.split("@")[0]: user for user in type(organization).objects.all()}
    for team, members in (("Core", ["ann", "bob"]), ("Ops", ["bob", "cleo"])):
        for name in members:
            people[name].groups.add(Group.objects.get_or_create(name=team)[0])
    bob = people["bob"]
    CodingSession.objects.record_many(
        {
            "user": bob,
            "external_id": f"bob-{number}",
            "provider": "codex",
            "started_at": NOW,
            "title": f"Task {number:02}",
        }
        for number in range(60)
    )
    CodingSession.objects.record(
        user=bob,
        external_id="long",
        provider="codex",
        started_at=NOW,
        title=LONG,
        cost_usd="900",
        models=[{"model": LONG, "cost_usd": "900", **dict.fromkeys(COUNTS, 123_456_789_012)}],
        recap={"recap": LONG, "went_well": [LONG], "computed_at": NOW},
        git_info={"path": f"bob/{LONG[:90]}", "upstream_path": f"acme/{LONG[:90]}"},
    )
    CodingSession.objects.record(user=bob, external_id="later", provider="cursor", started_at=NOW, analyzed=False)
    return organization


def by_mouse(page: Page, selector: str) -> None:
    page.locator(selector).click()


def by_keyboard(page: Page, selector: str) -> None:
    """Tabs to the link from where the focus is, and presses Enter."""
    target = page.locator(selector)
    for _ in range(150):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def row(label: str) -> str:
    return f"#table tbody th a:has-text('{label}')"


@pytest.mark.parametrize(("follow", "has_script"), [(by_mouse, True), (by_mouse, False), (by_keyboard, True)])
def test_way_down_and_back_keeps_the_filters(
    visit: Any, teams: Any, follow: Callable[[Page, str], None], has_script: bool
) -> None:
    page = visit("?range=30d&provider=codex", java_script_enabled=has_script)
    for _time in range(2):
        follow(page, "#group-team")
        expect(page.locator("#people")).to_contain_text("Teams")
        follow(page, row("Ops"))
        expect(page.locator("#people")).to_contain_text("People 2")
        assert dict(address(page)) == {"range": "30d", "provider": "codex", "team": "Ops"}
        expect_settled(page)
        follow(page, row("Bob Ng"))
        expect(page.locator("h1")).to_contain_text("Bob Ng")
        assert dict(address(page)) == {"range": "30d", "provider": "codex", "team": "Ops"}
        follow(page, row(LONG))
        expect(page.locator("h1")).to_have_text(LONG)
        expect(page.locator("#figures")).to_contain_text("$900.00")
        follow(page, "#back")
        expect(page.locator("h1")).to_contain_text("Bob Ng")
        follow(page, ".oa-breadcrumb a:has-text('Ops')")
        expect(page.locator("#people")).to_contain_text("People 2")
        assert dict(address(page)) == {"range": "30d", "provider": "codex", "team": "Ops"}
        follow(page, ".oa-chips a:has-text('Ops')")
        expect(page.locator("#people")).to_contain_text("People 5")
        expect_settled(page)
    assert dict(address(page)) == {"range": "30d", "provider": "codex"}


def test_back_and_forward_go_through_the_pages(visit: Any, teams: Any) -> None:
    page = visit("?range=30d")
    page.locator("#group-team").click()
    page.locator(row("Ops")).click()
    expect(page.locator("#people")).to_contain_text("People 2")
    by_mouse(page, row("Bob Ng"))
    by_mouse(page, row(LONG))
    expect(page.locator("h1")).to_have_text(LONG)
    for heading in ("Bob Ng", "Organization", "Organization", "Organization"):
        page.go_back()
        expect(page.locator("h1")).to_contain_text(heading)
    expect(page.locator("#table tbody .oa-name")).to_have_count(5)
    assert dict(address(page)) == {"range": "30d"}
    for heading in ("Organization", "Organization", "Bob Ng"):
        page.go_forward()
        expect(page.locator("h1")).to_contain_text(heading)
    page.go_forward()
    expect(page.locator("h1")).to_have_text(LONG)


@pytest.mark.parametrize("has_script", [True, False])
def test_back_returns_to_the_place_on_the_page(visit: Any, crowd: Any, has_script: bool) -> None:
    page = visit("?o=user", java_script_enabled=has_script)
    page.locator("#table").scroll_into_view_if_needed()
    page.mouse.move(640, 600)
    page.mouse.wheel(0, 1_000)
    target = page.locator(row("Person 020"))
    target.scroll_into_view_if_needed()
    before = page.evaluate("[scrollY, document.getElementById('table').scrollTop]")
    assert min(before) > 0
    target.click()
    expect(page.locator("h1")).to_contain_text("Person 020")
    page.go_back()
    expect(page.locator("#people")).to_contain_text("People 125")
    page.wait_for_function("y => Math.abs(scrollY - y) < 2", arg=before[0])
    if has_script:
        page.wait_for_function("y => Math.abs(document.getElementById('table').scrollTop - y) < 2", arg=before[1])


def test_session_list_is_sorted_searched_and_paged_in_place(visit: Any, teams: Any) -> None:
    page = visit("?q=bob")
    page.locator(row("Bob Ng")).click()
    page.evaluate("window.sameDocument = true")
    page.locator("#sort-title").click()
    page.wait_for_url("**o=title")
    expect(page.locator("#table tbody tr").nth(1)).to_contain_text("Task 00")  # after the long title
    page.get_by_role("link", name="Next", exact=True).click()
    page.wait_for_url("**cursor=**")
    expect(page.locator("#table tbody tr").first).to_contain_text("Task 49")
    page.get_by_label("Title or repository").fill("task 5")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=task+5**")
    expect(page.locator("#table tbody tr")).to_have_count(10)
    expect(page.locator("#sessions")).to_contain_text("Sessions 10")
    page.get_by_label("Codex").check()
    page.wait_for_url("**provider=codex**")
    expect(page.locator("#table tbody tr")).to_have_count(10)
    assert page.evaluate("window.sameDocument === true")


PAGES = {
    "teams": "?group=team",
    "models": "?group=model&range=30d&compare=1",
    "days": "?group=day&chart=table",
    "team and person": "?team=Ops&team=-&person=1&person=99999",
    "repositories searched": "?repo_q=acme",
    "own": "/me",
    "own, empty": "/me?start=2026-06-25&end=2026-06-26",
    "own, refused": "/me?cursor=x&o=y&start=2026-06-25&end=2026-06-01",
    "bob": "/people/BOB?range=30d&compare=1",
    "bob, not shared": "/people/BOB?chart=table",
    "session": "/sessions/LONG?range=30d",
    "pending": "/sessions/LATER?o=x",
    "bare session": "/sessions/BARE",
}


@pytest.fixture
def paths(teams: Any) -> dict[str, str]:
    """The pages with the ids that they name."""
    ids = {
        name: str(CodingSession.objects.get(external_id=key).pk)
        for name, key in (("LONG", "long"), ("LATER", "later"), ("BARE", "bob-1"))
    }
    ids["BOB"] = str(CodingSession.objects.get(external_id="long").user_id)
    found = dict(PAGES)
    for name, value in ids.items():
        found = {page: path.replace(name, value) for page, path in found.items()}
    return found


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation_on_any_page(
    visit: Any, paths: dict[str, str], settings: Any, messages: list[str], theme: str, name: str
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = "not shared" not in name
    page = visit(paths[name], color_scheme=theme)
    messages[:] = [message for message in messages if "status of 400" not in message]
    assert violations_as_it_is(page) == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1024])
def test_no_page_scrolls_sideways(
    visit: Any, paths: dict[str, str], messages: list[str], width: int, name: str
) -> None:
    page = visit(paths[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    messages[:] = [message for message in messages if "status of 400" not in message]
