"""How fast sessions are recorded: `python -m benchmarks.writing [crowd|forks]…`; prints JSON.

With the roll-up's triggers and without, by several writers (crowd), and in forks of people's own (forks). Written into
the loaded database of DATABASE_URL and rolled back; the sessions of the crowd are deleted.
"""

import json
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import django
from django.db import connection, transaction

from benchmarks.data import END, OWN_FORKS

MANY = 5_000
CROWD = 20_000  # sessions of each writer
WRITERS = 2
ONES = 100
ROUNDS = 5
# Writes sessions with so many models and this duration.
Write = Callable[[int, int], None]
MODELS = ("opus", "haiku")
# Models a row → the word for them.
ROWS = {0: "", len(MODELS): ", two models"}
STATES = ("new", "changed", "unchanged")


def basics() -> dict[str, float]:
    """Sessions a second of `record_many` and milliseconds of `record`, both with triggers against without, and rows
    that change nothing against new ones.
    """
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


def own_forks() -> dict[str, float]:
    """Sessions a second where each is the first one in a fork of the person's own, and where the forks are known."""
    times: dict[str, list[float]] = defaultdict(list)
    prepared: dict[str, Callable[[], None]] = {
        "new": lambda: None,
        "known": lambda: _record(_own_fork_rows("first")),
    }
    for turn in range(ROUNDS + 1):
        for name, prepare in prepared.items():
            seconds = _seconds(lambda: _record(_own_fork_rows("later")), prepare, _with_triggers)
            if turn:
                times[name].append(seconds)
    return {f"record_many, {name} forks, sessions/s": MANY / statistics.median(found) for name, found in times.items()}


def crowd() -> dict[str, float]:
    """Sessions a second of processes that write for everybody at once, together. A deadlock would make one fail."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.writing", "writer"]
    started = time.perf_counter()
    writers = [subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE) for number in range(WRITERS)]
    seconds = [json.loads(writer.communicate()[0]) for writer in writers]
    _forget_crowd()
    return {
        "writers at once, sessions/s": sum(CROWD / spent for spent in seconds),
        "writers at once, all in s": time.perf_counter() - started,
    }


def write_as_one_of_the_crowd(number: int) -> float:
    """Seconds for a writer's sessions. All writers have the same people, in another order."""
    people = _people()
    random.Random(number).shuffle(people)
    rows = [
        {"user": people[place % len(people)], "external_id": f"crowd-{number}-{place}", **_values(place)}
        for place in range(CROWD)
    ]
    started = time.perf_counter()
    _record(rows)
    return time.perf_counter() - started


def _forget_crowd() -> None:
    from org_analytics.models import CodingSession

    CodingSession.objects.filter(external_id__startswith="crowd-").delete()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")


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

    def prepare() -> None:
        if state != "new":
            write(models, 100_000 if state == "unchanged" else 90_000)

    return _seconds(lambda: write(models, 100_000), prepare, around)


def _seconds(write: Callable[[], None], prepare: Callable[[], None], around: Callable[[], Any]) -> float:
    """Seconds of `write()`. Everything is rolled back."""
    with transaction.atomic(), around():
        prepare()
        started = time.perf_counter()
        write()
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def _rows(count: int, models: int, duration: int) -> list[dict[str, Any]]:
    users = _people()[:200]
    return [
        {
            "user": users[number % len(users)],
            "external_id": f"new-{number}",
            **_values(number),
            "duration_ms": duration,
            **({"models": [_usage(model, duration) for model in MODELS]} if models else {"cost_usd": "1.23456789"}),
        }
        for number in range(count)
    ]


def _own_fork_rows(name: str) -> list[dict[str, Any]]:
    """Each of a fork of its own, three forks a person."""
    users = _people()
    return [
        {
            "user": users[number // OWN_FORKS % len(users)],
            "external_id": f"{name}-{number}",
            **_values(number),
            "cost_usd": "1.23456789",
            "git_info": {
                "repo_url": f"git@git.example.com:person{number // OWN_FORKS}/new{number % OWN_FORKS}.git",
                "remotes": [{"name": "upstream", "fetch_url": _url(number % 40)}],
                "tracking_remote": "upstream",
            },
        }
        for number in range(MANY)
    ]


def _people() -> list[Any]:
    from django.contrib.auth import get_user_model

    return list(get_user_model().objects.order_by("pk"))


def _values(number: int) -> dict[str, Any]:
    return {
        "provider": "codex",
        "started_at": END - timedelta(seconds=number),
        "git_info": {"repo_url": _url(number % 40)},
        "duration_ms": 100_000,
        "assistant_ms": 50_000,
        "user_ms": 20_000,
    }


def _url(repo: int) -> str:
    return f"git@git.example.com:owner{repo}/repo{repo}.git"


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
    _record(_rows(MANY, models, duration))


def _record(rows: list[dict[str, Any]]) -> None:
    from org_analytics.models import CodingSession

    CodingSession.objects.record_many(rows)


if __name__ == "__main__":
    django.setup()
    if "writer" in sys.argv:
        print(json.dumps(write_as_one_of_the_crowd(int(sys.argv[2]))))
    else:
        answer = basics()
        answer |= own_forks() if "forks" in sys.argv else {}
        answer |= crowd() if "crowd" in sys.argv else {}
        print(json.dumps(answer))
