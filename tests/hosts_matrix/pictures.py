"""Pictures of a host's page: wide and narrow, light, dark and in forced colours."""

from pathlib import Path
from typing import Any

from tests.chromium import ARGUMENTS, CHROMIUM

# Name → what the browser is and wants.
VIEWS: dict[str, dict[str, Any]] = {
    "1440": {"viewport": {"width": 1440, "height": 1000}},
    "1440-dark": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "dark"},
    "1024": {"viewport": {"width": 1024, "height": 1000}},
    "360": {"viewport": {"width": 360, "height": 800}},
    "forced": {"viewport": {"width": 1024, "height": 1000}, "forced_colors": "active"},
}


def take_pictures(url: str, session_key: str, directory: Path, name: str) -> None:
    """Write a picture of each view, as the reader with this session sees it. Without a Chromium none."""
    if CHROMIUM is None:
        print("No pictures: there is no Chromium.")
        return
    from playwright.sync_api import sync_playwright

    directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for view, options in VIEWS.items():
            context = browser.new_context(**options)
            context.add_cookies([{"name": "sessionid", "value": session_key, "url": url}])
            page = context.new_page()
            page.goto(f"{url}/organization?range=30d", wait_until="networkidle")
            page.screenshot(path=directory / f"{name}-{view}.png", full_page=True)
            context.close()
        browser.close()
