"""Figures of the organization page, as two tables: the server's CPU time (SQLite's work in it), HTML size and queries
with 12 and 2,000 people; in Chromium first contentful paint, layout shift and transferred bytes, first and again.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from scripts.example_site import ROOT, chromium, log_in, served_demo

PEOPLE = (12, 2_000)
RUNS = 9
PAINT = """() => new Promise(done => {
    let shift = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => {
        const paint = performance.getEntriesByName("first-contentful-paint")[0];
        const [page] = performance.getEntriesByType("navigation");
        const parts = [page, ...performance.getEntriesByType("resource")];
        done({
            paint: paint ? paint.startTime : -1,
            shift,
            bytes: parts.reduce((sum, part) => sum + part.transferSize, 0),
            requests: parts.filter(part => part.transferSize).length,
        });
    }, 400);
})"""


def main() -> None:
    print("| people | view | CPU time (median) | HTML | queries |\n|---|---|---|---|---|")
    for count in PEOPLE:
        for view, query in (("7 days", ""), ("90 days, compared", "?range=90d&compare=1")):
            print("|", " | ".join([f"{count:,}", view, *server_figures(count, query)]), "|")
    print("\n| Chromium | first contentful paint | layout shift | transferred | requests |\n|---|---|---|---|---|")
    with served_demo() as url, chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        log_in(context, url)
        for view in ("first view", "repeated view"):
            page = context.new_page()
            page.goto(f"{url}/organization", wait_until="networkidle")
            seen = page.evaluate(PAINT)
            page.close()
            figures = (
                f"{seen['paint']:.0f} ms | {seen['shift']:.4f} | {seen['bytes'] / 1000:.0f} kB | {seen['requests']}"
            )
            print(f"| {view} | {figures} |")


def server_figures(count: int, query: str) -> list[str]:
    """Median CPU time of the whole answer without network, its size and its queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"Host": "localhost"})
    client.force_login(filled(count))
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        response = client.get(f"/organization{query}")
        times.append(time.process_time() - started)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/organization{query}")
    return [f"{1000 * statistics.median(times):.0f} ms", f"{len(response.content) / 1000:.0f} kB", str(len(queries))]


def filled(count: int) -> object:
    """That many people with ten sessions each over 90 days; returns one of them."""
    from datetime import timedelta

    from django.contrib.auth.models import User
    from django.utils import timezone

    from org_analytics.models.sessions import CodingSession

    CodingSession.objects.all().delete()
    User.objects.all().delete()
    names = [f"person{number}" for number in range(count)]
    User.objects.bulk_create(User(username=name, email=f"{name}@example.com", first_name=name) for name in names)
    now = timezone.now()
    CodingSession.objects.record_many(
        {
            "user": user,
            "provider": ("claude-code", "codex", "opencode", "cursor")[number % 4],
            "external_id": str(number),
            "started_at": now - timedelta(hours=(user.pk * 7 + number * 216) % 2160),
            "cost_usd": "1.25",
            "duration_ms": 60_000,
            "assistant_ms": 30_000,
            "user_ms": 10_000,
            "git_info": {"repo_url": f"https://git.example.com/acme/{number}"},
        }
        for user in User.objects.all()
        for number in range(10)
    )
    return User.objects.first()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="example_project.settings",
            DEBUG="false",
            SECRET_KEY="only for these figures",
            ALLOWED_HOSTS="localhost",
            SECURE_SSL_REDIRECT="false",
            ENABLE_ORG_ANALYTICS="true",
            DATABASE_URL=f"sqlite:///{Path(directory) / 'figures.sqlite3'}",
        )
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        main()
