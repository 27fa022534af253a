"""The example project: its pages, its API logins, its settings, and the demo."""

import ast
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, RequestFactory
from rest_framework.authtoken.models import Token

import org_analytics
from org_analytics.models import CodingSession, Repo
from tests.questions import NOW
from tests.threads import at_once

if settings.SETTINGS_MODULE != "example_project.settings":
    pytest.skip("runs with --ds=example_project.settings, as make test does", allow_module_level=True)

from django.contrib import admin

from example_project import demo_data, wsgi
from example_project.management.commands import demo

ROOT = Path(__file__).parent.parent
UNTIL = "2026-06-17T15:30Z"
PRODUCTION = {"DEBUG": "false", "SECRET_KEY": "a-long-random-text-" + "x7Q" * 20, "ALLOWED_HOSTS": "team.example.com"}


def is_ours(model):
    return model._meta.app_label == "org_analytics"


@pytest.fixture(autouse=True)
def frozen(freeze_now):
    freeze_now(NOW)


@pytest.fixture(autouse=True)
def feature_on(settings):
    settings.ENABLE_ORG_ANALYTICS = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# Requests


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("charset", "query"), [("hex", "a=1"), ("undefined", "a=1"), ("base64", "%"), ("utf8", "&".join(["a=1"] * 1_001))]
)
@pytest.mark.django_db
def test_request_that_django_cannot_read_is_answered_with_400(method, charset, query):
    environ = {
        **RequestFactory()._base_environ(PATH_INFO="/organization", QUERY_STRING=query, REQUEST_METHOD=method),
        "CONTENT_TYPE": f"text/plain; charset={charset}",
    }
    answers = []

    body = wsgi.application(environ, lambda status, headers: answers.append(status))

    assert answers == ["400 Bad Request"]
    assert bool(b"".join(body)) == (method == "GET")


HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ADMIN_PAGES = [f"/admin/org_analytics/{model._meta.model_name}/" for model in admin.site._registry if is_ours(model)]
PAGES = ["/", "/trends", "/account/token", "/account/login", "/organization", "/admin/", *ADMIN_PAGES]
OTHERS = ["/organization.csv", "/no-such-page", "/api/v1/org/repos"]


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
@pytest.mark.django_db
def test_every_answer_has_the_security_headers(client_of, superuser, path):
    for client in (Client(), client_of(superuser)):
        response = client.get(path)
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.django_db
def test_static_files_have_the_security_headers(client):
    response = client.get("/static/org_analytics/organization.js")
    wanted = HEADERS.keys() - {"X-Frame-Options"}  # frame-ancestors says the same
    assert {name: response.headers.get(name) for name in wanted} == {name: HEADERS[name] for name in wanted}
    response.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.django_db
def test_no_page_has_what_the_policy_refuses(client_of, superuser, make_session, path):
    make_session(superuser, git_info={"path": "acme/api"})
    text = client_of(superuser).get(path).text
    assert (
        re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=|\sstyle=|javascript:", text) == []
    )


# Pages


@pytest.mark.parametrize("path", ["/", "/trends", "/account/token", "/organization"])
@pytest.mark.django_db
def test_page_asks_the_anonymous_to_log_in_and_come_back(client, path):
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/account/login?next={path}"


def test_login_leads_to_the_own_sessions_and_logout_back(client, make_user):
    make_user("ann@example.com", "Ann Lee", password="correct horse")
    name = User.objects.get().username
    assert client.post("/account/login", {"username": name, "password": "correct horse"})["Location"] == "/"
    assert "No session here matches" in client.get("/").text
    assert client.post("/account/logout")["Location"] == "/account/login"
    assert client.get("/").status_code == 302


def test_navigation_bar_has_the_organization_only_while_it_is_on(api, settings):
    link = '<a href="/organization">Organization</a>'
    assert link in api.get("/").text
    settings.ENABLE_ORG_ANALYTICS = False
    text = api.get("/").text
    assert "Organization" not in text
    assert "<li></li>" not in text


