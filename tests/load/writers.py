"""`make writers`: eight HTTP clients of one person, then eight processes of `record_many` for shared people.

Each post has three new and three changed sessions. Prints posts a second, percentiles and PostgreSQL's deadlocks; exit
code 1 if there was a deadlock or an error, or if the roll-up is not exact afterwards.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.percentiles import percentiles
from tests.load.rows import batch
from tests.load.sites import ENVIRONMENT, Client, manage, served, sign_up
from tests.postgres import start, without_durability

WRITERS = 8
DEADLOCK = "deadlock detected"


@dataclass
class Outcome:
    """What the writers saw."""

    seconds: float
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    deadlocks: int = 0
    check: str = ""

    @property
    def is_good(self) -> bool:
        return set(self.statuses) == {200} and not self.deadlocks and not self.check

    def __str__(self) -> str:
        return (
            f"{len(self.milliseconds) / self.seconds:.0f} a second, {percentiles(self.milliseconds)}, "
            f"statuses {dict(self.statuses)}, {self.deadlocks} deadlocks, roll-up {self.check or 'exact'}"
        )


@contextmanager
def database(vendor: str, directory: Path) -> Iterator[tuple[str, Path]]:
    """The URL of an empty database and the path of the server's log."""
    if vendor == "sqlite":
        yield f"sqlite:///{directory / 'load.sqlite3'}", directory / "no.log"
        return
    server = start(directory / "data")
    try:
        without_durability(server.get_uri())
        yield server.get_uri(), directory / "data" / "log"
    finally:
        server.cleanup()


def write_over_http(url: str, log: Path, seconds: float, directory: Path) -> Outcome:
    """Eight clients of one person, each with its own sessions."""
    with served(url, directory / "server.log") as site:
        [person] = sign_up(url, 1)
        outcome = Outcome(seconds)
        until = time.monotonic() + seconds

        def post_until_the_end(writer: int) -> list[tuple[int, float]]:
            found, turn = [], 0
            with Client(site.port, person) as client:
                while time.monotonic() < until:
                    started = time.perf_counter()
                    status, body = client.post(batch(f"w{writer}", turn))
                    milliseconds = (time.perf_counter() - started) * 1000
                    found.append((status if all_written(status, body) else 207, milliseconds))
                    turn += 1
            return found

        with ThreadPoolExecutor(WRITERS) as pool:
            for found in pool.map(post_until_the_end, range(WRITERS)):
                outcome.statuses.update(status for status, _milliseconds in found)
                outcome.milliseconds += [milliseconds for _status, milliseconds in found]
    return checked(outcome, url, log)


def all_written(status: int, body: bytes) -> bool:
    """Whether the answer says that each row was created or updated."""
    if status != 200:
        return False
    answer = json.loads(body)
    return all(result["status"] in ("created", "updated") for result in answer["results"])


def write_in_processes(url: str, log: Path, seconds: float) -> Outcome:
    """Eight processes, each writing for the same four people."""
    command = [sys.executable, "-m", "tests.load.recorder", str(seconds)]
    manage(url, "migrate", "--verbosity=0")
    sign_up(url, 4)
    env = {**os.environ, **ENVIRONMENT, "DATABASE_URL": url}
    processes = [
        subprocess.Popen([*command, f"p{number}"], env=env, stdout=subprocess.PIPE, text=True)
        for number in range(WRITERS)
    ]
    outcome = Outcome(seconds)
    for process in processes:
        output, _errors = process.communicate()
        outcome.statuses[200 if process.returncode == 0 else 500] += 1
        outcome.milliseconds += json.loads(output or "[]")
    return checked(outcome, url, log)


def checked(outcome: Outcome, url: str, log: Path) -> Outcome:
    """The outcome with the deadlocks of PostgreSQL's log and what the roll-up's check says."""
    outcome.deadlocks = log.read_text(encoding="utf-8").count(DEADLOCK) if log.exists() else 0
    check = manage(url, "rebuild_daily_usage", "--check")
    outcome.check = check.stdout + check.stderr if check.returncode else ""
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.writers", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60, help="how long each run writes (default: 60)")
    parser.add_argument("--database", choices=["postgresql", "sqlite"], action="append", help="default: both")
    options = parser.parse_args()
    outcomes = []
    for vendor in options.database or ["postgresql", "sqlite"]:
        for name in ("HTTP, one person", "record_many, shared people"):
            with tempfile.TemporaryDirectory() as directory, database(vendor, Path(directory)) as (url, log):
                if name.startswith("HTTP"):
                    outcome = write_over_http(url, log, options.seconds, Path(directory))
                else:
                    outcome = write_in_processes(url, log, options.seconds)
            print(f"{vendor}, {name}: {outcome}", flush=True)
            outcomes.append(outcome)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
