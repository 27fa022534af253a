"""The example project, served for fuzzing: production settings, a demo organization, and two of its people."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
# An answer that takes longer is a finding. Other work on the machine also makes answers slow: a slow request is
# repeated in turn with a plain one. Only the fastest answers count, and only if the plain ones are much faster.
MAX_SECONDS = 1.0
REPEATS = 4
SLOWER_THAN_PLAIN = 3
HOST = "127.0.0.1"
# Prints the credentials of a writer (a token) and of a reader (a session with its CSRF token).
_CREDENTIALS = """
import json
import django
django.setup()
from django.contrib.auth.models import User
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from rest_framework.authtoken.models import Token
writer, reader = User.objects.filter(is_active=True).order_by("pk")[:2]
client = Client()
client.force_login(reader)
request = RequestFactory().get("/")
print(json.dumps({
    "token": Token.objects.get_or_create(user=writer)[0].key,
    "session": client.session.session_key,
    "csrf": get_token(request),
    "csrf_cookie": request.META["CSRF_COOKIE"],
}))
"""


@dataclass(frozen=True)
class Site:
    """A site that runs. `secrets` must be in no answer and no line of the log."""

    port: int
    log: Path
    token: str
    session: str
    csrf: str
    csrf_cookie: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.token, self.session


@contextmanager
def served_example(directory: Path) -> Iterator[Site]:
    """Serve the example with gunicorn on the database of DATABASE_URL; without it, on SQLite in the directory."""
    environment = {
        **os.environ,
        "DEBUG": "false",
        "SECRET_KEY": "for-fuzzing-only-" + "0123456789" * 5,
        "ALLOWED_HOSTS": HOST,
        "SECURE_SSL_REDIRECT": "false",
        "ENABLE_ORG_ANALYTICS": "true",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{directory}/example.sqlite3",
        "DJANGO_SETTINGS_MODULE": "tests.settings_fuzz",
    }
    python = [sys.executable, "-P"]
    for arguments in (["manage.py", "migrate", "--verbosity=0"], ["manage.py", "load_demo", "--verbosity=0"]):
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    environment["PYTHONPATH"] = str(ROOT)
    found = subprocess.run([*python, "-c", _CREDENTIALS], cwd=ROOT, env=environment, check=True, capture_output=True)
    port, log = _free_port(), directory / "server.log"
    # Bounds of gunicorn itself would answer before the site does.
    bounds = ["--limit-request-line=0", "--limit-request-field_size=0", "--limit-request-fields=32768"]
    command = [*python, "-m", "gunicorn", "example_project.wsgi", f"--bind={HOST}:{port}", "--threads=2", *bounds]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        site = Site(port, log, **json.loads(found.stdout))
        _wait_for(site, server)
        yield site
    finally:
        server.terminate()
        server.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(site: Site, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(f"{site.url}/account/login", timeout=10).close()
        except HTTPError:
            return
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The example did not start:\n{site.log.read_text()}")
