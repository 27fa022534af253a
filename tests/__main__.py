"""`python -m tests`: the suite as hosts will use the package, on each database.

On SQLite, then on PostgreSQL 18 from the wheel; with DATABASE_URL set, only there. On each: the suite in a minimal
host, its core with the second user model, and the example project's own tests. Other arguments go to pytest.
Exit code 1 if a run failed or, with --coverage, if the package is covered less than the threshold.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import postgres_url

BRANCHES_COVERED = 98.0


@dataclass(frozen=True)
class Run:
    """One pytest process: a settings module, the tests for it, and the markers it needs."""

    settings: str
    tests: tuple[str, ...] = ()
    markers: str = ""

    def command(self, without: Sequence[str], extra: Sequence[str]) -> list[str]:
        markers = " and ".join(filter(None, [self.markers, *(f"not {marker}" for marker in without)]))
        chosen = ["-m", markers] if markers else []
        return [sys.executable, "-m", "pytest", f"--ds={self.settings}", *chosen, *extra, *self.tests]


RUNS = (
    Run("tests.settings"),
    Run("tests.settings_members", markers="core"),
    Run("example_project.settings", tests=("tests/test_example.py",)),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__, allow_abbrev=False)
    parser.add_argument("--coverage", action="store_true", help="report the package's coverage over all runs")
    parser.add_argument("--without-browser", action="store_true", help="leave out what needs a Chromium")
    options, extra = parser.parse_known_args()
    # So that an interrupted or terminated run stops its PostgreSQL too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="org-analytics-coverage-") as directory:
        os.environ["COVERAGE_FILE"] = str(Path(directory) / "coverage")
        if options.coverage:
            extra = ["--cov", "--cov-append", "--cov-report=", *extra]
        failures = [run for run in suite(["browser"] if options.without_browser else [], extra) if run]
        for failure in failures:
            print(f"FAILED: {failure}", flush=True)
        covered = not options.coverage or enough_coverage()
    return 0 if covered and not failures else 1


def suite(without: Sequence[str], extra: Sequence[str]) -> Iterator[str]:
    """Run all, but tests with these markers, on each database; yields a run's name if it failed, else an empty text."""
    for place, (name, database) in enumerate(databases()):
        left_out = [*without, "once"] if place else without
        with database as url:
            for run in RUNS:
                title = f"{run.settings} on {name}"
                print(f"\n=== {title}", flush=True)
                started = time.monotonic()
                environment = {**os.environ, "DATABASE_URL": url}
                code = subprocess.call(run.command(left_out, extra), env=environment)
                outcome = "failed" if code else "passed"
                print(f"=== {title}: {outcome} in {time.monotonic() - started:.0f} s", flush=True)
                yield title if code else ""


def databases():
    """Name and context manager giving the DATABASE_URL, in the order of use."""
    given = os.environ.get("DATABASE_URL")
    if given:
        return [("the database of DATABASE_URL", fixed_url(given))]
    return [("SQLite", fixed_url("")), ("PostgreSQL 18", postgres_url())]


@contextmanager
def fixed_url(url: str) -> Iterator[str]:
    yield url


def enough_coverage() -> bool:
    """Print the report; whether enough of the branches were taken."""
    print("\n=== Coverage of org_analytics over all runs", flush=True)
    subprocess.call([sys.executable, "-m", "coverage", "report"])
    report = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "--quiet", "-o", "-"], capture_output=True, check=True, text=True
    )
    totals = json.loads(report.stdout)["totals"]
    percent = 100 * totals["covered_branches"] / (totals["num_branches"] or 1)
    print(f"Branches: {percent:.1f} % ({BRANCHES_COVERED:.0f} % wanted)", flush=True)
    return percent >= BRANCHES_COVERED


if __name__ == "__main__":
    sys.exit(main())
