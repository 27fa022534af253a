"""Back, Forward, reload and a copied link give the same view."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import everyone, expect_address, names


def test_back_and_forward_restore_each_view(visit):
    page = visit()
    views = [(page.url, names(page), everyone(page))]
    for click, address in (
        (lambda: page.get_by_label("Codex").check(), {"provider": "codex"}),
        (lambda: page.locator("#sort-user").click(), {"provider": "codex", "o": "user"}),
        (lambda: page.locator("#chart-switch").click(), {"provider": "codex", "o": "user", "chart": "table"}),
        (
            lambda: page.locator("#preset-30d").click(),
            {"provider": "codex", "o": "user", "chart": "table", "range": "30d"},
        ),
    ):
        click()
        expect_address(page, **address)
        views.append((page.url, names(page), everyone(page)))
    for url, people, totals in reversed(views[:-1]):
        page.go_back()
        page.wait_for_url(url)
        expect(page.locator("#table tbody .oa-name")).to_have_text(people)
        expect(page.locator("#table .oa-everyone td.oa-number")).to_have_text(totals)
    expect(page.get_by_label("Codex")).not_to_be_checked()
    expect(page.locator("#usage-chart[data-drawn]")).to_be_visible()
    for url, people, totals in views[1:]:
        page.go_forward()
        page.wait_for_url(url)
        expect(page.locator("#table tbody .oa-name")).to_have_text(people)
        expect(page.locator("#table .oa-everyone td.oa-number")).to_have_text(totals)
    expect(page.get_by_label("Codex")).to_be_checked()
    expect(page.get_by_role("link", name="Last 30 days")).to_have_attribute("aria-current", "true")


def test_the_page_still_works_after_going_back(visit):
    page = visit()
    page.get_by_label("Codex").check()
    expect_address(page, provider="codex")
    page.go_back()
    expect_address(page)
    expect(page.get_by_label("Codex")).not_to_be_checked()
    page.get_by_label("OpenCode").check()
    expect_address(page, provider="opencode")
    page.get_by_label("Person").fill("bob")
    expect_address(page, provider="opencode", q="bob")


@pytest.mark.parametrize("way", ["reload", "copied link", "back from elsewhere"])
def test_a_view_made_by_clicks_comes_again(visit, way):
    page = visit()
    page.get_by_label("Codex").check()
    expect_address(page, provider="codex")
    page.get_by_label("Person").fill("e")
    expect_address(page, provider="codex", q="e")
    page.locator("#sort-sessions").click()
    expect_address(page, provider="codex", q="e", o="-sessions")
    view = page.url, names(page), everyone(page)
    if way == "reload":
        page.reload()
    elif way == "copied link":
        page = visit(page.url.partition("/organization")[2])
    else:
        page.goto("about:blank")
        page.go_back()
    expect(page.get_by_label("Codex")).to_be_checked()
    assert (page.url, names(page), everyone(page)) == view


def test_back_to_a_refused_address_shows_it_again(visit, messages):
    page = visit()
    page.get_by_label("to", exact=True).fill("2026-01-01")
    page.get_by_role("button", name="Show dates").click()
    expect(page.locator("#dates")).to_contain_text("The end is before the start.")
    page.get_by_role("link", name="Last 30 days").click()
    expect_address(page, range="30d")
    page.go_back()
    expect(page.locator("#dates")).to_contain_text("The end is before the start.")
    assert all("status of 400" in message for message in messages), messages
    messages.clear()
