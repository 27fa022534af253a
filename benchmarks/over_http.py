"""Times over HTTP through gunicorn with two workers: `python -m benchmarks.over_http REPEATS [crowd|memory|download]…`.

Prints JSON. Server, database and client share the machine. The server is the example project, as in production.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import django

from benchmarks.data import END

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "for benchmarks only, of some length, as Django asks for",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
    "ENABLE_ORG_ANALYTICS": "true",
    "PYTHONWARNINGS": "ignore",  # no static files were collected
}
GROUPINGS = ("team", "repo", "provider", "model", "day", "week")
CLIENTS, CROWD_SECONDS = 8, 15
MIXED_REQUESTS = 1_000
DOWNLOADS = ("csv", "json")


@dataclass(frozen=True)
class Server:
    """A running gunicorn and who asks it."""

    process: subprocess.Popen[bytes]
    port: int
    headers: dict[str, str]

    def get(self, path: str) -> float:
        """Milliseconds until the whole answer is there."""
        started = time.perf_counter()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path, headers=self.headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{response.status} for {path}: {body[:300]!r}")
        return (time.perf_counter() - started) * 1000

    def memory(self, kind: str = "VmRSS") -> list[int]:
        """MiB of each worker: now, or the most so far (`VmHWM`)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        status = [Path(f"/proc/{pid}/status").read_text() for pid in children]
        return [int(text.split(f"{kind}:")[1].split()[0]) // 1024 for text in status]


def paths() -> dict[str, str]:
    """The requested paths, by name."""
    found = {}
    for days in (90, 30, 7):
        span = {"start_ts": int((END - timedelta(days)).timestamp()), "end_ts": int(END.timestamp())}
        dates = {"start": (END - timedelta(days)).date(), "end": (END - timedelta(1)).date()}
        for name in ("analytics", "series", "repos", "people/me/sessions"):
            found[f"{name}, {days} days"] = f"/api/v1/org/{name}?{urlencode(span)}"
        found[f"page, {days} days"] = f"/organization?{urlencode(dates)}"
        found[f"page of a person, {days} days"] = f"/organization/me?{urlencode(dates)}"
        for grouping in GROUPINGS:
            found[f"page by {grouping}, {days} days"] = f"/organization?{urlencode({**dates, 'group': grouping})}"
    two = "&repos=owner2/repo2,owner9/repo9"
    ninety, page = found["analytics, 90 days"], found["page, 90 days"]
    return found | {
        "analytics, 90 days, 2 repos": f"{ninety}{two}&include_no_repo=false",
        "analytics, 90 days, 2 repos or none": ninety + two,
        "analytics, 90 days, 1 provider": f"{ninety}&provider=codex",
        "page, 90 days, 2 repos": f"{page}&repo=owner2/repo2&repo=owner9/repo9&include_no_repo=0",
        "page, 90 days, by name": f"{page}&o=user",
        "page, 90 days, by average, second page": f"{page}&o=-avg_cost&p=2",
        **{f"{kind.upper()}, 90 days": page.replace("/organization", f"/organization.{kind}") for kind in DOWNLOADS},
    }


def alone(server: Server, repeats: int) -> dict[str, dict[str, float]]:
    """One client, all questions in turn."""
    times: dict[str, list[float]] = defaultdict(list)
    for turn in range(repeats + 2):
        for name, path in paths().items():
            milliseconds = server.get(path)
            if turn > 1:  # the first are to warm up both workers
                times[name].append(milliseconds)
    return {name: summary(found) for name, found in times.items()}


def crowd(server: Server) -> dict[str, float]:
    """Several clients at once, each asking for 90 days again and again."""
    path = paths()["analytics, 90 days"]
    until = time.perf_counter() + CROWD_SECONDS

    def ask(_client: int) -> list[float]:
        found = []
        while time.perf_counter() < until:
            found.append(server.get(path))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        times = [milliseconds for found in pool.map(ask, range(CLIENTS)) for milliseconds in found]
    return {**summary(times), "requests/s": len(times) / CROWD_SECONDS}


def memory(server: Server) -> dict[str, list[int]]:
    """MiB of each worker after 100 and after 1,000 mixed requests."""
    dice, asked, found = random.Random(0), list(paths().values()), {}
    for number in range(1, MIXED_REQUESTS + 1):
        server.get(dice.choice(asked))
        if number in (100, MIXED_REQUESTS):
            found[f"after {number}"] = server.memory()
    return found


def download_memory(server: Server) -> list[int]:
    """The most MiB of each worker while it sends downloads."""
    for _ in range(4 * len(DOWNLOADS)):
        for kind in DOWNLOADS:
            server.get(paths()[f"{kind.upper()}, 90 days"])
    return server.memory("VmHWM")


def summary(times: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


@contextmanager
def served() -> Iterator[Server]:
    """The example project on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "example_project.wsgi", "--workers=2", f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen([*command, "--log-level=warning"], env=os.environ)
    try:
        _wait(port)
        yield Server(process, port, _headers())
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("gunicorn does not answer.")


def _headers() -> dict[str, str]:
    """The session of the first person."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore

    person = get_user_model().objects.order_by("pk")[0]
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return {"Cookie": f"sessionid={session.session_key}", "Host": "127.0.0.1"}


if __name__ == "__main__":
    os.environ.update(PRODUCTION)
    django.setup()
    answer: dict[str, object] = {}
    if "download" in sys.argv:
        with served() as running:
            answer["most memory while downloading, MiB"] = download_memory(running)
    with served() as running:
        answer["alone"] = alone(running, int(sys.argv[1]))
        if "crowd" in sys.argv:
            answer["crowd"] = crowd(running)
        if "memory" in sys.argv:
            answer["memory"] = memory(running)
    print(json.dumps(answer))
