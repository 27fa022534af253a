"""`make screenshots`: take the pictures of README and docs from the demo organization, into docs/images/."""

from playwright.sync_api import Page

from scripts.example_site import ROOT, chromium, log_in, served_demo

IMAGES = ROOT / "docs" / "images"
# File name, path (empty: a session with a recap), width, height (0: the whole page), theme, language.
PICTURES = (
    ("organization.png", "/organization?range=30d&compare=1", 1440, 0, "light", "en"),
    ("organization-dark.png", "/organization?range=30d&compare=1", 1440, 0, "dark", "en"),
    ("organization-phone.png", "/organization?range=30d", 360, 1560, "light", "en"),
    ("person.png", "/organization/me?range=30d", 1440, 0, "light", "en"),
    ("session.png", "", 1440, 630, "light", "en"),
)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with served_demo() as url, chromium() as browser:
        for name, path, width, height, theme, language in PICTURES:
            context = browser.new_context(
                viewport={"width": width, "height": height or 900},
                color_scheme=theme,
                locale=language,
                reduced_motion="reduce",
            )
            log_in(context, url)
            page = context.new_page()
            page.goto(url + (path or session_with_recap(page, url)), wait_until="networkidle")
            page.screenshot(path=IMAGES / name, full_page=not height)
            context.close()
            print(f"docs/images/{name}")


def session_with_recap(page: Page, url: str) -> str:
    """The path of the newest session of the reader that has a recap."""
    page.goto(f"{url}/organization/me?range=30d")
    row = page.locator("#table tr").filter(has=page.locator(".oa-recap-line")).first
    return row.locator("a").first.get_attribute("href") or ""


if __name__ == "__main__":
    main()