def test_admin_header_has_the_link_while_it_is_on(client_of, superuser, settings):
    client = client_of(superuser)
    assert client.get("/admin/").text.count('href="/organization"') == 1
    settings.ENABLE_ORG_ANALYTICS = False
    assert 'href="/organization"' not in client.get("/admin/").text


def test_sessions_page_lists_only_the_readers_own(api, user, make_user, make_session):
    make_session(user, title="Mine", git_info={"repo_url": "git@host:acme/api.git"}, cost_usd="1234.50")
    make_session(make_user(), title="Theirs")
    text = api.get("/").text
    assert "Mine" in text
    assert "acme/api" in text
    assert "$1,234.50" in text
    assert "Theirs" not in text


def test_sessions_page_tells_unknown_from_zero(api, user, make_session):
    make_session(user, cost_usd=None, cost_complete=False)
    make_session(user, cost_usd="2.00", cost_complete=False)
    make_session(user, analyzed=False)
    text = api.get("/").text
    assert "unpriced" in text
    assert "≥ $2.00" in text
    assert "not analyzed yet" in text
    assert "$0.00" not in text


def test_sessions_page_escapes_titles(api, user, make_session):
    make_session(user, title="<script>alert(1)</script>")
    assert "<script>" not in api.get("/").text


def test_sessions_page_shows_25_a_page_and_clamps_the_number(api, user, make_session):
    for _ in range(26):
        make_session(user)
    assert "Page 1 of 2" in api.get("/").text
    assert "Page 2 of 2" in api.get("/?p=99").text
    assert "Page 1 of 2" in api.get("/?p=x").text


def test_sessions_page_asks_as_often_for_many_sessions(api, user, make_session, django_assert_num_queries):
    make_session(user, git_info={"repo_url": "acme/api"})
    with django_assert_num_queries(5):
        api.get("/")
    for number in range(20):
        make_session(user, git_info={"repo_url": f"acme/repo-{number}"})
    with django_assert_num_queries(5):
        api.get("/")


def test_sessions_page_without_sessions_says_what_to_do(api):
    assert "No session here matches" in api.get("/").text


def test_sessions_page_shows_everybodys_sessions_where_they_are_shared(api, user, make_user, make_session, settings):
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    make_session(make_user("bo@example.com", "Bo"), title="Theirs")
    make_session(make_user("left@example.com", "Gone", is_active=False), title="Gone")
    text = api.get("/").text
    assert "Theirs" in text
    assert "Bo" in text
    assert "Gone" not in text


def test_sessions_page_names_the_root_and_the_fork(api, user, make_session):
    make_session(user, git_info={"path": "ann/api", "upstream_path": "acme/api"})
    text = api.get("/").text
    assert "acme/api" in text
    assert "fork ann/api" in text


def test_pages_of_the_list_keep_the_filters(api, user, make_session):
    for _ in range(26):
        make_session(user, provider="codex")
    assert 'href="?provider=codex&amp;p=2"' in api.get("/?provider=codex").text


@pytest.mark.parametrize("is_shared", [True, False])
def test_session_page_is_its_owners_and_everybodys_where_shared(api, make_user, make_session, settings, is_shared):
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = is_shared
    session = make_session(make_user("bo@example.com", "Bo"), title="Theirs")
    assert api.get(f"/sessions/{session.pk}").status_code == (200 if is_shared else 404)


def test_analytics_leads_to_the_examples_page_about_a_session(api, user, make_session):
    session = make_session(user)
    assert api.get(f"/api/v1/org/sessions/{session.pk}").json()["url"] == f"/sessions/{session.pk}"


RANGES = ("", "range=7d", "start=2026-06-15&end=2026-06-17", "range=7d&provider=codex", "range=7d&repo=acme/api")


