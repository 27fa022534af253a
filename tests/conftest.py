"""Plain fixtures, the same on every database and with every user model."""

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone, translation

from org_analytics.models import CodingSession
from tests import conformance
from tests.questions import ANALYTICS, NOW, RANGE
from tests.users import create_user

# The matrix runs without browser tests, and installs nothing for them.
HAS_PLAYWRIGHT = find_spec("playwright") is not None
# docs_host: files of a site that test_python_api_docs.py builds and tests itself.
collect_ignore = ["docs_host", *([] if HAS_PLAYWRIGHT else ["browser"])]
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}
# Machines are noisy: an example that takes long is not a failure.
hypothesis.settings.register_profile("default", deadline=None)
# For runs that repeat what another has searched thoroughly: other interpreters, other versions.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_report_header() -> str:
    return "" if HAS_PLAYWRIGHT else "browser tests: left out, playwright is not installed"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without a database are marked `once`: make test runs it on the first database only."""
    for item in items:
        asked_for = DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
        if not asked_for and not item.get_closest_marker("django_db"):
            item.add_marker("once")


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Each test begins in the default language: LocaleMiddleware leaves the one of its last request active."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture
def without_access_log(settings: Any) -> None:
    """Count only the queries of the answer: with every hundredth entry, the access log also deletes old ones."""
    settings.ORG_ANALYTICS_ACCESS_LOG = False


@pytest.fixture
def freeze_now(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`freeze_now(instant)`: what `timezone.now()` says from now on."""

    def freeze(instant: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: instant)

    return freeze


@pytest.fixture
def now(freeze_now: Callable[[datetime], None]) -> datetime:
    """The frozen time: Wednesday 2026-06-17 15:30 UTC."""
    freeze_now(NOW)
    return NOW


@pytest.fixture
def make_user(db: None) -> Callable[..., Any]:
    """`make_user("ann@example.com", "Ann Lee", is_staff=True)`; without an e-mail a new one each time."""
    numbers = itertools.count(1)

    def make(email: str | None = None, name: str | None = None, **fields: Any) -> Any:
        return create_user(f"user{next(numbers)}@example.com" if email is None else email, name, **fields)

    return make


@pytest.fixture
def user(make_user: Callable[..., Any]) -> Any:
    """A plain signed-up person."""
    return make_user("ann@example.com", "Ann Lee")


@pytest.fixture
def staff(make_user: Callable[..., Any]) -> Any:
    return make_user("staff@example.com", "Sam Staff", is_staff=True)


@pytest.fixture
def superuser(make_user: Callable[..., Any]) -> Any:
    return make_user("root@example.com", "Rosa Root", is_staff=True, is_superuser=True)


@pytest.fixture
def inactive(make_user: Callable[..., Any]) -> Any:
    return make_user("gone@example.com", "Gus Gone", is_active=False)


@pytest.fixture
def make_session(db: None) -> Callable[..., CodingSession]:
    """`make_session(user, cost_usd="1.50")` through the write API; other fields get ordinary, known values."""
    numbers = itertools.count(1)

    def make(user: Any, **values: Any) -> CodingSession:
        ordinary = {
            "provider": "claude-code",
            "external_id": f"session-{next(numbers)}",
            "started_at": NOW,
            "cost_usd": Decimal("1.00"),
            "duration_ms": 60_000,
            "assistant_ms": 40_000,
            "user_ms": 10_000,
        }
        session, _created = CodingSession.objects.record(user=user, **{**ordinary, **values})
        return session

    return make


@pytest.fixture
def client_of() -> Callable[[Any], Client]:
    """`client_of(user)`: a browser in which that user is logged in."""

    def log_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def api(client_of: Callable[[Any], Client], user: Any) -> Client:
    """A client with the plain user's session login."""
    return client_of(user)


@pytest.fixture(params=conformance.NAMES)
def recorded(request: pytest.FixtureRequest, db: None) -> dict[str, Any]:
    """Each file of recorded answers in turn, its people and sessions loaded."""
    return conformance.load(request.param)


@pytest.fixture
def ask(api: Client) -> Callable[..., Any]:
    """`ask(provider="codex")`, `ask(REPOS)`: the API's answer for the two days around `NOW`."""

    def get(path: str = ANALYTICS, **parameters: Any) -> Any:
        response = api.get(path, {**RANGE, **parameters})
        assert response.status_code == 200, response.content
        return response.json()

    return get


@pytest.fixture
def join(db: None, settings: Any) -> Callable[[Any, str], None]:
    """`join(user, "Core")` puts a user into a team; teams are Django's groups."""
    settings.ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"

    def add(user: Any, team: str) -> None:
        group, _created = Group.objects.get_or_create(name=team)
        user.groups.add(group)

    return add
