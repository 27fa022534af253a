"""`make screenshots`: the README's pictures, anew from the demo organization, into docs/."""

from scripts.example_site import ROOT, chromium, log_in, served_demo

DOCS = ROOT / "docs"
# File name, query, width, height (0: the whole page), theme, language.
PICTURES = (
    ("organization.png", "?range=30d&compare=1", 1440, 0, "light", "en"),
    ("organization-dark.png", "?range=30d&compare=1", 1440, 0, "dark", "en"),
    ("organization-german.png", "?range=30d&measure=duration&o=-duration", 1024, 0, "light", "de"),
    ("organization-phone.png", "?range=30d", 360, 1560, "light", "en"),
    ("organization-table.png", "?range=last-week&chart=table&compare=1", 1440, 900, "light", "en"),
    ("organization-nobody.png", "?q=nobody", 1024, 640, "light", "en"),
    ("organization-empty.png", "?start=2020-01-06&end=2020-01-12", 1024, 900, "dark", "en"),
)


def main() -> None:
    DOCS.mkdir(exist_ok=True)
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
            page.screenshot(path=DOCS / name, full_page=not height)
            context.close()
            print(f"docs/{name}")


if __name__ == "__main__":
    main()
