"""How fast sessions are recorded, with the roll-ups' triggers and without: `python -m benchmarks.writing`; prints JSON.

Written into the loaded database of DATABASE_URL and rolled back.
"""

import json
import statistics
import time
from collections import defaultdict
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
# Writes sessions with so many models and this duration.
Write = Callable[[int, int], None]
MODELS = ("opus", "haiku")
# Models a row → the word for them.
ROWS = {0: "", len(MODELS): ", two models"}
STATES = ("new", "changed", "unchanged")


def main() -> dict[str, float]:
    """Sessions a second of `record_many` and milliseconds of `record`, both with triggers against without, and rows
    that change nothing against new ones.
    """
    django.setup()
    medians = measured()
    found: dict[str, float] = {}
    for models, label in ROWS.items():
        one, many = medians[_one, models, "new"][0], medians[_many, models, "new"][0]
        found |= {f"record{label}, ms": one * 1000 / ONES, f"record_many{label}, sessions/s": MANY / many}
        found[f"record_many{label}, unchanged / new"] = medians[_many, models, "unchanged"][0] / many
        for write, name in ((_one, "record"), (_many, "record_many")):
            for state in STATES:
                with_them, without = medians[write, models, state]
                found[f"{name}{label}, {state}, with / without roll-ups"] = with_them / without
    return found


def measured() -> dict[tuple[Write, int, str], tuple[float, float]]:
    """Median seconds with and without triggers. All are measured in turn, so that a slow moment meets all of them."""
    times: dict[tuple[Write, int, str], list[tuple[float, float]]] = defaultdict(list)
    for turn in range(ROUNDS + 1):
        for write in (_one, _many):
            for models in ROWS:
                for state in STATES:
                    pair = (_undone(write, models, state), _undone(write, models, state, without_triggers))
                    if turn:
                        times[write, models, state].append(pair)
    return {
        key: (statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs))
        for key, pairs in times.items()
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


def _undone(write: Write, models: int, state: str, around: Callable[[], Any] = _with_triggers) -> float:
    """Seconds of new rows, or of rows that were written before: other values, or the same ones every night."""
    with transaction.atomic(), around():
        if state != "new":
            write(models, 100_000 if state == "unchanged" else 90_000)
        started = time.perf_counter()
        write(models, 100_000)
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def _rows(count: int, models: int, duration: int) -> list[dict[str, Any]]:
    from django.contrib.auth import get_user_model

    users = list(get_user_model().objects.order_by("pk")[:200])
    return [
        {
            "user": users[number % len(users)],
            "provider": "codex",
            "external_id": f"new-{number}",
            "started_at": END - timedelta(seconds=number),
            "git_info": {"repo_url": f"git@git.example.com:owner{number % 40}/repo{number % 40}.git"},
            "duration_ms": duration,
            "assistant_ms": 50_000,
            "user_ms": 20_000,
            **({"models": [_usage(model, duration) for model in MODELS]} if models else {"cost_usd": "1.23456789"}),
        }
        for number in range(count)
    ]


def _usage(model: str, duration: int) -> dict[str, Any]:
    return {
        "model": model,
        "requests": 12,
        "input_tokens": duration,
        "output_tokens": 3_000,
        "cache_write_tokens": 40_000,
        "cache_read_tokens": 500_000,
        "cost_usd": "0.61728394",
    }


def _one(models: int, duration: int) -> None:
    from org_analytics.models import CodingSession

    for row in _rows(ONES, models, duration):
        CodingSession.objects.record(**row)


def _many(models: int, duration: int) -> None:
    from org_analytics.models import CodingSession

    CodingSession.objects.record_many(_rows(MANY, models, duration))


if __name__ == "__main__":
    print(json.dumps(main()))
