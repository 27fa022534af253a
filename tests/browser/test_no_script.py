"""Everything works without a script: forms and links."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import address, everyone, names


@pytest.fixture
def plain(visit):
    return lambda query="", **options: visit(query, java_script_enabled=False, **options)


def test_filters_are_a_form(plain):
    page = plain("?measure=sessions")
    page.get_by_label("Codex").check()
    page.get_by_label("Person").fill("e")
    page.get_by_label("Sessions without a repository").select_option("left out")
    page.get_by_text("All repositories").click()
    page.get_by_label("acme/web").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Codex")).to_be_checked()
    assert sorted(pair for pair in address(page) if pair[1]) == [
        ("include_no_repo", "0"),
        ("measure", "sessions"),
        ("provider", "codex"),
        ("q", "e"),
        ("repo", "acme/web"),
    ]
    assert sorted(names(page)) == ["Ann Lee", "Bob Ng", "Cleo Ost", "Dora Uhl", "José Núñez"]


def test_dates_are_a_form_and_presets_links(plain):
    page = plain("?provider=codex")
    page.get_by_label("From").fill("2026-06-10")
    page.get_by_role("button", name="Show dates").click()
    assert address(page) == [("provider", "codex"), ("start", "2026-06-10"), ("end", "2026-06-17")]
    page.get_by_role("link", name="Last 30 days").click()
    assert address(page) == [("range", "30d"), ("provider", "codex")]


def test_sort_paging_switches_and_reset_are_links(plain, crowd):
    page = plain("?range=30d")
    for name in ("Next", "Hide people without sessions", "Compare with previous period"):
        page.get_by_role("link", name=name).click()
    page.locator("#sort-user").click()
    assert dict(address(page)) == {"range": "30d", "zero": "0", "compare": "1", "o": "user"}
    assert names(page)[0] == "Ann Lee"
    assert len(everyone(page)) == 9
    page.locator("#reset").click()
    assert address(page) == []


def test_the_chart_is_its_table(plain):
    page = plain("?measure=sessions")
    expect(page.locator("#usage-chart")).to_be_hidden()
    expect(page.get_by_role("link", name="Show as table")).to_have_count(0)
    expect(page.locator(".oa-days caption")).to_have_text("Sessions by day and provider")
    assert page.locator(".oa-days tbody tr").count() == 8


def test_repositories_are_found_by_the_server(plain):
    page = plain("?provider=codex")
    page.get_by_text("All repositories").click()
    expect(page.get_by_label("acme/api")).to_be_visible()
    page.get_by_label("Find a repository").fill("WEB")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_label("acme/api")).to_have_count(0)
    page.get_by_label("acme/web").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("acme/web")).to_be_checked()
    assert ("repo", "acme/web") in address(page)
    assert ("provider", "codex") in address(page)


def test_downloads_are_links(plain):
    page = plain("?provider=codex")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert started.value.suggested_filename.endswith("-codex.csv")
