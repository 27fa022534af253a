"""`make faults`: break something while clients write, and look for lost rows and wrong sums afterwards.

Each fault runs against a server of its own. A fault passes if the next request works, `rebuild_daily_usage --check` is
clean, and each row that the server acknowledged is there, in the acknowledged version or a later one. Prints what the
clients saw meanwhile; exit code 1 if a fault did not pass.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from tests.load.clusters import Cluster, directory, primary
from tests.load.reading import ask_for_everything
from tests.load.rows import batch
from tests.load.sites import Client, Person, Site, manage, served, sign_up
from tests.load.stored import versions
from tests.load.writers import all_written

PEOPLE = 4
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@dataclass
class Writers:
    """People who write until they are told to stop. They send a batch again until it is acknowledged."""

    port: int
    people: list[Person]
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: dict[str, int] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def writing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._write, args=(f"w{n}", person)) for n, person in enumerate(self.people)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()

    def _write(self, name: str, person: Person) -> None:
        turn = 0
        with Client(self.port, person) as client:
            while not self.is_over.is_set():
                rows = batch(name, turn)
                status, body = client.post(rows)
                self.statuses[status] += 1
                if all_written(status, body):
                    self.acknowledged |= {row["external_id"]: turn for row in rows}
                    turn += 1
                else:
                    self.is_over.wait(0.05)


@dataclass(frozen=True)
class Result:
    """What a fault did."""

    name: str
    statuses: Counter[int]
    acknowledged: int
    lost: int
    is_working: bool
    check: str

    @property
    def is_good(self) -> bool:
        return self.acknowledged > 0 and not self.lost and self.is_working and not self.check

    def __str__(self) -> str:
        return (
            f"{'passed' if self.is_good else 'FAILED'}  {self.name}: clients saw {dict(self.statuses)} (0: no answer), "
            f"{self.acknowledged} rows acknowledged, {self.lost} lost, next request "
            f"{'works' if self.is_working else 'FAILS'}, roll-up {self.check or 'exact'}"
        )


def tried(name: str, url: str, site: Site, break_it: Callable[[], None]) -> Result:
    """Write, break something, write on, and compare."""
    writers = Writers(site.port, sign_up(url, PEOPLE))
    with writers.writing():
        time.sleep(1)
        break_it()
        time.sleep(1)
    return result(name, url, site, writers)


def result(name: str, url: str, site: Site, writers: Writers) -> Result:
    is_working = ask_for_everything(site.port, writers.people[0]) == {200}
    check = manage(url, "rebuild_daily_usage", "--check")
    stored = versions(url)
    lost = [key for key, version in writers.acknowledged.items() if stored.get(key, -1) < version]
    return Result(
        name,
        writers.statuses,
        len(writers.acknowledged),
        len(lost),
        is_working,
        check.stdout + check.stderr if check.returncode else "",
    )


@contextmanager
def site_on_postgres(server: str = "gunicorn", **environment: str) -> Iterator[tuple[Cluster, Site]]:
    with (
        directory() as base,
        primary(base) as cluster,
        tempfile.TemporaryDirectory() as log,
        served(cluster.url, Path(log) / "log", server, **environment) as site,
    ):
        yield cluster, site


def killed_workers(seconds: float) -> Result:
    """SIGKILL to one worker after the other. gunicorn starts new ones."""
    with site_on_postgres() as (cluster, site):

        def kill() -> None:
            for _ in range(round(seconds)):
                os.kill(site.workers()[0], signal.SIGKILL)
                time.sleep(1)

        return tried("workers killed with SIGKILL", cluster.url, site, kill)


def restarted_postgres(seconds: float) -> Result:
    """An immediate shutdown, as after a crash: PostgreSQL recovers from its log."""
    with site_on_postgres() as (cluster, site):

        def restart() -> None:
            for _ in range(max(1, round(seconds / 4))):
                cluster.stop("immediate")
                cluster.start()
                time.sleep(2)

        return tried("PostgreSQL restarted immediately", cluster.url, site, restart)


def terminated_connections(seconds: float) -> Result:
    """`pg_terminate_backend` for every connection but our own, several times a second."""
    with site_on_postgres() as (cluster, site):

        def terminate() -> None:
            until = time.monotonic() + seconds
            with psycopg.connect(cluster.url, autocommit=True) as connection:
                while time.monotonic() < until:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                    )
                    time.sleep(0.2)

        return tried("connections terminated", cluster.url, site, terminate)


def full_disk(seconds: float) -> Result:
    """SQLite on a file system of 8 MiB that fills up and is then given room."""
    with tempfile.TemporaryDirectory() as directory:
        small = Path(directory) / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small], check=True)
        try:
            url = f"sqlite:///{small / 'load.sqlite3'}"
            with served(url, Path(directory) / "log") as site:

                def fill() -> None:
                    with suppress(OSError):
                        (small / "ballast").write_bytes(b"0" * 2**23)
                    time.sleep(seconds)
                    (small / "ballast").unlink()

                return tried("disk full (SQLite)", url, site, fill)
        finally:
            subprocess.run(["umount", "--lazy", small], check=True)


def clock_set_back(seconds: float) -> Result:
    """The server's clock goes back by an hour, then by a day."""
    with tempfile.TemporaryDirectory() as log:
        clock = Path(log) / "clock"
        clock.write_text("+0")
        fake = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        # Not gunicorn: its sleep uses a call that libfaketime 0.9.10 breaks.
        with site_on_postgres("uvicorn", **fake) as (cluster, site):

            def set_back() -> None:
                for offset in ("-1h", "-1d"):
                    clock.write_text(offset)
                    time.sleep(seconds / 2)
                if server_clock(site.port) > datetime.now(UTC) - timedelta(hours=23):
                    raise RuntimeError("The clock of the server did not go back.")

            return tried("clock set back", cluster.url, site, set_back)


