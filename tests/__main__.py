"""`python -m tests`: the suite as hosts will use the package, on SQLite and on PostgreSQL 18 from the wheel.

On each: the suite in a minimal host, its core with the second user model, and the example project's own tests; browser
tests on SQLite only. Two runs at a time: one before our eyes, the output of the other when it has ended. With
DATABASE_URL set, all of it only there, one run after the other. Other arguments go to pytest. Exit code 1 if a run
failed or, with --coverage, if too little of the package is covered.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from tests.postgres import postgres_url

BRANCHES_COVERED = 98.0
RUNS_AT_ONCE = 2


@dataclass(frozen=True)
class Run:
    """One pytest process: a settings module, its tests, and whether they are the ones that cover the package."""

    settings: str
    markers: str
    tests: tuple[str, ...] = ()
    name: str = ""
    is_covering: bool = False
    profile: str = "default"


SUITE = Run("tests.settings", "not browser", is_covering=True)
BROWSER = Run("tests.settings", "browser", ("tests/browser",), name=" in a browser")
# What property tests searched thoroughly in the suite itself is only looked at again.
MEMBERS = Run("tests.settings_members", "core and not browser", profile="quick")
EXAMPLE = Run("example_project.settings", "", ("tests/test_example.py",))


@dataclass(frozen=True)
class Database:
    """Where to run; `is_first`: also what makes no difference where."""

    name: str
    url: Callable[[], AbstractContextManager[str]]
    is_first: bool = True


@dataclass(frozen=True)
class Job:
    """A run on a database."""

    run: Run
    database: Database

    @property
    def title(self) -> str:
        return f"{self.run.settings}{self.run.name} on {self.database.name}"

    @property
    def command(self) -> list[str]:
        markers = [self.run.markers, *([] if self.database.is_first else ["not once"])]
        selected = " and ".join(filter(None, markers))
        return [sys.executable, "-m", "pytest", f"--ds={self.run.settings}", "-m", selected, *self.run.tests]


class Suite:
    """Runs jobs; `failed` names those that did."""

    def __init__(self, work: Path, jobs: Iterable[Job], extra: Sequence[str], has_coverage: bool) -> None:
        self.work = work
        self.jobs = deque(jobs)
        self.extra = extra
        self.has_coverage = has_coverage
        self.failed: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self.stopped = False
        self.unseen: deque[Path] = deque()

    def run(self, at_once: int) -> None:
        with ThreadPoolExecutor() as pool:
            others = [pool.submit(self._run_unseen) for _ in range(at_once - 1)]
            try:
                self._run_seen()
                for other in others:
                    other.result()
            except BaseException:
                self.stopped = True
                self.jobs.clear()
                for process in self.processes:
                    process.terminate()
                raise
        self._show()

    def _run_seen(self) -> None:
        while job := self._next():
            self._run(job, sys.stdout)
            self._show()

    def _run_unseen(self) -> None:
        while job := self._next():
            path = self.work / f"{job.title}.txt"
            with path.open("w", encoding="utf-8") as output:
                self._run(job, output)
            self.unseen.append(path)

    def _next(self) -> Job | None:
        try:
            return self.jobs.popleft()
        except IndexError:
            return None

    def _show(self) -> None:
        while self.unseen:
            print(self.unseen.popleft().read_text("utf-8"), flush=True)

    def _run(self, job: Job, output: TextIO) -> None:
        print(f"\n=== {job.title}", file=output, flush=True)
        started = time.monotonic()
        with job.database.url() as url:
            passed = not self.stopped and self._succeeds(job, url, output)
        outcome = f"{'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s"
        print(f"=== {job.title}: {outcome}", file=output, flush=True)
        if not passed:
            self.failed.append(job.title)

    def _succeeds(self, job: Job, url: str, output: TextIO) -> bool:
        coverage = ["--cov", "--cov-report="] if self.has_coverage and job.run.is_covering else []
        environment = {
            "HYPOTHESIS_PROFILE": job.run.profile,
            **os.environ,
            "DATABASE_URL": url,
            "COVERAGE_FILE": str(self.work / f"coverage.{job.database.name}"),
        }
        command = [*job.command, *coverage, *self.extra]
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
    has_playwright = find_spec("playwright") is not None
    left_out = {BROWSER: options.without_browser or not has_playwright, MEMBERS: options.one_user_model}
    runs = [run for run in (SUITE, BROWSER, MEMBERS, EXAMPLE) if not left_out.get(run)]
    places = databases()
    jobs = [Job(run, place) for run in runs for place in places if place.is_first or run is not BROWSER]
    if not has_playwright:
        print("Without browser tests: playwright is not installed.")
    with tempfile.TemporaryDirectory(prefix="org-analytics-tests-") as directory:
        work = Path(directory)
        suite = Suite(work, jobs, extra, options.coverage)
        suite.run(RUNS_AT_ONCE if len(places) > 1 else 1)
        covered = not options.coverage or enough_coverage(work)
    for title in suite.failed:
        print(f"FAILED: {title}")
    return 0 if covered and not suite.failed else 1


def databases() -> list[Database]:
    given = os.environ.get("DATABASE_URL")
    if given:
        return [Database("the database of DATABASE_URL", lambda: nullcontext(given))]
    return [
        Database("SQLite", lambda: nullcontext("")),
        Database("PostgreSQL 18", postgres_url, is_first=False),
    ]


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
