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


def basics() -> dict[str, float]:
    """Sessions a second of `record_many`, milliseconds of `record`, both against those without the triggers, and rows
    that change nothing against new ones.
    """
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


def own_forks() -> dict[str, float]:
    """Sessions a second where each is the first one in a fork of the person's own, and where the forks are known."""
    times: dict[str, list[float]] = {"new": [], "known": []}
    for turn in range(ROUNDS + 1):
        for name, around in (("new", _with_triggers), ("known", _with_own_forks)):
            seconds = _undone(lambda: _record(_own_fork_rows("later")), around)
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


@contextmanager
def _with_all_of_them() -> Iterator[None]:
    """After the same rows were written: the cost for a host that writes all its sessions every night."""
    _many()
    yield


@contextmanager
def _with_own_forks() -> Iterator[None]:
    """After sessions in the same forks were written."""
    _record(_own_fork_rows("first"))
    yield


def _undone(write: Callable[[], None], around: Callable[[], Any] = _with_triggers) -> float:
    with transaction.atomic(), around():
        started = time.perf_counter()
        write()
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def _rows(count: int) -> list[dict[str, Any]]:
    users = _people()[:200]
    return [
        {"user": users[number % len(users)], "external_id": f"new-{number}", **_values(number)}
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
        "cost_usd": "1.23456789",
        "duration_ms": 100_000,
        "assistant_ms": 50_000,
        "user_ms": 20_000,
    }


def _url(repo: int) -> str:
    return f"git@git.example.com:owner{repo}/repo{repo}.git"


def _one() -> None:
    from org_analytics.models import CodingSession

    for row in _rows(ONES):
        CodingSession.objects.record(**row)


def _many() -> None:
    _record(_rows(MANY))


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
