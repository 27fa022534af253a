"""`python -m benchmarks [N]` (`make bench`, `N=`, `BIG=1`): what the roll-up gives, against a control and a naive one.

`--people 20000` (`PEOPLE=20000`) measures another number of people instead, against the same control, and
`--own-forks` (`FORKS=1`) measures people who work on forks of their own.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.data import Size
from org_analytics.rollup import triggers
from tests.postgres import start

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".bench"
MAKERS = ("benchmarks/data.py", "benchmarks/load.py", "org_analytics/migrations/0001_initial.py")
CONTROL = "control, 90 days"
TENTH, BIG = "PostgreSQL, a tenth of the sessions, 1000 people", "PostgreSQL, ten times the sessions"
TENTH_OF_PEOPLE = "PostgreSQL, a tenth of the people and sessions"
WITHOUT_OWN_FORKS = "PostgreSQL, without forks of their own"
Answer = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sessions", nargs="?", type=int)
    parser.add_argument("--big", action="store_true", help="also with ten times the sessions")
    parser.add_argument("--people", type=int, help="measure so many people, with 125 sessions each by default")
    parser.add_argument("--own-forks", action="store_true", help="people (20,000) have three forks of their own")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    server = start(KEPT / "postgres")
    try:
        bench = Bench(server.get_uri(), options.repeats)
        if options.own_forks:
            people = options.people or 20_000
            results = bench.own_forks(options.sessions or 25 * people, people)
        elif options.people:
            results = bench.people(options.sessions or 125 * options.people, options.people)
        else:
            results = bench.everything(options.sessions or 1_000_000, options.big)
    finally:
        server.cleanup()
    (KEPT / "results.json").write_text(json.dumps(results, indent=1))
    report(results)


@dataclass(frozen=True)
class Bench:
    """Measurements on databases of a PostgreSQL server and in SQLite files, by name."""

    server: str
    repeats: int

    def everything(self, sessions: int, has_big: bool) -> Answer:
        """2,000 people, and how times grow with people and sessions."""
        main_url = self.postgres(Size(sessions, 2000), "naive")
        results = {
            "PostgreSQL": self.inside(main_url, "naive"),
            "PostgreSQL over HTTP": self.over_http(main_url, "memory"),
            "PostgreSQL, writing": run("writing", main_url),
            "PostgreSQL, 200 people, eight clients": run("over_http", self.postgres(Size(sessions, 200)), "5", "crowd"),
        }
        sizes = {
            TENTH: Size(sessions // 10, 1000),
            "PostgreSQL, 1000 people": Size(sessions, 1000),
            "PostgreSQL, 200 people": Size(sessions, 200),
        }
        if has_big:
            sizes[BIG] = Size(10 * sessions, 2000)
        results |= {name: self.inside(self.postgres(size)) for name, size in sizes.items()}
        sqlite = self.sqlite(Size(sessions, 2000))
        results["SQLite"] = self.inside(sqlite)
        results["SQLite over HTTP"] = self.over_http(sqlite)
        results["SQLite, writing"] = run("writing", sqlite)
        return results

    def people(self, sessions: int, people: int) -> Answer:
        """So many people, and a tenth of them on the same days."""
        url, tenth = self.postgres(Size(sessions, people)), self.postgres(Size(sessions // 10, people // 10))
        return {
            "PostgreSQL": self.inside(url),
            "PostgreSQL over HTTP": self.over_http(url, "download"),
            "PostgreSQL, writing": run("writing", url, "crowd"),
            TENTH_OF_PEOPLE: self.inside(tenth),
            f"{TENTH_OF_PEOPLE}, over HTTP": self.over_http(tenth),
        }

    def own_forks(self, sessions: int, people: int) -> Answer:
        """People with forks of their own, and the same people without them."""
        url, without = self.postgres(Size(sessions, people, True)), self.postgres(Size(sessions, people))
        return {
            "PostgreSQL": self.inside(url),
            "PostgreSQL over HTTP": self.over_http(url),
            "PostgreSQL, writing": run("writing", url, "forks"),
            WITHOUT_OWN_FORKS: self.inside(without),
        }

    def postgres(self, size: Size, *tables: str) -> str:
        """The URL of a loaded database."""
        name = _named(size)
        url = self.server.replace("/postgres?", f"/{name}?")
        return made(size, url, lambda: _make_database(self.server, name), *tables)

    def sqlite(self, size: Size) -> str:
        """The URL of a loaded file."""
        file = KEPT / f"{_named(size)}.sqlite3"
        return made(size, f"sqlite:///{file}", lambda: file.unlink(missing_ok=True))

    def inside(self, url: str, *extra: str) -> Answer:
        return run("inside", url, str(self.repeats), *extra)

    def over_http(self, url: str, *extra: str) -> Answer:
        return run("over_http", url, str(2 * self.repeats), *extra)


def made(size: Size, url: str, make_empty: Callable[[], object], *tables: str) -> str:
    """The URL of a loaded database; loaded now if it was not."""
    mark = KEPT / f"{_named(size)}.{'sqlite' if url.startswith('sqlite') else 'postgres'}.loaded"
    if not mark.exists():
        print(f"Making {size.sessions:,} sessions of {size.people:,} people …", file=sys.stderr, flush=True)
        make_empty()
        kind = ["forks"] if size.has_own_forks else []
        _run([sys.executable, "-m", "benchmarks.load", str(size.sessions), str(size.people), *kind, *tables], url)
        mark.touch()
    return url


def run(module: str, url: str, *arguments: str) -> Answer:
    """Run a module of this package and return its output."""
    print(f"Measuring {module} …", file=sys.stderr, flush=True)
    answer: Answer = json.loads(_run([sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments], url))
    return answer


def report(results: Answer) -> None:
    """The tables."""
    control = results["PostgreSQL"]["queries"][CONTROL]["question"]
    for name, answer in results.items():
        asked = answer.get("queries", answer.get("alone", {}))
        own_control = asked[CONTROL]["question"] if CONTROL in asked else control
        print(f"\n{name}")
        for question, times in asked.items():
            text = "".join(f"{kind} {value:>9.1f} ms   " for kind, value in times.items())
            print(f"  {question:<40}{text}{times.get('question', times.get('p95', 0)) / own_control:>6.2f} × control")
        for key, value in answer.items():
            if key not in ("queries", "alone"):
                print(f"  {key}: {json.dumps(value)}")
    print("\nRatios")
    for name, value in ratios(results).items():
        print(f"  {name:<60}{value:>9.2f}")


def ratios(results: Answer) -> dict[str, float]:
    """The ratios between questions and between databases, which depend less on the machine than times."""
    asked = {question: times["question"] for question, times in results["PostgreSQL"]["queries"].items()}
    found = {"control / analytics, 90 days": asked[CONTROL] / asked["analytics, 90 days"]}
    if "naive users, 90 days" in asked:
        naive = asked["naive users, 90 days"] + asked["naive providers, 90 days"]
        found["naive / analytics, 90 days"] = naive / asked["analytics, 90 days"]
        found["naive / repos, 90 days"] = asked["naive repos, 90 days"] / asked["repos, 90 days"]
    served = results["PostgreSQL over HTTP"]["alone"]
    for name in served:
        if name.startswith(("page by", "page of")):
            usual = served[f"page, {name.rpartition(', ')[2]}"]
            found[f"{name} / the usual page, p95"] = served[name]["p95"] / usual["p95"]
    growth = {
        "ten times the sessions, same person-days": ("PostgreSQL, 1000 people", TENTH),
        "ten times the people, same sessions": ("PostgreSQL", "PostgreSQL, 200 people"),
        "ten times the sessions again": (BIG, "PostgreSQL"),
        "ten times the people, same days": ("PostgreSQL", TENTH_OF_PEOPLE),
        "with forks of their own": ("PostgreSQL", WITHOUT_OWN_FORKS),
    }
    for name, (more, less) in growth.items():
        if more in results and less in results:
            for question in ("analytics, 90 days", "analytics, 90 days, 2 repos", "repos, 90 days"):
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
