"""The example with its demo organization, served for a browser; and that browser. For screenshots and figures."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.chromium import ARGUMENTS, CHROMIUM

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def served_demo() -> Iterator[str]:
    """The address of a server with its own demo database; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="org-analytics-demo-") as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "DEBUG": "true",
            "ALLOWED_HOSTS": "127.0.0.1",
            "ENABLE_ORG_ANALYTICS": "true",
            "DATABASE_URL": f"sqlite:///{directory}/demo.sqlite3",
        }
        probe.close()
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
        subprocess.run([*manage, "load_demo"], env=environment, check=True)
        server = subprocess.Popen(
            [*manage, "runserver", f"127.0.0.1:{port}", "--noreload"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield wait_for(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


def wait_for(url: str) -> str:
    """The address, once somebody answers there."""
    for _ in range(100):
        try:
            with urlopen(f"{url}/account/login"):
                return url
        except URLError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer.")


@contextmanager
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        raise SystemExit("No chromium on the PATH: install it (Debian and Ubuntu: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def log_in(context: BrowserContext, url: str) -> None:
    """The demo's plain reader, logged in."""
    page = context.new_page()
    page.goto(f"{url}/account/login")
    page.locator("#id_username").fill("reader")
    page.locator("#id_password").fill("reader")
    page.locator("main button").click()
    page.wait_for_url(lambda address: "login" not in address)
    page.close()