@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize("query", RANGES)
def test_numbers_equal_those_of_the_organization_for_the_same_view(
    api, user, make_user, make_session, settings, is_shared, query
):
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = is_shared
    other = make_user("bo@example.com", "Bo")
    for number, (person, provider, path) in enumerate(
        [
            (user, "codex", "acme/api"),
            (user, "cursor", None),
            (other, "codex", "acme/web"),
            (other, "codex", "acme/api"),
            (make_user("left@example.com", "Gone", is_active=False), "codex", "acme/api"),
        ]
    ):
        info = {"path": path} if path else None
        make_session(person, provider=provider, git_info=info, cost_usd=f"{number}.5")
    make_session(user, analyzed=False)
    query = query or "range=90d"
    people = "" if is_shared else f"&person={user.pk}"

    organization = api.get(f"/organization?{query}{people}").context["totals"]
    trends = api.get(f"/trends?{query}").context["trends"]
    sessions = api.get(f"/?{query}").context["page"].paginator.object_list

    assert trends.total == organization
    assert sum(week.total.session_count for week in trends.weeks) == organization.session_count
    assert sessions.analyzed().count() == organization.session_count > 0
    assert sum(row.usage.cost_nanos for row in trends.models) == organization.cost_nanos


def test_trends_have_the_weeks_of_the_range_with_shares_of_the_busiest(api, user, make_session):
    make_session(user, provider="codex", cost_usd="1.25")
    make_session(user, provider="cursor", cost_usd="2.50")
    make_session(user, provider="codex", started_at=NOW - timedelta(weeks=1), cost_usd="9.99")
    weeks = api.get("/trends?start=2026-06-01&end=2026-06-17").context["trends"].weeks
    assert [(week.monday.isoformat(), week.total.session_count) for week in weeks] == [
        ("2026-06-01", 0),
        ("2026-06-08", 1),
        ("2026-06-15", 2),
    ]
    assert [(bar.provider, bar.start, bar.width) for bar in weeks[-1].bars] == [
        ("codex", 0.0, 50.0),
        ("cursor", 50.0, 50.0),
    ]


def test_trends_show_usual_and_costliest_sessions(api, user, make_session):
    for cost in range(1, 11):
        make_session(user, cost_usd=f"{cost}.00", title=f"Cost {cost}")
    make_session(user, cost_usd=None)
    trends = api.get("/trends").context["trends"]
    assert (trends.median_cost, trends.ninth_decile_cost) == (5, 9)
    assert [session.title for session in trends.costliest] == [f"Cost {cost}" for cost in (10, 9, 8, 7, 6)]


def test_trends_without_sessions_show_empty_weeks(api):
    trends = api.get("/trends").context["trends"]
    assert {week.total.session_count for week in trends.weeks} == {0}
    assert trends.median_cost is None


def test_trends_mark_costs_that_are_only_partly_known(api, user, make_session):
    make_session(user, cost_usd="1.25")
    make_session(user, cost_usd=None)
    make_session(user, cost_usd=None, started_at=NOW - timedelta(weeks=1))
    text = api.get("/trends").text
    assert "≥ $1.25" in text
    assert "unpriced" in text


