"""The list of repositories where there are too many to list: the server searches, with and without scripts."""

from typing import Any

import pytest
from playwright.sync_api import expect

from org_analytics.models import CodingSession
from tests.browser.steps import address, expect_address
from tests.conftest import NOW


@pytest.fixture
def repositories(organization: Any) -> None:
    """250 repositories beside the organization's three; r249 is the least used."""
    CodingSession.objects.record_many(
        {
            "user": organization,
            "external_id": f"{number}",
            "provider": "codex",
            "started_at": NOW,
            "git_info": {"path": f"many/r{number:03}", "upstream_path": None},
        }
        for number in range(250)
    )


def test_typing_finds_repositories_that_are_not_listed(visit: Any, repositories: None) -> None:
    page = visit()
    page.evaluate("window.sameDocument = true")
    page.get_by_text("All repositories").click()
    expect(page.locator("#repository-options")).to_contain_text("The 200 most used of 253. Search for the others.")
    expect(page.get_by_label("many/r249")).to_have_count(0)
    page.get_by_label("Find a repository").fill("R249")
    page.get_by_label("many/r249").check()
    expect_address(page, repo="many/r249")
    expect(page.get_by_label("many/r249")).to_be_focused()
    page.get_by_label("Find a repository").fill("no such")
    expect(page.locator("#repository-options")).to_contain_text("No repository matches.")
    expect(page.get_by_label("many/r249")).to_be_checked()  # what is chosen stays
    page.get_by_label("Find a repository").fill("")
    expect(page.get_by_label("many/r010")).to_be_visible()
    expect_address(page, repo="many/r249")
    page.get_by_label("many/r249").uncheck()
    expect_address(page)
    assert page.evaluate("window.sameDocument === true")


def test_without_scripts_a_button_finds_them(visit: Any, repositories: None) -> None:
    page = visit("?measure=sessions", java_script_enabled=False)
    page.get_by_text("All repositories").click()
    page.get_by_label("Find a repository").fill("r249")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("many/r249").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("many/r249")).to_be_checked()
    assert ("repo", "many/r249") in address(page)
    page.get_by_role("link", name="Remove many/r249").click()
    assert address(page) == [("measure", "sessions")]
