"""The example project, served on loopback, and a browser for it."""

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
MANAGE = (sys.executable, str(ROOT / "manage.py"))


class ExampleSite:
    """A running example project. `manage` runs a command on its database and returns the output."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self.url = url
        self._environment = environment

    def manage(self, *command: str, **environment: str) -> str:
        done = subprocess.run(
            [*MANAGE, *command],
            env={**self._environment, **environment},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout


@contextmanager
def served_demo() -> Iterator[str]:
    """The address of the example with its demo organization."""
    with served_example() as site:
        site.manage("load_demo")
        yield site.url


@contextmanager
def served_example() -> Iterator[ExampleSite]:
    """The example with an empty database of its own; both are gone afterwards."""
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
        site = ExampleSite(f"http://127.0.0.1:{port}", environment)
        site.manage("migrate", "-v0")
        server = subprocess.Popen(
            [*MANAGE, "runserver", f"127.0.0.1:{port}", "--noreload"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(f"{site.url}/account/login")
            yield site
        finally:
            server.terminate()
            server.wait()


def wait_for(url: str) -> None:
    """Returns when this address answers."""
    for _ in range(300):
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, TimeoutError):
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
