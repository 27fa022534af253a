"""A newer request cancels an older one; a failure is shown and leaves the page as it was."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import address, everyone, expect_address, names


def test_a_slow_answer_that_was_overtaken_is_never_shown(visit):
    page = visit()
    held = hold(page, "provider=codex")
    page.get_by_label("Codex").check()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    page.locator("#preset-30d").click()
    expect_address(page, range="30d")
    shown = names(page), everyone(page)
    (overtaken,) = held
    assert overtaken.request.failure == "net::ERR_ABORTED"
    assert (names(page), everyone(page)) == shown


def test_progress_shows_while_something_is_under_way(visit):
    page = visit()
    held = hold(page, "o=user")
    page.locator("#sort-user").click()
    expect(page.locator("#organization.htmx-request")).to_be_visible()
    held[0].continue_()
    expect_address(page, o="user")
    expect(page.locator("#organization.htmx-request")).to_have_count(0)


@pytest.mark.parametrize("fault", ["no network", "status 500"])
def test_a_failure_is_shown_and_the_next_try_clears_it(visit, messages, fault):
    page = visit()
    before = names(page), everyone(page), page.url
    break_next_answer(page, fault)
    page.locator("#sort-user").click()
    expect(page.get_by_role("alert").filter(has_text="could not be updated")).to_be_visible()
    assert (names(page), everyone(page), page.url) == before
    page.locator("#sort-user").click()
    expect_address(page, o="user")
    expect(page.locator("#failure")).to_be_hidden()
    assert messages
    messages.clear()


def test_a_session_that_is_over_leads_to_the_login(visit):
    page = visit()
    end_session(page)
    page.get_by_label("Codex").click()  # not check(): the box may be gone with its page before it is looked at
    page.wait_for_url("**/admin/login/?next=/organization%3F**provider%3Dcodex**")


def test_going_back_after_the_session_is_over_leads_to_the_login(visit, messages):
    page = visit()
    page.get_by_label("Codex").check()
    expect_address(page, provider="codex")
    end_session(page)
    page.go_back()
    page.wait_for_url("**/admin/login/?next=/organization")
    assert all("status of 403" in message for message in messages)
    messages.clear()


def test_apply_is_there_where_a_script_did_not_arrive(visit, messages):
    page = visit()
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_hidden()
    # And not only for a while: it does not appear later.
    assert page.locator(".oa-actions .oa-unenhanced").evaluate("button => getComputedStyle(button).display") == "none"
    page.route("**/htmx.min.js", lambda route: route.abort())
    page.reload()
    expect(apply).to_be_visible()
    page.unroute("**/htmx.min.js")
    messages.clear()
    page.get_by_label("Codex").check()
    apply.click()
    expect(apply).to_be_hidden()
    expect(page.get_by_label("Codex")).to_be_checked()
    assert ("provider", "codex") in address(page)


def end_session(page: Page) -> None:
    """Logged out elsewhere. The login is a page without an icon to look for: the host's own is not what is tested."""
    page.context.clear_cookies()
    page.route("**/admin/login/**", lambda route: route.fulfill(body='<link rel="icon" href="data:,">'))


def hold(page: Page, query: str) -> list[Route]:
    """Requests for this view are kept waiting, in the list."""
    held: list[Route] = []
    page.route(f"**/organization?*{query}*", lambda route: held.append(route))
    return held


def break_next_answer(page: Page, fault: str) -> None:
    def refuse(route: Route) -> None:
        if fault == "no network":
            route.abort()
        else:
            route.fulfill(status=500, body="no")

    page.route("**/organization?o=user", refuse, times=1)
