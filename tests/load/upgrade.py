"""`make upgrade`: a database that version 0.1 made, with a million sessions in it, is upgraded and downgraded again.

Takes the old code from this repository's history. The answers before and after must be the same, and the roll-up exact.
Prints the seconds of `migrate`; exit code 1 if something differs.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.load.clusters import directory, primary
from tests.load.sites import ENVIRONMENT

ROOT = Path(__file__).parent.parent.parent
OLD = "f946136"
ADD_MODEL_USAGE = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute(
        "INSERT INTO org_analytics_modelusage (session_id, model, requests, input_tokens, output_tokens,"
        " cache_write_tokens, cache_read_tokens, cost_usd)"
        " SELECT id, 'model-' || (id % 7), 3, 100, 20, 5, 1000, cost_usd FROM org_analytics_codingsession"
    )
"""
QUESTION = """
import json
from datetime import timedelta
from benchmarks.data import END
from django.contrib.auth import get_user_model
from django.test import Client
client = Client(headers={"Host": "127.0.0.1"})
client.force_login(get_user_model().objects.order_by("pk")[0])
answers = {}
for days in (7, 30, 90):
    span = {"start_ts": int((END - timedelta(days)).timestamp()) + 4321, "end_ts": int(END.timestamp())}
    for name in ("analytics", "series", "repos"):
        answer = client.get(f"/api/v1/org/{name}", span).json()
        answers[f"{name} {days}"] = {key: value for key, value in answer.items() if key != "computed_at"}
print(json.dumps(answers))
"""


def has_old_code() -> bool:
    """Whether the history is here: a shallow clone does not have it."""
    done = subprocess.run(["git", "cat-file", "-e", OLD], cwd=ROOT, check=False, capture_output=True)
    return not done.returncode


def unpack_old_code(target: Path) -> None:
    done = subprocess.run(["git", "archive", OLD], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")


def run(code: Path, url: str, *arguments: str) -> str:
    """Run a Python command with the code of one version."""
    env = {**os.environ, **ENVIRONMENT, "DJANGO_SETTINGS_MODULE": "example_project.settings", "DATABASE_URL": url}
    env["PYTHONPATH"] = str(code)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=code, env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def answers(code: Path, url: str) -> Any:
    return json.loads(run(code, url, "manage.py", "shell", "--command", QUESTION).splitlines()[-1])


def upgrade(old: Path, url: str, sessions: int, people: int) -> bool:
    """Whether the upgraded database, and the one that was downgraded again, answer as before."""
    run(old, url, "-m", "benchmarks.load", str(sessions), str(people))
    run(old, url, "manage.py", "shell", "--command", ADD_MODEL_USAGE)
    before = answers(old, url)
    started = time.monotonic()
    run(ROOT, url, "manage.py", "migrate", "--verbosity=0")
    seconds = time.monotonic() - started
    steps = {"the answers are the same": answers(ROOT, url) == before, "the roll-up is exact": is_exact(ROOT, url)}
    print(f"    migrate took {seconds:.1f} s")
    run(ROOT, url, "manage.py", "migrate", "org_analytics", "0001", "--verbosity=0")
    steps["after the downgrade, the old version answers as before"] = answers(old, url) == before
    steps["and its roll-up is exact"] = is_exact(old, url)
    for claim, is_so in steps.items():
        print(f"    {'ok' if is_so else 'NOT SO'}: {claim}", flush=True)
    return all(steps.values())


def is_exact(code: Path, url: str) -> bool:
    try:
        run(code, url, "manage.py", "rebuild_daily_usage", "--check")
    except subprocess.CalledProcessError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.upgrade", description=__doc__, allow_abbrev=False)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="default: 1,000,000")
    parser.add_argument("--people", type=int, default=2_000, help="default: 2,000")
    options = parser.parse_args()
    if not has_old_code():
        print(f"skipped: the history has no commit {OLD}")
        return 0
    with tempfile.TemporaryDirectory() as work:
        old = Path(work) / "old"
        old.mkdir()
        unpack_old_code(old)
        print("PostgreSQL", flush=True)
        with directory() as base, primary(base) as cluster:
            passed = upgrade(old, cluster.url, options.sessions, options.people)
        print("SQLite", flush=True)
        passed = upgrade(old, f"sqlite:///{work}/upgrade.sqlite3", options.sessions, options.people) and passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
