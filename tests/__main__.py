"""`python -m tests`: the suite as hosts will use the package, on each database.

On SQLite and, beside it, on PostgreSQL 18 from the wheel, whose output follows; with DATABASE_URL set, only there. On
each: the suite in a minimal host, its core with the second user model, and the example project's own tests. Other
arguments go to pytest. Exit code 1 if a run failed or, with --coverage, if too little of the package is covered.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tests.postgres import postgres_url

BRANCHES_COVERED = 98.0


@dataclass(frozen=True)
class Run:
    """One pytest process: a settings module, the tests for it, and the markers it needs."""

    settings: str
    tests: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()

    def command(self, without: Sequence[str], extra: Sequence[str]) -> list[str]:
        markers = " and ".join([*self.markers, *(f"not {marker}" for marker in without)])
        return [sys.executable, "-m", "pytest", f"--ds={self.settings}", "-m", markers, *extra, *self.tests]


SECOND_USER_MODEL = Run("tests.settings_members", markers=("core",))
RUNS = (
    Run("tests.settings"),
    SECOND_USER_MODEL,
    Run("example_project.settings", tests=("tests/test_example.py",)),
)


@dataclass(frozen=True)
class Database:
    """Where to run, and which tests make no difference there."""

    name: str
    url: AbstractContextManager[str]
    without: tuple[str, ...] = ()


class Suite:
    """All runs on all databases; `failed` names those that did."""

    def __init__(self, work: Path, runs: Sequence[Run], without: Sequence[str], extra: Sequence[str]) -> None:
        self.work = work
        self.runs = runs
        self.without = without
        self.extra = extra
        self.failed: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self.stopped = False

    def run(self, databases: Sequence[Database]) -> None:
        """On the first database before our eyes, on the others beside it into files that are shown afterwards."""
        first, *others = databases
        with ThreadPoolExecutor() as pool:
            outputs = [(self.work / f"output-{place}").open("w+", encoding="utf-8") for place in range(len(others))]
            running = [pool.submit(self.run_on, *job) for job in zip(others, outputs, strict=True)]
            try:
                self.run_on(first, sys.stdout)
            except BaseException:
                self.stopped = True
                for process in self.processes:
                    process.terminate()
                raise
            for future, output in zip(running, outputs, strict=True):
                future.result()
                output.seek(0)
                print(output.read(), flush=True)
                output.close()

    def run_on(self, database: Database, output: TextIO) -> None:
        with database.url as url:
            for run in self.runs:
                if self.stopped:
                    break
                title = f"{run.settings} on {database.name}"
                print(f"\n=== {title}", file=output, flush=True)
                started = time.monotonic()
                passed = self.succeeds(run.command([*self.without, *database.without], self.extra), url, output)
                outcome = f"{'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s"
                print(f"=== {title}: {outcome}", file=output, flush=True)
                if not passed:
                    self.failed.append(title)

    def succeeds(self, command: Sequence[str], url: str, output: TextIO) -> bool:
        coverage_file = str(self.work / f"coverage.{len(self.processes)}")
        environment = {**os.environ, "DATABASE_URL": url, "COVERAGE_FILE": coverage_file}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, text=True)
        self.processes.append(process)
        return process.wait() == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__, allow_abbrev=False)
    parser.add_argument("--coverage", action="store_true", help="report the package's coverage over all runs")
    parser.add_argument("--without-browser", action="store_true", help="leave out what needs a Chromium")
    parser.add_argument("--one-user-model", action="store_true", help="leave out the second user model")
    options, extra = parser.parse_known_args()
    # So that a terminated run stops its PostgreSQL too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    runs = [run for run in RUNS if not (options.one_user_model and run is SECOND_USER_MODEL)]
    without = ["browser"] if options.without_browser else []
    with tempfile.TemporaryDirectory(prefix="org-analytics-tests-") as directory:
        work = Path(directory)
        suite = Suite(work, runs, without, ["--cov", "--cov-report=", *extra] if options.coverage else extra)
        suite.run(databases())
        covered = not options.coverage or enough_coverage(work)
    for title in suite.failed:
        print(f"FAILED: {title}")
    return 0 if covered and not suite.failed else 1


def databases() -> list[Database]:
    given = os.environ.get("DATABASE_URL")
    if given:
        return [Database("the database of DATABASE_URL", fixed_url(given))]
    # A browser shows the same pages from either.
    return [Database("SQLite", fixed_url("")), Database("PostgreSQL 18", postgres_url(), ("once", "browser"))]


@contextmanager
def fixed_url(url: str) -> Iterator[str]:
    yield url


def enough_coverage(work: Path) -> bool:
    """Print the report; whether enough of the branches were taken."""
    data = f"--data-file={work / 'coverage'}"
    coverage = [sys.executable, "-m", "coverage"]
    print("\n=== Coverage of org_analytics over all runs", flush=True)
    subprocess.run([*coverage, "combine", "--quiet", data, *map(str, work.glob("coverage.*"))], check=True)
    subprocess.run([*coverage, "report", data], check=True)
    report = subprocess.run([*coverage, "json", data, "--quiet", "-o", "-"], capture_output=True, check=True, text=True)
    totals = json.loads(report.stdout)["totals"]
    percent = 100 * totals["covered_branches"] / (totals["num_branches"] or 1)
    print(f"Branches: {percent:.1f} % ({BRANCHES_COVERED:.0f} % wanted)", flush=True)
    return percent >= BRANCHES_COVERED


if __name__ == "__main__":
    sys.exit(main())
