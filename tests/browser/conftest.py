"""A real Chromium against a live server.

Playwright keeps an event loop running in its thread, where Django refuses to talk to the database. So the browser, and
the body of each test here, live in a thread of their own; fixtures that write to the database, and the emptying of it,
stay in pytest's. A body cannot touch the database even by mistake: what it needs, a fixture makes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from org_analytics.models import CodingSession
from tests.chromium import ARGUMENTS, CHROMIUM
from tests.conftest import NOW
from tests.users import create_user

PROVIDERS = ["claude-code", "codex", "opencode", "cursor"]
REPOS = ["acme/api", "acme/web", "acme/infra"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.once)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no chromium on the PATH"))


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """The body of a browser test runs where the browser lives."""
    thread = pyfuncitem.funcargs.get("browser_thread")
    if thread is not None:
        body = pyfuncitem.obj
        pyfuncitem.obj = lambda **arguments: thread.submit(body, **arguments).result()
    yield


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser") as thread:
        yield thread


@pytest.fixture(scope="session")
def browser(browser_thread: ThreadPoolExecutor) -> Iterator[Browser]:
    playwright = browser_thread.submit(sync_playwright().start).result()
    launched = browser_thread.submit(playwright.chromium.launch, executable_path=CHROMIUM, args=ARGUMENTS).result()
    yield launched
    browser_thread.submit(launched.close).result()
    browser_thread.submit(playwright.stop).result()


@pytest.fixture
def organization(db: None, now: Any) -> Any:
    """Ann, who reads; Bob, Cleo and José with sessions over two weeks; Dora without. Returns Ann."""
    people = [create_user(f"{name.split()[0].lower()}@example.com", name) for name in NAMES]
    CodingSession.objects.record_many(
        {
            "user": people[number % 4],
            "external_id": str(number),
            "provider": PROVIDERS[number % 3],
            "started_at": NOW - timedelta(hours=7 * number),
            "cost_usd": None if number == 5 else f"{number}.125",
            "duration_ms": 600_000 + 1000 * number,
            "assistant_ms": 300_000,
            "user_ms": 60_000,
            "git_info": {"repo_url": f"https://git.example.com/{REPOS[number % 3]}"} if number % 5 else None,
        }
        for number in range(48)
    )
    return people[0]


NAMES = ["Ann Lee", "Bob Ng", "Cleo Ost", "José Núñez", "Dora Uhl"]


@pytest.fixture
def crowd(organization: Any) -> Any:
    """The organization with 120 more people, each with a session."""
    people = [create_user(f"p{number:03}@example.com", f"Person {number:03}") for number in range(120)]
    CodingSession.objects.record_many(
        {"user": user, "external_id": "x", "provider": "codex", "started_at": NOW, "cost_usd": "0.01"}
        for user in people
    )
    return organization


@pytest.fixture
def messages() -> list[str]:
    """The lines that the consoles of all pages printed."""
    return []


@pytest.fixture
def visit(
    browser: Browser, browser_thread: ThreadPoolExecutor, live_server: Any, organization: Any, messages: list[str]
) -> Iterator[Callable[..., Page]]:
    """`visit("?q=ann", width=360, color_scheme="dark")`: the page in a fresh browser in which Ann is logged in.

    Fails if a console has printed anything: the browser reports blocked scripts and styles there.
    """
    client = Client()
    client.force_login(organization)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    contexts: list[BrowserContext] = []

    def open_page(query: str = "", width: int = 1280, **options: Any) -> Page:
        viewport = {"width": width, "height": 900}
        context = browser.new_context(viewport=viewport, **{"locale": "en-GB", "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.add_cookies([cookie])
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: messages.append(f"error: {error}"))
        page.goto(f"{live_server.url}/organization{query}")
        return page

    yield open_page
    for context in contexts:
        browser_thread.submit(context.close).result()
    assert messages == []
