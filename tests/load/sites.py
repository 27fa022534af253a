"""A running site: the example project behind gunicorn or uvicorn, and people who ask it over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple, Self

ENVIRONMENT = {
    "DEBUG": "false",
    "SECRET_KEY": "for load tests only, of some length, as Django asks for",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
    "ENABLE_ORG_ANALYTICS": "true",
    "DJANGO_SETTINGS_MODULE": "tests.load.settings",
    "PYTHONWARNINGS": "ignore",  # no static files were collected
}
COMMANDS = {
    # Threads keep connections alive, which one synchronous worker cannot.
    "gunicorn": (
        "gunicorn",
        "example_project.wsgi",
        "--workers=2",
        "--threads=4",
        "--keep-alive=75",
        "--log-level=warning",
        "--bind={address}",
    ),
    "uvicorn": ("uvicorn", "tests.load.asgi:application", "--workers=2", "--log-level=warning", "--port={port}"),
}


@dataclass(frozen=True)
class Site:
    """A server, its process group and its log."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def workers(self) -> list[int]:
        """The ids of the processes that answer requests."""
        return [pid for pid in descendants(self.process.pid) if "resource_tracker" not in command_of(pid)]

    def memory(self) -> int:
        """MiB of all workers together."""
        return sum(map(resident_mebibytes, self.workers()))


class Person(NamedTuple):
    """Somebody with an account: the API token and the session key of their browser."""

    token: str
    session: str


class Client:
    """A person's client with one connection, which is opened again after a failure."""

    def __init__(self, port: int, person: Person) -> None:
        self.port = port
        self.person = person
        self._connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path)

    def json(self, path: str) -> Any:
        """The parsed answer. Raises RuntimeError on any other status than 200."""
        status, body = self.get(path)
        if status != 200:
            raise RuntimeError(f"{status} for {path}: {body[:300]!r}")
        return json.loads(body)

    def page(self, path: str) -> tuple[int, str]:
        """The status and the text of a page, as the signed-in person's browser gets it."""
        status, body = self._ask("GET", path, headers={"Cookie": f"sessionid={self.person.session}"})
        return status, body.decode()

    def post(self, sessions: list[dict[str, Any]]) -> tuple[int, bytes]:
        return self._ask("POST", "/api/v1/org/sessions", json.dumps({"sessions": sessions}))

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """The status and the body; status 0 if no whole answer came."""
        headers = headers or {"Authorization": f"Token {self.person.token}", "Content-Type": "application/json"}
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self._connection.request(method, path, body, {"Host": "127.0.0.1", **headers})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            self.close()
            return 0, repr(error).encode()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


@contextmanager
def served(database_url: str, log: Path, server: str = "gunicorn", **environment: str) -> Iterator[Site]:
    """The example project on a free port, with the database migrated."""
    port = free_port()
    env = {**os.environ, **ENVIRONMENT, "DATABASE_URL": database_url, **environment}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], env=env, check=True)
    command = [part.format(address=f"127.0.0.1:{port}", port=port) for part in COMMANDS[server]]
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", *command], env=env, stdout=output, stderr=output)
        try:
            _wait(port, process, log)
            yield Site(process, port, log)
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """A port of this machine that nothing uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The server does not answer: {log.read_text(errors='replace')}")


def manage(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a management command of the site."""
    env = {**os.environ, **ENVIRONMENT, "DATABASE_URL": database_url}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True)


def sign_up(database_url: str, count: int) -> list[Person]:
    """New people with accounts."""
    script = f"""
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from rest_framework.authtoken.models import Token
for number in range({count}):
    name = f"person{{number}}"
    user = get_user_model().objects.create_user(name, f"{{name}}@example.com", first_name=name)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print(Token.objects.create(user=user).key, session.session_key)
"""
    made = manage(database_url, "shell", "--no-imports", "--command", script)
    if made.returncode:
        raise RuntimeError(made.stderr)
    return [Person(*line.split()) for line in made.stdout.splitlines()]


def descendants(pid: int) -> list[int]:
    """The ids of all processes below one."""
    children = [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


def resident_mebibytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
