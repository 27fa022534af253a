"""Sorting, paging and hiding, in place."""

from playwright.sync_api import expect

from tests.browser.steps import everyone, expect_address, names


def test_a_column_sorts_descending_first_then_ascending(visit):
    page = visit()
    link = page.get_by_role("link", name="Sessions", exact=True).last
    link.click()
    expect_address(page, o="-sessions")
    expect(page.locator("th[aria-sort]")).to_have_text("Sessions")
    expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    expect(page.locator("#sort-sessions")).to_be_focused()
    page.locator("#sort-sessions").click()
    expect_address(page, o="sessions")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Sessions")
    assert names(page)[0] == "Dora Uhl"


def test_every_column_sorts(visit):
    page = visit("?range=30d")
    for column in page.locator("#table thead a").all():
        name = (column.get_attribute("id") or "").removeprefix("sort-")
        column.click()
        # By cost, the most expensive first, is how the table comes.
        expect_address(page, range="30d", **{} if name == "cost" else {"o": "user" if name == "user" else f"-{name}"})
        expect(page.locator("th[aria-sort]")).to_have_text(column.text_content() or "")
    assert len(names(page)) == 5


def test_sorting_keeps_every_filter(visit):
    page = visit("?provider=codex&q=e&range=30d&measure=sessions")
    page.locator("#sort-user").click()
    expect_address(page, provider="codex", q="e", range="30d", measure="sessions", o="user")


def test_pages_follow_each_other_and_everyone_is_the_same_on_each(visit, crowd):
    page = visit("?o=user")
    first, total = names(page), everyone(page)
    assert len(first) == 100
    page.get_by_role("link", name="Next").click()
    expect_address(page, o="user", p="2")
    expect(page.get_by_text("Page 2 of 2 (101–125 of 125)")).to_be_visible()
    assert len(names(page)) == 25
    assert not set(names(page)) & set(first)
    assert everyone(page) == total
    page.get_by_role("link", name="Previous", exact=True).click()
    expect_address(page, o="user")
    assert names(page) == first


def test_people_without_sessions_can_be_hidden(visit):
    page = visit()
    assert "Dora Uhl" in names(page)
    page.get_by_role("link", name="Hide people without sessions").click()
    expect_address(page, zero="0")
    assert "Dora Uhl" not in names(page)
    page.get_by_role("link", name="Show people without sessions").click()
    expect_address(page)


def test_sorting_by_a_column_far_right_keeps_it_in_sight(visit):
    page = visit(width=360)
    page.locator("#sort-avg_user").click()
    expect_address(page, o="-avg_user")
    assert page.locator("#table").evaluate("table => table.scrollLeft") > 100
    expect(page.locator("#sort-avg_user")).to_be_in_viewport()


def test_head_everyone_and_names_stay_while_the_table_scrolls(visit, crowd):
    page = visit(width=700)
    page.locator("#table").scroll_into_view_if_needed()
    page.locator("#table").evaluate("table => table.scrollTo(400, 2000)")
    expect(page.locator("#table .oa-everyone th")).to_be_in_viewport()
    region = page.locator("#table").bounding_box()
    head = page.locator("#table .oa-everyone th").bounding_box()
    assert abs(head["x"] - region["x"]) <= 2
    assert head["y"] - region["y"] < 60