@pytest.mark.parametrize("path", ["/", "/trends", "/account/token", "/account/login"])
def test_pages_have_no_inline_style_or_script(api, path):
    text = api.get(path).text
    assert not re.search(r"<style|<script|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("path", ["/", "/trends", "/account/token"])
def test_pages_of_a_reader_are_not_cached(api, path):
    assert "no-store" in api.get(path)["Cache-Control"]


def test_reader_of_another_domain_sees_the_hosts_own_403_page(api, settings):
    settings.ALLOWED_EMAIL_DOMAINS = "else.example"
    response = api.get("/organization")
    assert response.status_code == 403
    assert "You do not have access to this page" in response.text
    assert 'href="/organization"' not in response.text


@pytest.mark.parametrize("path", ["/", "/trends", "/account/token", "/nowhere"])
def test_pages_are_german_for_a_german_reader(api, path):
    text = api.get(path, headers={"Accept-Language": "de"}).text
    assert '<html lang="de">' in text
    assert "Abmelden" in text


def test_german_catalogue_is_complete():
    catalogue = (ROOT / "example_project/locale/de/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    assert not re.search(r'msgstr(\[\d\])? ""\n(?!")', catalogue)
    assert "fuzzy" not in catalogue


def test_unknown_page_is_answered_by_the_hosts_own_404(api):
    response = api.get("/nowhere")
    assert response.status_code == 404
    assert "This page does not exist" in response.text


# Tokens


def made_token(client):
    text = client.post("/account/token", {"action": "make"}).text
    return re.search(r'<code class="secret">([0-9a-f]{40})</code>', text)[1]


def test_token_reads_the_api_until_it_is_revoked(api):
    headers = {"Authorization": f"Token {made_token(api)}"}
    assert Client(headers=headers).get("/api/v1/org/analytics").status_code == 200
    assert api.post("/account/token", {"action": "revoke"})["Location"] == "/account/token"
    assert Client(headers=headers).get("/api/v1/org/analytics").status_code == 401


def test_token_is_shown_only_once(api):
    key = made_token(api)
    page = api.get("/account/token").text
    assert "You have a token" in page
    assert key not in page


def test_new_token_replaces_the_old_one(api):
    old = made_token(api)
    new = made_token(api)
    assert new != old
    assert [token.key for token in Token.objects.all()] == [new]


@pytest.mark.django_db(transaction=True)
def test_double_click_makes_one_token(user):
    if connection.vendor == "sqlite":
        pytest.skip("the test database is in memory, where SQLite does not wait for other connections")

    def click():
        client = Client()
        client.force_login(user)
        return client.post("/account/token", {"action": "make"}).status_code

    assert at_once([click] * 6) == [200] * 6
    assert Token.objects.filter(user=user).count() == 1


def test_revoking_touches_nobody_elses_token(api, make_user):
    other = Token.objects.create(user=make_user())
    made_token(api)
    api.post("/account/token", {"action": "revoke"})
    assert list(Token.objects.all()) == [other]


def test_token_page_wants_a_csrf_token(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post("/account/token", {"action": "make"}).status_code == 403
    assert not Token.objects.exists()


def test_session_login_reads_the_api(api):
    assert api.get("/api/v1/org/analytics").status_code == 200


def test_anonymous_gets_the_scheme_of_the_token_and_the_page_that_makes_one(client, db):
    response = client.get("/api/v1/org/analytics")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")
    assert response["Link"] == '</account/token>; rel="help"'


# Settings


def python(code, **environment):
    """Run code in a new interpreter with only this environment of ours."""
    names = ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "ENABLE_ORG_ANALYTICS", "ALLOWED_EMAIL_DOMAINS")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    clean["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def setting(name, **environment):
    done = python(f"from django.conf import settings; print(repr(settings.{name}))", **environment)
    assert done.returncode == 0, done.stderr
    return eval(done.stdout)


def test_settings_load_without_any_environment():
    assert setting("DEBUG") is True
    assert setting("ENABLE_ORG_ANALYTICS") == ""
    assert setting("DATABASES['default']['ENGINE']") == "django.db.backends.sqlite3"


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_asks_for_what_it_needs_by_name(name):
    done = python("import django; django.setup()", **{**PRODUCTION, name: " "})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: Set {name} (" in done.stderr


def test_unclear_flag_is_refused_by_name():
    assert "DEBUG must be true or false, not 'off'" in python("import django; django.setup()", DEBUG="off").stderr


def test_production_passes_djangos_deployment_checks():
    done = python(
        "from django.core.management import execute_from_command_line as run; "
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])",
        **PRODUCTION,
        ENABLE_ORG_ANALYTICS="true",
    )
    assert done.returncode == 0, done.stderr


LOG_ERROR = """
import django; django.setup()
import logging
try:
    raise RuntimeError("the reason")
except RuntimeError:
    logging.getLogger("django.request").exception("Internal Server Error: /organization")
"""


def test_production_writes_errors_with_their_reason_to_stderr():
    done = python(LOG_ERROR, **PRODUCTION)
    assert "ERROR django.request Internal Server Error: /organization" in done.stderr
    assert "RuntimeError: the reason" in done.stderr


def test_proxy_header_is_trusted_only_when_asked_for():
    assert setting("SECURE_PROXY_SSL_HEADER", **PRODUCTION) is None
    assert setting("SECURE_PROXY_SSL_HEADER", **PRODUCTION, BEHIND_TLS_PROXY="true") == (
        "HTTP_X_FORWARDED_PROTO",
        "https",
    )


SERVE_STYLE = """
import django; django.setup()
from django.test import Client, RequestFactory
from django.templatetags.static import static
print(Client(headers={"host": "team.example.com"}).get(static("example_project/style.css"), secure=True).status_code)
"""


def test_production_serves_static_files_itself():
    done = python(SERVE_STYLE, **PRODUCTION)
    assert done.stdout == "200\n", done.stderr


def test_sqlite_url_is_opened_for_concurrent_writers(tmp_path):
    database = setting("DATABASES['default']", DATABASE_URL=f"sqlite:///{tmp_path}/a%20b.sqlite3")
    assert database["NAME"] == f"{tmp_path}/a b.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode = WAL" in database["OPTIONS"]["init_command"]


def test_postgresql_url_may_name_a_socket_directory():
    database = setting("DATABASES['default']", DATABASE_URL="postgresql://postgres:@/team?host=/run/pg")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["NAME"], database["USER"]) == ("team", "postgres")
    assert database["OPTIONS"] == {"host": "/run/pg"}


