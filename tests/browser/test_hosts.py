"""High contrast, right-to-left languages, and hints that a table scrolls."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import expect_address


def style(element: Locator, name: str) -> str:
    return str(element.evaluate("(element, name) => getComputedStyle(element)[name]", name))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_high_contrast_the_selection_and_the_colour_keys_can_be_seen(visit, theme):
    page = visit("?measure=sessions", forced_colors="active", color_scheme=theme)
    for selected, other in (("#preset-7d", "#preset-30d"), ("#measure-sessions", "#measure-cost")):
        assert style(page.locator(selected), "backgroundColor") != style(page.locator(other), "backgroundColor")
    keys = [style(key, "backgroundColor") for key in page.locator(".oa-key").all()]
    assert len(set(keys)) == len(keys) == 3
    assert style(page.locator("#sort-user .oa-arrow"), "borderTopWidth") == "0px"


def test_from_right_to_left_the_page_is_mirrored(visit):
    page = visit("?range=30d", locale="ar", width=700)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    region, name = page.locator("#table"), page.locator("#table .oa-everyone th")
    region.evaluate("table => table.scrollTo(-300, 0)")
    edge = region.evaluate("table => table.getBoundingClientRect().right")
    assert abs(name.evaluate("cell => cell.getBoundingClientRect().right") - edge) <= 2
    assert page.evaluate("Chart.getChart('usage-chart').options.scales.x.reverse") is True
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


@pytest.mark.parametrize("locale", ["en-GB", "ar"])
def test_the_edge_of_a_table_is_shaded_as_long_as_there_is_more(visit, locale):
    page = visit("?chart=table&range=90d", width=700, locale=locale)
    people, days = edges(page, "#table"), edges(page, ".oa-days")
    expect(people).to_contain_class("oa-more-aside")
    expect(days).to_contain_class("oa-more-below")
    sign = "-" if locale == "ar" else ""
    page.locator("#table").evaluate(f"table => table.scrollTo({sign}5000, 0)")
    expect(people).not_to_contain_class("oa-more-aside")
    page.locator(".oa-days").evaluate("table => table.scrollTo(0, 9000)")
    expect(days).not_to_contain_class("oa-more-below")
    page.locator("#sort-user").click()
    expect_address(page, chart="table", range="90d", o="user")


@pytest.mark.parametrize(("width", "is_shown"), [(360, True), (1024, True), (1440, False)])
@pytest.mark.parametrize("has_script", [True, False])
def test_a_sentence_says_that_the_table_scrolls_where_it_does(visit, width, is_shown, has_script):
    page = visit(width=width, java_script_enabled=has_script)
    hint = page.get_by_text("Scroll the table sideways")
    if is_shown:
        expect(hint).to_be_visible()
    else:
        expect(hint).to_be_hidden()
        assert page.locator("#table").evaluate("table => table.scrollWidth <= table.clientWidth") or not has_script


def edges(page: Page, selector: str) -> Locator:
    return page.locator(".oa-edges", has=page.locator(selector))


def test_the_axis_is_written_as_the_table_is(visit):
    page = visit("?range=30d", locale="de-DE")
    expect(page.locator("#usage-chart[data-drawn]")).to_be_visible()
    labels = page.evaluate("Chart.getChart('usage-chart').scales.y.ticks.map(tick => tick.label)")
    assert labels[0] == "0\xa0$"
    assert all(label.endswith("\xa0$") for label in labels)
