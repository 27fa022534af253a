"""A short run of the hosts: what needs no more than the test dependencies. `make hosts` tries the others too."""

import os
import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import TZPATH

import pytest
from django.db import connection

from org_analytics.api.schema.document import ENDPOINTS
from tests.time_zone_data import NAME, write_zone

from .hosts import PLAIN, SMALL
from .project import CHECK, COLLECT, DEPLOY_CHECK, HERE, Host, Project, database_beside_this_one

OURS = re.compile(r"org_analytics\.[EW]\d{3}")
MODULES = {"djangorestframework-simplejwt": "rest_framework_simplejwt", "drf-spectacular": "drf_spectacular"}


def has_packages(host: Host) -> bool:
    return all(find_spec(MODULES.get(name, name.removeprefix("django-"))) for name in host.requirements)


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Host], Project]:
    return lambda host: Project.of(host, tmp_path / host.name)


@pytest.mark.parametrize("host", SMALL, ids=lambda host: host.name)
def test_a_host_has_page_api_downloads_and_nothing_to_hear_from_checks(
    host: Host, project: Callable[[Host], Project]
) -> None:
    if not has_packages(host):
        pytest.skip(f"{', '.join(host.requirements)} is not installed")
    made = project(host).prepare()
    made.must(*COLLECT)
    made.must("ask.py")
    made.must(*CHECK)
    made.must(*DEPLOY_CHECK, DEPLOY="1")


@pytest.mark.skipif(not find_spec("drf_spectacular"), reason="drf-spectacular is not installed")
@pytest.mark.parametrize("version", ["3.0.3", "3.1.1"])
def test_h3_a_hosts_own_schema_has_our_endpoints_and_is_made_without_a_warning(
    version: str, project: Callable[[Host], Project]
) -> None:
    [host] = [host for host in SMALL if host.name == "spectacular"]
    made = project(replace(host, settings=f'{host.settings}SPECTACULAR_SETTINGS = {{"OAS_VERSION": "{version}"}}\n'))

    schema = made.must("manage.py", "spectacular", "--validate", "--fail-on-warn")

    assert f"openapi: {version}" in schema
    assert set(re.findall(r"^  (/\S+):$", schema, re.MULTILINE)) >= {
        *(endpoint.path for endpoint in ENDPOINTS),
        *(f"/again{endpoint.path}" for endpoint in ENDPOINTS),
        "/host",
    }
    assert "tokenAuth" not in schema
    assert "cookieAuth" in schema


@pytest.mark.skipif(not find_spec("drf_spectacular"), reason="drf-spectacular is not installed")
def test_h3_a_hosts_own_schema_does_not_show_a_feature_that_is_off(project: Callable[[Host], Project]) -> None:
    [host] = [host for host in SMALL if host.name == "spectacular"]

    made = project(replace(host, settings=f"{host.settings}ENABLE_ORG_ANALYTICS = False\n"))

    schema = made.must("manage.py", "spectacular", "--validate", "--fail-on-warn")

    assert "/host:" in schema
    assert "/api/v1/org" not in schema
    assert "OrgAnalytics" not in schema


# ASGI -----------------------------------------------------------------------------------------------------------------

UVICORN = ("-m", "uvicorn", "--log-level=warning", "asgi:application", "--port")
# What Django says of an answer that it cannot stream.
NOT_STREAMED = "error:StreamingHttpResponse must consume:Warning"
needs_uvicorn = pytest.mark.skipif(not find_spec("uvicorn"), reason="uvicorn is not installed")


@dataclass(frozen=True)
class Answer:
    """What a server has answered."""

    status: int
    headers: Message
    text: str


def get(url: str, session_key: str = "") -> Answer:
    """Ask as a reader with this session, without following redirects."""
    address = urlsplit(url)
    with closing(HTTPConnection(address.netloc, timeout=60)) as client:
        client.request("GET", f"{address.path}?{address.query}", headers={"Cookie": f"sessionid={session_key}"})
        response = client.getresponse()
        return Answer(response.status, response.headers, response.read().decode("utf-8-sig"))


