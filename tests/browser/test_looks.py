"""Widths, themes, paper; and what a keyboard reaches."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import address, expect_address, expect_settled

STATES = {
    "default": "",
    "compared": "?compare=1&range=30d",
    "as table": "?chart=table&compare=1",
    "filtered": "?provider=codex&repo=acme/api&repo=a-very-long-owner/and-a-repository-name-without-any-end-in-sight",
    "searched": "?q=ann",
    "nobody": "?q=nobody-has-such-a-long-name-without-a-single-space-in-it-at-all",
    "empty": "?start=2026-06-25&end=2026-06-26",
    "refused": "?start=2026-06-25&end=2026-06-01&measure=x",
}


@pytest.mark.parametrize("query", STATES.values(), ids=STATES)
@pytest.mark.parametrize("width", [360, 1024])
def test_no_sideways_scroll(visit, messages, query, width):
    page = visit(query, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if "measure=x" in query:
        messages.clear()  # the browser's own message about a status of 400


def test_long_lists_do_not_widen_a_narrow_page(visit):
    page = visit(width=360)
    page.get_by_text("Dates and filters").click()
    page.get_by_text("All repositories").click()
    expect(page.get_by_label("acme/api")).to_be_in_viewport(ratio=0.5)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("has_script", [True, False])
def test_on_a_phone_the_numbers_come_before_the_filters_are_unfolded(visit, has_script):
    page = visit(width=360, java_script_enabled=has_script)
    expect(page.get_by_label("Person")).to_be_hidden()
    expect(page.locator(".oa-card").first).to_be_in_viewport(ratio=1)
    page.get_by_text("Dates and filters").click()
    expect(page.get_by_label("Person")).to_be_visible()
    expect(page.get_by_label("From")).to_be_visible()


@pytest.mark.parametrize(("query", "message"), [("?q=ann", "1 set"), ("?provider=codex&repo=acme/api", "2 set")])
def test_on_a_phone_selected_values_are_seen_at_once(visit, query, message):
    page = visit(query, width=360)
    expect(page.get_by_label("Person")).to_be_visible()
    expect(page.locator("#filters-set")).to_have_text(message)
    page.get_by_text("Dates and filters").click()
    expect(page.get_by_label("Person")).to_be_hidden()
    page.locator("#preset-30d").click()
    expect_settled(page)
    expect(page.get_by_label("Person")).to_be_hidden()
    expect(page.locator("#filters-set")).to_have_text(message)


def test_on_a_phone_a_refused_date_is_seen_at_once(visit, messages):
    page = visit("?start=2026-06-25&end=2026-06-01", width=360)
    expect(page.locator("#error-end")).to_be_visible()
    messages.clear()  # the browser's own message about a status of 400


@pytest.mark.parametrize("width", [601, 1024, 1440])
def test_where_there_is_room_nothing_is_folded(visit, width):
    page = visit(width=width)
    expect(page.get_by_text("Dates and filters")).to_be_hidden()
    expect(page.get_by_label("Person")).to_be_visible()
    expect(page.get_by_label("From")).to_be_visible()


def test_headings_end_where_their_numbers_end(visit):
    page = visit()
    ends = page.evaluate(
        """() => ["#sort-sessions", "#sort-cost", "#sort-avg_user"].map(id => {
            const heading = document.querySelector(id), cell = heading.closest("th");
            const right = cell.getBoundingClientRect().right - parseFloat(getComputedStyle(cell).paddingRight);
            return Math.abs(right - heading.getBoundingClientRect().right);
        })"""
    )
    assert max(ends) < 1


@pytest.mark.parametrize(("theme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 18, 18)")])
def test_the_page_follows_the_reader_s_theme(visit, theme, background):
    page = visit(color_scheme=theme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background


def test_the_toggle_overrules_the_system(visit):
    page = visit(color_scheme="dark")
    page.locator(".theme-toggle").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_paper_has_the_numbers_and_no_controls(visit, crowd, theme):
    page = visit("?o=user&zero=0", color_scheme=theme)
    page.emulate_media(media="print")
    for gone in ("#header", ".oa-filters", ".oa-switches", ".oa-pages"):
        expect(page.locator(gone).first).to_be_hidden()
    for there in ("#period h1", ".oa-cards", "#usage-chart", "#table"):
        expect(page.locator(there)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#table").evaluate("table => table.scrollHeight <= table.clientHeight + 1")
    page.emulate_media(media=None)
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert page.evaluate("document.documentElement.dataset.theme") == "auto"


def test_the_keyboard_reaches_everything_in_order_with_a_visible_focus(visit):
    page = visit("?repo=acme/api")
    seen: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        assert stop["isVisible"], stop
        seen.append(stop["name"])
    order = [
        "Skip to main content",
        "Skip to the table",
        "preset-this-week",
        "start",
        "show-dates",
        "provider-claude-code",
        "include_no_repo",
        "q",
        "reset",
        "measure-cost",
        "compare",
        "chart-switch",
        "idle",
        "table",
        "sort-user",
        "sort-avg_user",
    ]
    stops = dict.fromkeys(seen)  # a date field is several
    assert [name for name in stops if name in order] == order


FOCUS = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) { return null; }
    const style = getComputedStyle(at), box = at.getBoundingClientRect();
    const isInside = !at.matches(":focus"); // the button within a date field: its ring is the browser's own
    const hasRing = isInside || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
    return { name: at.id || at.textContent.trim(), isVisible: hasRing && box.width > 1 && box.height > 1 };
}"""


def test_a_whole_visit_by_keyboard_alone(visit):
    page = visit()
    page.locator("#repositories summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("web")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect_address(page, repo="acme/web")
    page.keyboard.press("Escape")
    expect(page.locator("#repositories summary")).to_be_focused()
    page.locator("#sort-duration").focus()
    page.keyboard.press("Enter")
    expect_address(page, repo="acme/web", o="-duration")
    expect(page.locator("#sort-duration")).to_be_focused()
    page.get_by_role("link", name="Remove acme/web").focus()
    page.keyboard.press("Enter")
    expect_address(page, o="-duration")
    expect(page.locator("#results")).to_be_focused()


def test_skip_link_leads_to_the_people(visit):
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Skip to the table").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#people")).to_be_in_viewport()
    assert address(page) == []


def test_what_changed_is_announced(visit):
    page = visit()
    page.get_by_label("Person").fill("bob")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d+ sessions, 1 person shown$"))


@pytest.mark.parametrize("width", [360, 1024, 1280])
def test_nothing_jumps_while_loading(visit, width):
    page = visit(width=width)
    shift = page.evaluate(
        """() => new Promise(done => {
            let sum = 0;
            new PerformanceObserver(list => list.getEntries().forEach(entry => { sum += entry.value; }))
                .observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)));
        })"""
    )
    assert shift < 0.01
