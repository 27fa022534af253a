"""Times within one process and its database: `python -m benchmarks.inside REPEATS` with DATABASE_URL; prints JSON.

Control, naive roll-up and our questions are asked in turn, so that a slower moment of the machine meets all of them.
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
from django.db import connection

from benchmarks.data import END

WITH_ROOTS = r"""
    WITH named AS (
        SELECT s.*, lower(substring(git_info->>'repo_url' FROM '[:/]([^/:]+/[^/]+?)(?:\.git)?$')) AS repo,
            lower(substring((SELECT remote->>'fetch_url' FROM jsonb_array_elements(git_info->'remotes') remote
                WHERE remote->>'name' = git_info->>'tracking_remote' LIMIT 1)
                FROM '[:/]([^/:]+/[^/]+?)(?:\.git)?$')) AS upstream
        FROM naive_session s WHERE started_at >= %s AND started_at < %s
    ), rooted AS MATERIALIZED (
        SELECT named.*, CASE WHEN upstream <> repo THEN upstream ELSE repo END AS root FROM named
    )
"""
NAIVE = {
    "users": WITH_ROOTS
    + """SELECT u.id, u.email, count(r.id), sum(cost_usd), sum(duration_ms), sum(assistant_ms), sum(user_ms),
        avg(cost_usd), avg(duration_ms), avg(assistant_ms), avg(user_ms) FROM auth_user u
        LEFT JOIN rooted r ON r.user_id = u.id AND r.analyzed_at IS NOT NULL
        WHERE u.is_active GROUP BY u.id, u.email""",
    "providers": WITH_ROOTS + "SELECT DISTINCT provider FROM rooted WHERE analyzed_at IS NOT NULL",
    "repos": WITH_ROOTS
    + "SELECT DISTINCT root FROM rooted JOIN auth_user u ON u.id = user_id WHERE is_active AND root IS NOT NULL",
}
CONTROL = """SELECT user_id, count(*) FROM org_analytics_codingsession
    WHERE started_at >= %s AND started_at < %s GROUP BY user_id"""


NAV_RENDERINGS = 1_000


class Clock:
    """Adds up the time of a connection's queries."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            self.seconds += time.perf_counter() - started


def questions() -> dict[str, Callable[[], object]]:
    """The measured queries, by name."""
    from django.contrib.auth import get_user_model

    from org_analytics.reporting import reports
    from org_analytics.reporting.groups import Grouping, breakdown, person_report
    from org_analytics.reporting.members import member_ids, members
    from org_analytics.reporting.model_aggregates import by_model

    found: dict[str, Callable[[], object]] = {"control, 90 days": lambda: _fetch(CONTROL, 90)}
    for days in (90, 30, 7):
        found[f"analytics, {days} days"] = lambda days=days: reports.report(selection(days))  # type: ignore[misc]
        found[f"series, {days} days"] = lambda days=days: reports.series(selection(days))  # type: ignore[misc]
        found[f"repos, {days} days"] = lambda days=days: reports.repos(selection(days))  # type: ignore[misc]
        found[f"models, {days} days"] = lambda days=days: by_model(selection(days), member_ids())  # type: ignore[misc]
    for grouping in Grouping:
        days = 90 if grouping is Grouping.MODEL else 30
        found[f"breakdown by {grouping}, {days} days"] = lambda days=days, grouping=grouping: breakdown(  # type: ignore[misc]
            selection(days), grouping
        )
    [me] = members([get_user_model().objects.order_by("pk")[0].pk])
    found["one person, 30 days"] = lambda: person_report(selection(30), me)
    two = {"repos": ("owner2/repo2", "owner9/repo9")}
    found["analytics, 90 days, 2 repos"] = lambda: reports.report(selection(90, **two, include_no_repo=False))
    found["analytics, 90 days, 2 repos or none"] = lambda: reports.report(selection(90, **two))
    found["analytics, 90 days, to the second"] = lambda: reports.report(selection(90, shift=12_345))
    return found


def selection(days: int, shift: int = 0, **filters: Any) -> Any:
    """The last days of the data, or as long a range that begins and ends so many seconds before midnight."""
    from org_analytics.periods import Days
    from org_analytics.reporting.selection import Selection

    end = END - timedelta(seconds=shift)
    start = end - timedelta(days)
    return Selection(start, end, Days(start.date(), end.date() - timedelta(1)), **filters)


def measure(repeats: int, has_naive: bool) -> dict[str, dict[str, float]]:
    """Medians in milliseconds: in the database, and with Python around it."""
    asked = questions()
    if has_naive:
        asked |= {f"naive {name}, 90 days": lambda sql=sql: _fetch(sql, 90) for name, sql in NAIVE.items()}  # type: ignore[misc]
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for turn in range(repeats + 1):
        for name, ask in asked.items():
            if name.startswith("naive") and turn > 1:  # they take their time
                continue
            clock = Clock()
            started = time.perf_counter()
            with connection.execute_wrapper(clock):
                ask()
            if turn:  # the first is to warm up
                times[name].append((clock.seconds * 1000, (time.perf_counter() - started) * 1000))
    return {
        name: {
            "database": statistics.median(database for database, _all in found),
            "question": statistics.median(total for _database, total in found),
        }
        for name, found in times.items()
    }


def nav_while_off() -> float:
    """Milliseconds that the navigation tag adds to a host's page while the feature is off."""
    from django.template import Context, Template
    from django.test import override_settings

    template, context = Template("{% load org_analytics %}{% org_analytics_nav %}"), Context({})
    with override_settings(ENABLE_ORG_ANALYTICS=False):
        started = time.perf_counter()
        for _ in range(NAV_RENDERINGS):
            template.render(context)
    return (time.perf_counter() - started) * 1000 / NAV_RENDERINGS


def _fetch(sql: str, days: int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [END - timedelta(days), END])
        return list(cursor.fetchall())


if __name__ == "__main__":
    django.setup()
    found: dict[str, Any] = {"queries": measure(int(sys.argv[1]), "naive" in sys.argv)}
    print(json.dumps({**found, "nav while off, ms": nav_while_off()}))