# The demo


def load(until=UNTIL):
    call_command("load_demo", until=until, stdout=StringIO())


@pytest.mark.django_db
def test_demo_has_everything_that_there_is_to_see():
    load()
    active = User.objects.filter(is_active=True)
    assert active.count() == 12
    assert User.objects.filter(is_active=False, coding_sessions__isnull=False).distinct().count() == 1
    assert active.filter(coding_sessions=None).count() == 1
    assert active.filter(first_name="", last_name="").count() == 1
    assert active.filter(last_name="Björklund").exists()
    assert CodingSession.objects.values("provider").distinct().count() == 4
    assert Repo.objects.filter(upstream=None).count() == 8
    assert Repo.objects.filter(upstream__upstream__isnull=False).count() == 1
    assert CodingSession.objects.filter(analyzed_at=None).exists()
    assert CodingSession.objects.filter(cost_usd=None, analyzed_at__isnull=False).exists()
    assert CodingSession.objects.filter(cost_usd__isnull=False, cost_complete=False).exists()
    assert CodingSession.objects.filter(repo=None).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("ten_days")
@pytest.mark.parametrize(("login", "is_staff"), [("demo", True), ("reader", False)])
def test_demo_has_an_administrator_and_a_reader_who_can_log_in(client, login, is_staff):
    load()
    assert User.objects.get(username=login).is_staff is is_staff
    assert client.post("/account/login", {"username": login, "password": login}).status_code == 302
    assert client.get("/organization").status_code == 200


@pytest.mark.django_db
def test_demo_is_the_ninety_days_up_to_the_given_time():
    load()
    starts = CodingSession.objects.order_by("started_at").values_list("started_at", flat=True)
    until = datetime(2026, 6, 17, 15, 30, tzinfo=UTC)
    assert (until.date() - starts.first().date()).days == 89
    assert starts.last().date() == until.date()
    assert not CodingSession.objects.filter(ended_at__gt=until).exists()


def rows():
    return set(
        CodingSession.objects.values_list("external_id", "user__username", "started_at", "cost_usd", "repo__path")
    )


@pytest.fixture
def ten_days(monkeypatch):
    """Ninety take a while to load."""
    monkeypatch.setattr(demo_data, "DAYS", 10)


