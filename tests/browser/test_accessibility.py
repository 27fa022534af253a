"""axe finds nothing, in any state, in both themes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_looks import STATES

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page: Page) -> list[str]:
    """Return what axe finds. It takes closed details for hidden even if the style sheet shows them, so open them."""
    page.locator("#more-filters").evaluate("details => { details.open = true; }")
    return violations_as_it_is(page)


def violations_as_it_is(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("query", STATES.values(), ids=STATES)
def test_no_violation(visit, messages, theme, query):
    page = visit(query, color_scheme=theme)
    messages.clear()  # the browser's own message about a status of 400
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation_narrow_closed_open_or_after_a_change(visit, theme):
    page = visit(color_scheme=theme, width=360)
    assert violations_as_it_is(page) == []
    page.get_by_text("Dates and filters").click()
    page.get_by_text("All repositories").click()
    page.get_by_label("Find a repository").fill("x")
    expect(page.get_by_text("No repository matches.")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_label("Codex").check()
    page.wait_for_url("**provider=codex")
    expect(page.locator("#announcement")).not_to_be_empty()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation_with_pages_and_in_german(visit, crowd, theme):
    page = visit("?range=30d&compare=1", color_scheme=theme, locale="de-DE")
    expect(page.get_by_role("link", name="Weiter")).to_be_visible()
    assert violations(page) == []


def test_no_violation_while_a_failure_is_shown(visit, messages):
    page = visit()
    page.route("**/organization?o=user", lambda route: route.abort(), times=1)
    page.locator("#sort-user").click()
    expect(page.locator("#failure")).to_be_visible()
    assert violations(page) == []
    messages.clear()