@needs_uvicorn
def test_h11_downloads_are_streamed_under_asgi_without_a_warning(project: Callable[[Host], Project]) -> None:
    made = project(PLAIN).prepare()
    session_key = made.must("ask.py").strip()
    with made.served("-W", NOT_STREAMED, *UVICORN) as server:
        answers = [get(f"{server.url}/organization.{kind}?range=30d", session_key) for kind in ("csv", "json")]
        assert server.log.read_text() == ""
    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.headers["Transfer-Encoding"] for answer in answers] == ["chunked", "chunked"]
    csv, json = (answer.text for answer in answers)
    assert "ann@example.com" in csv
    assert json.endswith("]}\n")


@pytest.fixture
def behind_a_proxy(project: Callable[[Host], Project]) -> Project:
    """A proxy takes /stats away from the path; the application knows it from FORCE_SCRIPT_NAME."""
    [host] = [host for host in SMALL if host.name == "script_name"]
    return project(host).prepare()


@needs_uvicorn
@pytest.mark.parametrize("prefix", ["", "/stats"], ids=["stripping", "not stripping"])
def test_h14_a_login_leads_back_to_the_page_under_a_proxy(prefix: str, behind_a_proxy: Project) -> None:
    paths = "/organization", "/organization/", "/organization.csv"
    with behind_a_proxy.served(*UVICORN) as server:
        answers = [get(f"{server.url}{prefix}{path}?range=30d") for path in paths]
    assert [answer.headers["Location"] for answer in answers] == [
        f"/admin/login/?next=/stats{path}%3Frange%3D30d" for path in paths
    ]


@needs_uvicorn
def test_h14_links_stay_under_a_proxy_that_strips_the_path(behind_a_proxy: Project) -> None:
    session_key = behind_a_proxy.must("ask.py").strip()
    with behind_a_proxy.served(*UVICORN) as server:
        page = get(f"{server.url}/organization?range=30d", session_key).text
    addresses = set(re.findall(r'(?:href|action|hx-get)="(/[^"]*)"', page))
    assert addresses
    assert [address for address in addresses if not f"{address}/".startswith("/stats/")] == []


# Databases ------------------------------------------------------------------------------------------------------------

TEST_OF_A_HOST = """
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from org_analytics.models import CodingSession

@pytest.fixture
def reader(client):
    user = get_user_model().objects.create(username="ann", email="ann@example.com")
    client.force_login(user)
    return user

def record(user, number):
    CodingSession.objects.record(user=user, provider="codex", external_id=str(number), cost_usd=Decimal(number),
                                 started_at=datetime.now(UTC) - timedelta(days=number))

@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_numbers(client, reader, turn):
    for number in range(5):
        record(reader, number)
    CodingSession.objects.filter(external_id="3").delete()
    totals = client.get("/api/v1/org/analytics").json()["totals"]
    assert (totals["session_count"], totals["total_cost_usd"]) == (4, "7.00")
    assert client.get("/organization").status_code == 200
    call_command("rebuild_daily_usage", "--check")
    call_command("check", "--database=default", "--fail-level=WARNING")
"""
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--ds=settings", "test_host.py")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("how", "arguments", "settings"),
    [
        ("no_migrations", ("--no-migrations",), ""),
        ("migrate_false", (), 'DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False\n'),
        ("with_migrations", (), ""),
    ],
)
def test_h2_a_hosts_tests_pass_without_migrations(
    how: str, arguments: tuple[str, ...], settings: str, project: Callable[[Host], Project]
) -> None:
    made = project(
        Host(how, settings=settings, files={"test_host.py": TEST_OF_A_HOST}, database=database_like_this_one())
    )
    assert "2 passed" in made.must(*PYTEST, *arguments)


