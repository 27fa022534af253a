"""Steps of a reader, one function each."""

from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, expect


def address(page: Page) -> list[tuple[str, str]]:
    """The view's parameters, as the address bar has them."""
    return parse_qsl(urlsplit(page.url).query)


def names(page: Page) -> list[str]:
    """The people of the table, in its order."""
    return page.locator("#table tbody .oa-name").all_text_contents()


def everyone(page: Page) -> list[str]:
    """The pinned row's numbers."""
    return page.locator("#table thead .oa-everyone td.oa-number").all_text_contents()


def expect_address(page: Page, **parameters: str) -> None:
    """Waits until the address says just this."""
    page.wait_for_function(
        "wanted => JSON.stringify([...new URLSearchParams(location.search)].sort()) === JSON.stringify(wanted)",
        arg=sorted([name, value] for name, value in parameters.items()),
    )
    expect(page.locator("#results:not([aria-busy])")).to_be_visible()


def expect_settled(page: Page) -> None:
    """Waits until nothing is under way."""
    expect(page.locator("#organization.htmx-request")).to_have_count(0)
    expect(page.locator("#organization .htmx-settling, #organization .htmx-swapping")).to_have_count(0)