def server_clock(port: int) -> datetime:
    """The server's time, from the Date header of any answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("HEAD", "/", headers={"Host": "127.0.0.1"})
    date = connection.getresponse().headers["Date"]
    connection.close()
    return parsedate_to_datetime(date)


def worker_out_of_memory(seconds: float) -> Result:
    """A worker may not have one byte more. It is replaced as an administrator or the kernel would: by SIGKILL."""
    with site_on_postgres() as (cluster, site):

        def starve() -> None:
            worker = site.workers()[0]
            subprocess.run(["prlimit", f"--pid={worker}", "--as=1:1"], check=True)
            time.sleep(seconds)
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

        return tried("worker out of memory", cluster.url, site, starve)


FAULTS: dict[str, Callable[[float], Result]] = {
    "kill": killed_workers,
    "restart": restarted_postgres,
    "terminate": terminated_connections,
    "disk": full_disk,
    "clock": clock_set_back,
    "memory": worker_out_of_memory,
}


def missing(fault: str) -> str:
    """Why this machine cannot try a fault; empty if it can."""
    if fault == "disk" and os.geteuid() != 0:
        return "mounting a file system needs root"
    if fault == "clock" and not FAKETIME.exists():
        return "needs libfaketime (Debian: faketime)"
    if fault == "memory" and not shutil.which("prlimit"):
        return "needs prlimit (util-linux)"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.faults", description=__doc__, allow_abbrev=False)
    parser.add_argument("faults", nargs="*", metavar="fault", help=f"{', '.join(FAULTS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=20, help="how long each fault lasts (default: 20)")
    options = parser.parse_args()
    if unknown := set(options.faults) - FAULTS.keys():
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(FAULTS)}")
    failed = 0
    for name in options.faults or FAULTS:
        if reason := missing(name):
            print(f"skipped {name}: {reason}", flush=True)
            continue
        outcome = FAULTS[name](options.seconds)
        failed += not outcome.is_good
        print(outcome, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
