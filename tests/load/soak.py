"""`make soak`: mixed reading and writing for ten minutes under gunicorn, and again under uvicorn, on PostgreSQL.

Then more and more clients, until an answer fails or the slowest percent takes longer than ten seconds. Prints requests,
percentiles and the memory of the workers; exit code 1 if a request failed in the mixed part, memory grew, or the
roll-up is not exact.
"""

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.clusters import directory, primary
from tests.load.percentiles import percentiles
from tests.load.reading import PATHS, read
from tests.load.rows import batch
from tests.load.sites import Client, Person, Site, manage, served, sign_up

PEOPLE = 20
WRITERS, READERS = 3, 5
TOO_SLOW = 10_000
# A worker that has answered for a while has loaded all that it needs: later growth would be a leak.
WARM_UP = 0.25
GROWTH = 1.1


@dataclass
class Load:
    """What all clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{sum(self.statuses.values())} requests, statuses {dict(self.statuses)}\n"
            f"    reads  {percentiles(self.reads)}\n    writes {percentiles(self.writes)}"
        )


def ask(site: Site, people: list[Person], writers: int, readers: int, seconds: float, name: str) -> Load:
    """Let clients read and write at the same time, without a pause."""
    load, until = Load(), time.monotonic() + seconds

    def run(client_number: int) -> None:
        with Client(site.port, people[client_number % len(people)]) as client:
            ask_again(client, client_number)

    def ask_again(client: Client, client_number: int) -> None:
        paths = itertools.cycle(PATHS)
        for turn in itertools.count():
            if time.monotonic() > until:
                break
            started = time.perf_counter()
            if client_number < writers:
                status, _body = client.post(batch(f"{name}{client_number}", turn))
            else:
                status = read(client, next(paths))
            times = load.writes if client_number < writers else load.reads
            times.append((time.perf_counter() - started) * 1000)
            load.statuses[status] += 1

    with ThreadPoolExecutor(writers + readers) as pool:
        list(pool.map(run, range(writers + readers)))
    return load


def soak(server: str, seconds: float, *, until_it_breaks: bool) -> bool:
    """Whether all went well under one server."""
    environment = {"WITHOUT_PERSISTENT_CONNECTIONS": "1"} if server == "uvicorn" else {}
    with (
        directory() as base,
        primary(base) as cluster,
        tempfile.TemporaryDirectory() as logs,
        served(cluster.url, Path(logs) / "log", server, **environment) as site,
    ):
        people = sign_up(cluster.url, PEOPLE)
        memory: list[int] = []
        with watched(site, memory, max(seconds / 40, 0.2)):
            load = ask(site, people, WRITERS, READERS, seconds, "soak")
        warm = memory[round(len(memory) * WARM_UP) :]
        check = manage(cluster.url, "rebuild_daily_usage", "--check")
        print(f"{server}, {seconds:.0f} s: {load}")
        print(f"    memory of the workers: {warm[0]} MiB warm, {max(warm)} MiB at most, {warm[-1]} MiB at the end")
        print(f"    roll-up: {check.stdout + check.stderr if check.returncode else 'exact'}", flush=True)
        if until_it_breaks:
            break_it(site, people)
        return set(load.statuses) == {200} and warm[-1] <= warm[0] * GROWTH and not check.returncode


def break_it(site: Site, people: list[Person]) -> None:
    """Double the clients until something fails."""
    clients = 16
    while clients <= 1024:
        load = ask(site, people, clients // 4, clients - clients // 4, 15, f"many{clients}-")
        slowest = percentiles([*load.reads, *load.writes])
        print(f"  {clients} clients: {load}", flush=True)
        if set(load.statuses) != {200} or slowest.p99 > TOO_SLOW:
            print(f"  broke with {clients} clients: statuses {dict(load.statuses)}, {slowest}", flush=True)
            return
        clients *= 2


@contextmanager
def watched(site: Site, found: list[int], pause: float) -> Iterator[None]:
    """Note the workers' memory again and again while the block runs."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(pause):
            found.append(site.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=600, help="how long each server is used (default: 600)")
    parser.add_argument("--server", choices=["gunicorn", "uvicorn"], action="append", help="default: both")
    parser.add_argument("--gently", action="store_true", help="do not go on until something breaks")
    options = parser.parse_args()
    servers = options.server or ["gunicorn", "uvicorn"]
    passed = [soak(server, options.seconds, until_it_breaks=not options.gently) for server in servers]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
