"""`make screenshots`: take the pictures of README and docs from the demo organization, into docs/images/."""

from scripts.example_site import ROOT, chromium, log_in, served_demo

IMAGES = ROOT / "docs" / "images"
# File name, query, width, height (0: the whole page), theme, language.
PICTURES = (
    ("organization.png", "?range=30d&compare=1", 1440, 0, "light", "en"),
    ("organization-dark.png", "?range=30d&compare=1", 1440, 0, "dark", "en"),
    ("organization-phone.png", "?range=30d", 360, 1560, "light", "en"),
)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with served_demo() as url, chromium() as browser:
        for name, query, width, height, theme, language in PICTURES:
            context = browser.new_context(
                viewport={"width": width, "height": height or 900},
                color_scheme=theme,
                locale=language,
                reduced_motion="reduce",
            )
            log_in(context, url)
            page = context.new_page()
            page.goto(f"{url}/organization{query}", wait_until="networkidle")
            page.screenshot(path=IMAGES / name, full_page=not height)
            context.close()
            print(f"docs/images/{name}")


if __name__ == "__main__":
    main()
