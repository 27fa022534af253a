"""Each filter changes the results in place, and the address with them."""

from playwright.sync_api import Page, expect

from tests.browser.steps import address, everyone, expect_address, names


def stays(page: Page) -> None:
    """Marks the document, so that a full load would be noticed."""
    page.evaluate("window.sameDocument = true")


def has_stayed(page: Page) -> bool:
    return bool(page.evaluate("window.sameDocument === true"))


def test_a_preset_shows_its_range(visit):
    page = visit("?measure=sessions")
    stays(page)
    page.get_by_role("link", name="Last 30 days").click()
    expect_address(page, range="30d", measure="sessions")
    expect(page.get_by_role("link", name="Last 30 days")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("link", name="Last 7 days")).not_to_have_attribute("aria-current", "true")
    expect(page.locator("#period")).to_contain_text("Last 30 days · 19 May 2026 – 17 Jun 2026")
    expect(page.get_by_label("From")).to_have_value("2026-05-19")
    expect(page).to_have_title("Organization · Last 30 days")
    expect(page.get_by_role("link", name="Last 30 days")).to_be_focused()
    assert has_stayed(page)


def test_custom_dates_win_over_the_preset(visit):
    page = visit("?range=30d&provider=codex")
    stays(page)
    page.get_by_label("From").fill("2026-06-16")
    page.get_by_label("to", exact=True).fill("2026-06-17")
    page.get_by_role("button", name="Show dates").click()
    expect_address(page, start="2026-06-16", end="2026-06-17", provider="codex")
    expect(page.locator("#period")).to_contain_text("16 Jun 2026 – 17 Jun 2026")
    page.get_by_role("link", name="Last 7 days").click()
    expect_address(page, provider="codex")
    assert has_stayed(page)


def test_dates_that_are_wrong_say_so_beside_the_field(visit, messages):
    page = visit()
    page.get_by_label("From").fill("2026-06-16")
    page.get_by_label("to", exact=True).fill("2026-06-01")
    page.get_by_role("button", name="Show dates").click()
    expect(page.locator("#dates")).to_contain_text("The end is before the start.")
    expect(page.get_by_label("to", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("to", exact=True)).to_have_value("2026-06-01")
    expect(page.get_by_role("alert").filter(has_text="The end is before the start.")).to_have_count(1)
    page.get_by_label("to", exact=True).fill("2026-06-17")
    page.get_by_role("button", name="Show dates").click()
    expect(page.locator("#dates")).not_to_contain_text("The end is before the start.")
    forget_refusal(messages)


def test_providers_are_ticked_one_by_one(visit):
    page = visit()
    stays(page)
    all_sessions = int(everyone(page)[0])
    page.get_by_label("Codex").check()
    expect_address(page, provider="codex")
    codex = int(everyone(page)[0])
    expect(page.get_by_label("Codex")).to_be_focused()
    page.get_by_label("OpenCode").check()
    page.wait_for_url("**provider=codex&provider=opencode")
    expect(page.locator("#announcement")).to_contain_text("sessions")
    assert 0 < codex < int(everyone(page)[0]) < all_sessions
    page.get_by_label("Codex").uncheck()
    page.get_by_label("OpenCode").uncheck()
    expect_address(page)
    assert int(everyone(page)[0]) == all_sessions
    assert has_stayed(page)


def test_repositories_are_found_ticked_and_removed(visit):
    page = visit()
    stays(page)
    page.get_by_text("All repositories").click()
    page.get_by_label("Find a repository").fill("INF")
    expect(page.get_by_label("acme/api")).to_be_hidden()
    page.get_by_label("acme/infra").check()
    expect_address(page, repo="acme/infra")
    expect(page.get_by_label("acme/infra")).to_be_focused()
    expect(page.locator("#repositories summary")).to_have_text("acme/infra")
    expect(page.get_by_label("Find a repository")).to_have_value("INF")
    page.get_by_label("Find a repository").fill("no such")
    expect(page.get_by_text("No repository matches.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find a repository")).to_be_hidden()
    page.get_by_role("link", name="Remove acme/infra").click()
    expect_address(page)
    expect(page.get_by_text("All repositories")).to_be_visible()
    assert has_stayed(page)


def test_enter_in_the_repository_search_sends_nothing(visit):
    page = visit()
    page.get_by_text("All repositories").click()
    page.get_by_label("Find a repository").fill("api")
    page.keyboard.press("Enter")
    expect(page.get_by_label("acme/web")).to_be_hidden()
    assert address(page) == []


def test_sessions_without_a_repository_can_be_left_out(visit):
    page = visit()
    before = int(everyone(page)[0])
    page.get_by_label("Sessions without a repository").select_option("left out")
    expect_address(page, include_no_repo="0")
    assert int(everyone(page)[0]) < before


def test_a_search_narrows_while_typing_and_keeps_the_caret(visit):
    page = visit()
    stays(page)
    field = page.get_by_label("Person")
    field.press_sequentially("jose", delay=20)
    expect_address(page, q="jose")
    assert names(page) == ["José Núñez"]
    expect(field).to_be_focused()
    expect(page.get_by_text("Everyone matching “jose”").first).to_be_visible()
    field.press_sequentially(" n")
    expect_address(page, q="jose n")
    expect(field).to_have_value("jose n")
    field.fill("nobody at all")
    expect(page.get_by_role("heading", name="Nobody matches “nobody at all”")).to_be_visible()
    page.get_by_role("link", name="Show everyone").click()
    expect_address(page)
    expect(field).to_have_value("")
    assert has_stayed(page)


def test_reset_clears_everything(visit):
    page = visit("?range=30d&provider=codex&repo=acme/api&include_no_repo=0&q=bob&o=user&measure=sessions&zero=0")
    page.locator("#reset").click()
    expect_address(page)
    expect(page.get_by_label("Person")).to_have_value("")
    expect(page.get_by_label("Codex")).not_to_be_checked()
    expect(page.get_by_label("Sessions without a repository")).to_have_value("")
    assert len(names(page)) == 5


def test_a_selected_value_without_data_stays_removable(visit):
    page = visit("?provider=cursor&repo=gone/away")
    expect(page.get_by_label("Cursor")).to_be_checked()
    expect(page.get_by_role("link", name="Remove gone/away")).to_be_visible()
    expect(page.get_by_role("heading", name="No sessions in this view")).to_be_visible()
    page.get_by_label("Cursor").uncheck()
    expect_address(page, repo="gone/away")


def test_nothing_in_range_offers_90_days(visit):
    page = visit("?start=2026-06-25&end=2026-06-26")
    page.locator(".oa-empty").get_by_role("link", name="Last 90 days").click()
    expect_address(page, range="90d")
    expect(page.locator(".oa-empty")).to_have_count(0)


def forget_refusal(messages: list[str]) -> None:
    """The browser itself prints a line about a refused address to the console; nothing else may."""
    assert len(messages) == 1
    assert "status of 400" in messages.pop()