@pytest.mark.django_db
@pytest.mark.usefixtures("ten_days")
def test_demo_loaded_later_adds_the_days_since_and_keeps_the_rest():
    load()
    before = rows()
    reader = User.objects.get(username="reader")
    reader.set_password("changed")
    reader.save()
    load("2026-06-20T15:30Z")
    assert before < rows()
    assert User.objects.get(username="reader").check_password("changed")


@pytest.mark.django_db
@pytest.mark.usefixtures("ten_days")
def test_demo_loaded_twice_changes_nothing():
    load()
    before = rows()
    load()
    assert rows() == before


def test_demo_days_are_a_function_of_their_date():
    [first, second] = [list(demo_data.sessions(datetime(2026, 6, 17, 15, 30, tzinfo=UTC))) for _ in range(2)]
    assert first == second
    later = {row["external_id"] for _person, row in demo_data.sessions(datetime(2026, 6, 18, 15, 30, tzinfo=UTC))}
    recent = [row for _person, row in first if row["started_at"] > datetime(2026, 6, 1, tzinfo=UTC)]
    assert {row["external_id"] for row in recent} <= later


@pytest.mark.parametrize("text", ["yesterday", "2026-06-17T15:30", "2026-13-01T00:00Z"])
def test_demo_refuses_an_invalid_time_or_one_without_a_zone(text, db):
    with pytest.raises(CommandError, match="--until"):
        load(text)


def run_demo(database, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "true", "DATABASE_URL": f"sqlite:///{database}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_demo_database_is_kept_while_it_fits_and_rebuilt_when_not(tmp_path):
    database = tmp_path / "demo.sqlite3"
    database.write_text("no database at all, " * 100)
    done = run_demo(database, "--no-serve")
    assert "Creating it again" in done.stdout, done.stderr
    done = run_demo(database, "--no-serve")
    assert "Creating it again" not in done.stdout, done.stderr
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 1")
    done = run_demo(database, "--no-serve")
    assert "was made by another version of the code. Creating it again" in done.stdout, done.stderr
    assert ", 0 already there" in done.stdout


def test_demo_says_in_one_line_that_the_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_demo(tmp_path / "demo.sqlite3", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"CommandError: Port {port} is in use. Use another one: make demo PORT={port + 1}\n"


@pytest.mark.parametrize("port", ["http", "0", "65536", "80 80"])
def test_demo_says_in_one_line_what_a_port_is(tmp_path, port):
    done = run_demo(tmp_path / "demo.sqlite3", "--port", port)
    assert done.stderr.splitlines() == [
        f"CommandError: PORT={port} is not a port. Use a number from 1 to 65535: make demo PORT=8001"
    ]


def test_demo_fingerprint_covers_every_module_that_shapes_the_database():
    package = Path(org_analytics.__file__).parent
    shaping = [path for room in ("models", "rollup", "migrations") for path in (package / room).rglob("*.py")]
    wanted = set(shaping)
    while shaping:
        imported = {source_of(name, package) for name in imports(shaping.pop())} - {None} - wanted
        wanted |= imported
        shaping += imported
    assert wanted - {package / "__init__.py"} <= set(demo.schema_files())
    assert Path(demo_data.__file__) in set(demo.schema_files())


def imports(path):
    """The absolute names that a file of the package imports."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield from [module, *(f"{module}.{alias.name}" for alias in node.names)]


def source_of(module, package):
    """The file of a module of the package, or None."""
    path = package.parent / module.replace(".", "/")
    files = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in files if module.startswith("org_analytics") and file.is_file()), None)


def test_demo_fingerprint_changes_with_every_file_it_covers(monkeypatch, tmp_path):
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text("x = 1")
    monkeypatch.setattr(demo, "schema_files", lambda: iter(files))
    seen = {demo.fingerprint()}
    for file in files:
        file.write_text("x = 2")
        seen.add(demo.fingerprint())
    assert len(seen) == 3


def test_demo_fingerprint_fits_into_the_files_header():
    assert 0 < demo.fingerprint() < 2**31