def test_h2_nothing_is_installed_after_the_app_was_migrated_to_zero(project: Callable[[Host], Project]) -> None:
    made = project(PLAIN).prepare()
    made.must("manage.py", "migrate", "org_analytics", "zero", "--verbosity=0")
    made.must("manage.py", "migrate", "auth", "--verbosity=0")
    assert not tables_of(made, "org_analytics")


def database_like_this_one() -> dict[str, Any] | None:
    """For a project's own test database on the server of this run; None: a file of its own."""
    if connection.vendor != "postgresql":
        return None
    return {**database_beside_this_one("postgres"), "TEST": {"NAME": f"host_{uuid.uuid4().hex[:8]}"}}


def tables_of(project: Project, prefix: str = "") -> list[str]:
    path = project.directory / "host.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in rows if name.startswith(prefix)]


def test_h13_migrate_refuses_an_unsupported_database_before_it_makes_anything(
    project: Callable[[Host], Project], tmp_path: Path
) -> None:
    database = {"ENGINE": "unsupported", "NAME": str(tmp_path / "unsupported" / "host.db")}
    files = {
        "unsupported/__init__.py": "",
        "unsupported/base.py": (HERE.parent / "unsupported_database" / "base.py").read_text(),
    }
    made = project(Host("unsupported", database=database, files=files))
    done = made.manage("migrate")
    assert done.returncode
    assert OURS.findall(done.stdout) == ["org_analytics.E012"]
    assert tables_of(made) == []


@pytest.mark.parametrize("alias", ["default", "analytics"])
def test_h13_migrate_refuses_users_in_another_database_before_it_makes_anything(
    alias: str, project: Callable[[Host], Project]
) -> None:
    settings = """
DATABASES["analytics"] = {**DATABASES["default"], "NAME": str(BASE_DIR / "analytics.db")}
DATABASE_ROUTERS = ["routers.AnalyticsElsewhere"]
"""
    routers = """
class AnalyticsElsewhere:
    def db_for_read(self, model, **hints):
        return "analytics" if model._meta.app_label == "org_analytics" else None
    db_for_write = db_for_read
    def allow_migrate(self, db, app_label, **hints):
        return (app_label == "org_analytics") == (db == "analytics")
"""
    made = project(Host("two_databases", settings=settings, files={"routers.py": routers}))
    done = made.manage("migrate", f"--database={alias}")
    assert done.returncode
    assert OURS.findall(done.stdout) == ["org_analytics.E013"]
    assert tables_of(made) == []


# Time zone data -------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_releases(tmp_path: Path) -> tuple[str, str]:
    """Two directories of time zone data: in the second one the zone's midnights of these weeks have moved."""
    month = (datetime.now(UTC) - timedelta(days=40)).month
    rules = f"AAA8BBB,M{month}.1.0,M{month}.1.1", "CCC7"
    for place, rule in enumerate(rules):
        write_zone(tmp_path / f"release{place}", rule)
    system = os.pathsep.join(TZPATH)
    return f"{tmp_path / 'release0'}{os.pathsep}{system}", f"{tmp_path / 'release1'}{os.pathsep}{system}"


def test_h1_a_host_answers_after_its_time_zone_data_was_updated(
    project: Callable[[Host], Project], two_releases: tuple[str, str]
) -> None:
    before, after = two_releases
    made = project(replace(PLAIN, settings=f'ORG_ANALYTICS_TIME_ZONE = "{NAME}"\n'))
    made.prepare(PYTHONTZPATH=before)
    made.must("ask.py", PYTHONTZPATH=before)
    made.must(*CHECK, PYTHONTZPATH=before)
    made.must("ask.py", PYTHONTZPATH=after)
    assert OURS.findall(made.run(*CHECK, PYTHONTZPATH=after).stdout) == ["org_analytics.W003"]
    made.must("manage.py", "rebuild_daily_usage", PYTHONTZPATH=after)
    made.must(*CHECK, PYTHONTZPATH=after)
    made.must("ask.py", PYTHONTZPATH=after)
