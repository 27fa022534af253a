"""How fast sessions are recorded, with the roll-up's triggers and without: `python -m benchmarks.writing`; prints JSON.

Written into the loaded database of DATABASE_URL and rolled back.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import django
from django.db import connection, transaction

from benchmarks.data import END

MANY = 5_000
ONES = 100
ROUNDS = 5


def main() -> dict[str, float]:
    """Sessions a second of `record_many`, milliseconds of `record`, both against those without the triggers, and rows
    that change nothing against new ones.
    """
    django.setup()
    times: dict[str, list[float]] = {name: [] for name in ("one", "one, bare", "many", "many, bare", "again")}
    for turn in range(ROUNDS + 1):
        for name, seconds in (
            ("one", _undone(_one)),
            ("one, bare", _undone(_one, without_triggers)),
            ("many", _undone(_many)),
            ("many, bare", _undone(_many, without_triggers)),
            ("again", _undone(_many, _with_all_of_them)),
        ):
            if turn:
                times[name].append(seconds)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "record, ms": medians["one"] * 1000 / ONES,
        "record, with / without roll-up": medians["one"] / medians["one, bare"],
        "record_many, sessions/s": MANY / medians["many"],
        "record_many, with / without roll-up": medians["many"] / medians["many, bare"],
        "record_many, unchanged / new": medians["again"] / medians["many"],
    }


@contextmanager
def without_triggers() -> Iterator[None]:
    """Until the transaction is rolled back. Changing the schema would slow PostgreSQL down by itself."""
    from org_analytics.rollup import triggers

    statements = triggers.drop_statements(connection.vendor)
    if connection.vendor == "postgresql":
        statements = ["SET LOCAL session_replication_role = replica"]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    yield


@contextmanager
def _with_triggers() -> Iterator[None]:
    yield


@contextmanager
def _with_all_of_them() -> Iterator[None]:
    """After the same rows were written: the cost for a host that writes all its sessions every night."""
    _many()
    yield


def _undone(write: Callable[[], None], around: Callable[[], Any] = _with_triggers) -> float:
    with transaction.atomic(), around():
        started = time.perf_counter()
        write()
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def _rows(count: int) -> list[dict[str, Any]]:
    from django.contrib.auth import get_user_model

    users = list(get_user_model().objects.order_by("pk")[:200])
    return [
        {
            "user": users[number % len(users)],
            "provider": "codex",
            "external_id": f"new-{number}",
            "started_at": END - timedelta(seconds=number),
            "git_info": {"repo_url": f"git@git.example.com:owner{number % 40}/repo{number % 40}.git"},
            "cost_usd": "1.23456789",
            "duration_ms": 100_000,
            "assistant_ms": 50_000,
            "user_ms": 20_000,
        }
        for number in range(count)
    ]


def _one() -> None:
    from org_analytics.models import CodingSession

    for row in _rows(ONES):
        CodingSession.objects.record(**row)


def _many() -> None:
    from org_analytics.models import CodingSession

    CodingSession.objects.record_many(_rows(MANY))


if __name__ == "__main__":
    print(json.dumps(main()))
