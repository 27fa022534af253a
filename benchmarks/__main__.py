"""`python -m benchmarks [N]` (`make bench`, `N=`, `BIG=1`): what the roll-up gives, against a control and a naive one.

Data are made once and kept below .bench/ until the code that makes them changes. Each measurement runs in a process of
its own; prints a table with times and ratios and writes .bench/results.json. Only the ratios say much on a machine that
does other work as well.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.data import Size
from org_analytics.rollup import triggers
from tests.postgres import start

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".bench"
MAKERS = ("benchmarks/data.py", "benchmarks/load.py", "org_analytics/migrations/0001_initial.py")
TENTH, BIG = "PostgreSQL, a tenth of the sessions, 1000 people", "PostgreSQL, ten times the sessions"
Answer = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sessions", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--big", action="store_true", help="also with ten times the sessions")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    server = start(KEPT / "postgres")
    try:
        results = measured(options.sessions, options.repeats, options.big, server.get_uri())
    finally:
        server.cleanup()
    (KEPT / "results.json").write_text(json.dumps(results, indent=1))
    report(results)


def measured(sessions: int, repeats: int, has_big: bool, server: str) -> Answer:
    """All measurements, by name."""

    def postgres(size: Size) -> str:
        name = _named(size)
        return made(size, server.replace("/postgres?", f"/{name}?"), lambda: _make_database(server, name))

    most = Size(sessions, 2000)
    main_url = postgres(most)
    results = {
        "PostgreSQL": run("inside", main_url, str(repeats), "naive"),
        "PostgreSQL over HTTP": run("over_http", main_url, str(2 * repeats), "memory"),
        "PostgreSQL, writing": run("writing", main_url),
        "PostgreSQL, 200 people, eight clients": run("over_http", postgres(Size(sessions, 200)), "5", "crowd"),
    }
    sizes = {
        TENTH: Size(sessions // 10, 1000),
        "PostgreSQL, 1000 people": Size(sessions, 1000),
        "PostgreSQL, 200 people": Size(sessions, 200),
    }
    if has_big:
        sizes[BIG] = Size(10 * sessions, 2000)
    results |= {name: run("inside", postgres(size), str(repeats)) for name, size in sizes.items()}
    few = Size(sessions, 500)
    file = KEPT / f"{_named(few)}.sqlite3"
    sqlite = made(few, f"sqlite:///{file}", lambda: file.unlink(missing_ok=True))
    results["SQLite, 500 people"] = run("inside", sqlite, str(repeats))
    results["SQLite, 500 people, over HTTP"] = run("over_http", sqlite, str(2 * repeats))
    results["SQLite, writing"] = run("writing", sqlite)
    return results


def made(size: Size, url: str, make_empty: Callable[[], object]) -> str:
    """The URL of a loaded database; loaded now if it was not."""
    mark = KEPT / f"{_named(size)}.{'sqlite' if url.startswith('sqlite') else 'postgres'}.loaded"
    if not mark.exists():
        print(f"Making {size.sessions:,} sessions of {size.people:,} people …", file=sys.stderr, flush=True)
        make_empty()
        _run([sys.executable, "-m", "benchmarks.load", str(size.sessions), str(size.people)], url)
        mark.touch()
    return url


def run(module: str, url: str, *arguments: str) -> Answer:
    """Run a module of this package and return its output."""
    print(f"Measuring {module} …", file=sys.stderr, flush=True)
    answer: Answer = json.loads(_run([sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments], url))
    return answer


def report(results: Answer) -> None:
    """The tables."""
    for name, answer in results.items():
        print(f"\n{name}")
        for question, times in answer.get("queries", answer.get("alone", {})).items():
            print(f"  {question:<40}" + "".join(f"{kind} {value:>9.1f} ms   " for kind, value in times.items()))
        for key, value in answer.items():
            if key not in ("queries", "alone"):
                print(f"  {key}: {json.dumps(value)}")
    print("\nRatios")
    for name, value in ratios(results).items():
        print(f"  {name:<60}{value:>9.2f}")


def ratios(results: Answer) -> dict[str, float]:
    """The ratios, which depend less on the machine than times."""
    asked = results["PostgreSQL"]["queries"]
    found = {
        "control / analytics, 90 days": asked["control, 90 days"]["database"] / asked["analytics, 90 days"]["question"],
        "naive / analytics, 90 days": (
            asked["naive users, 90 days"]["database"] + asked["naive providers, 90 days"]["database"]
        )
        / asked["analytics, 90 days"]["question"],
        "naive / repos, 90 days": asked["naive repos, 90 days"]["database"] / asked["repos, 90 days"]["question"],
    }
    served = results["PostgreSQL over HTTP"]["alone"]
    for name in served:
        if name.startswith(("page by", "page of")):
            usual = served[f"page, {name.rpartition(', ')[2]}"]
            found[f"{name} / the usual page, p95"] = served[name]["p95"] / usual["p95"]
    growth = {
        "ten times the sessions, same person-days": ("PostgreSQL, 1000 people", TENTH),
        "ten times the people, same sessions": ("PostgreSQL", "PostgreSQL, 200 people"),
        "ten times the sessions again": (BIG, "PostgreSQL"),
    }
    for name, (more, less) in growth.items():
        if more in results:
            for question in ("analytics, 90 days", "repos, 90 days"):
                times = [results[key]["queries"][question]["question"] for key in (more, less)]
                found[f"{name}: {question}"] = times[0] / times[1]
    return found


def _named(size: Size) -> str:
    made_by = [(ROOT / path).read_text() for path in MAKERS]
    made_by += [*triggers.create_statements("postgresql"), *triggers.create_statements("sqlite")]
    return f"{size.name}_{hashlib.sha256(''.join(made_by).encode()).hexdigest()[:8]}"


def _make_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")


def _run(command: list[str], url: str) -> str:
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
