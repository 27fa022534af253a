"""Ask a host's page, API and downloads as its readers do; runs inside the host, with what is installed there.

Prints one line per problem and fails if there are any; otherwise prints a reader's session key. Asking
again writes nothing new.
"""

import csv
import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.test import Client  # noqa: E402

from org_analytics.models import CodingSession  # noqa: E402

SESSIONS = 24 * 10
PROVIDERS = ("claude-code", "codex", "cursor")
API = "/api/v1/org/analytics"
problems = []


def expect(what, found, wanted):
    if found != wanted:
        problems.append(f"{what}: {found!r} instead of {wanted!r}")


def person(email, **fields):
    model = get_user_model()
    names = {model.USERNAME_FIELD: email, model.get_email_field_name(): email}
    user, _created = model._default_manager.get_or_create(**names, defaults=fields)
    return user


def write(users):
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    CodingSession.objects.record_many(
        {
            "user": users[number % len(users)],
            "provider": PROVIDERS[number % 3],
            "external_id": f"{now:%Y-%m-%d}-{number}",
            "started_at": now - timedelta(hours=number),
            "cost_usd": Decimal(number) / 100,
            "duration_ms": 60_000 * number,
            "git_info": {"repo_url": "acme/api" if number % 2 else "acme/web"},
        }
        for number in range(SESSIONS)
    )


def ask_anonymous():
    client = Client()
    page, api = client.get("/organization?range=30d"), client.get(API)
    script_name = (getattr(settings, "FORCE_SCRIPT_NAME", None) or "").rstrip("/")
    wanted = f"{settings.LOGIN_URL}?next={script_name}/organization%3Frange%3D30d"
    expect("the login of the anonymous", (page.status_code, page.get("Location")), (302, wanted))
    expect("the API for the anonymous", (api.status_code, api.json()), (401, {"error": "Authentication required"}))
    expect("Basic is offered", "basic" in api["WWW-Authenticate"].lower(), False)


def ask_page(client):
    for query in ("", "?range=30d&compare=1", "?range=90d&chart=table", "?q=nobody"):
        response = client.get(f"/organization{query}")
        expect(f"page {query}", response.status_code, 200)
    for query in ("?range=x", "?start=2026-13-01"):
        expect(f"page {query}", client.get(f"/organization{query}").status_code, 400)
    text = client.get("/organization?range=30d").content.decode()
    expect("names on the page", [email for email in ("ann@", "bob@") if email not in text], [])


def ask_numbers(client):
    now = datetime.now(UTC)
    span = {"start_ts": int((now - timedelta(30)).timestamp()), "end_ts": int((now + timedelta(1)).timestamp())}
    stored = CodingSession.objects.filter(started_at__gte=now - timedelta(30))
    cost = sum((session.cost_usd or 0 for session in stored), Decimal(0))
    report, series = client.get(API, span), client.get("/api/v1/org/series", span)
    expect("the API's status", (report.status_code, series.status_code), (200, 200))
    expect("sessions", report.json()["totals"]["session_count"], len(stored))
    expect("cost", Decimal(report.json()["totals"]["total_cost_usd"]), cost)
    sums = [usage for bucket in series.json()["buckets"] for usage in bucket["providers"].values()]
    expect("sessions by day", sum(usage["session_count"] for usage in sums), len(stored))
    expect("cost by day", sum(Decimal(usage["total_cost_usd"]) for usage in sums), cost)
    for bucket in series.json()["buckets"]:
        start, end = (datetime.fromisoformat(bucket[name]) for name in ("start", "end"))
        found = sum(usage["session_count"] for usage in bucket["providers"].values())
        expect(f"sessions of {start}", found, stored.filter(started_at__gte=start, started_at__lt=end).count())
    expect("repositories", client.get("/api/v1/org/repos", span).json()["repos"], ["acme/api", "acme/web"])


def ask_downloads(client):
    answers = {kind: client.get(f"/organization.{kind}?range=30d") for kind in ("csv", "json")}
    expect("downloads", [answer.status_code for answer in answers.values()], [200, 200])
    texts = {kind: b"".join(answer.streaming_content).decode("utf-8-sig") for kind, answer in answers.items()}
    people = get_user_model()._default_manager.count()
    expect("rows of the CSV file", len(list(csv.reader(io.StringIO(texts["csv"])))), people + 1)
    expect("rows of the JSON file", len(json.loads(texts["json"])["users"]), people)


def post(client, user):
    row = {"provider": "opencode", "external_id": "posted", "started_at": datetime.now(UTC).isoformat()}
    path, headers = "/api/v1/org/sessions", {}
    if apps.is_installed("rest_framework_simplejwt"):
        from rest_framework_simplejwt.tokens import AccessToken

        headers = {"authorization": f"Bearer {AccessToken.for_user(user)}"}
        client = Client()
        expect("the scheme that is offered", "Bearer" in client.get(API)["WWW-Authenticate"], True)
    response = client.post(path, {"sessions": [row]}, content_type="application/json", headers=headers)
    expect("writing through the API", (response.status_code, "invalid" in response.content.decode()), (200, False))


def main():
    reader, other = person("ann@example.com"), person("bob@example.com")
    staff = person("staff@example.com", is_staff=True, is_superuser=True)
    write([reader, other])
    client = Client()
    client.force_login(reader, settings.AUTHENTICATION_BACKENDS[0])
    ask_anonymous()
    post(client, reader)
    ask_page(client)
    ask_numbers(client)
    ask_downloads(client)
    staff_client = Client()
    staff_client.force_login(staff, settings.AUTHENTICATION_BACKENDS[0])
    expect("the page for staff", staff_client.get("/organization").status_code, 200)
    if getattr(settings, "HAS_WORKING_ADMIN", True):
        expect("the admin", staff_client.get("/admin/org_analytics/codingsession/").status_code, 200)
    print("\n".join(problems) or client.session.session_key)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
