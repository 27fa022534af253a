"""Throw-away Django projects that have the app installed, made and run as strangers make and run theirs."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.db import connection

import org_analytics

ROOT = Path(org_analytics.__file__).parent.parent
HERE = Path(__file__).parent
TIMEOUT = 300
COLLECT = ("manage.py", "collectstatic", "--noinput", "--verbosity=0")
CHECK = ("manage.py", "check", "--database=default", "--fail-level=WARNING")
DEPLOY_CHECK = ("manage.py", "check", "--deploy", "--fail-level=WARNING")
MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""
ASGI = """
import os
from django.core.asgi import get_asgi_application
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
application = get_asgi_application()
"""
SETTINGS = """
import os
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = "a throw-away project needs no secret, but Django wants it to be long"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
DATABASES = {{"default": {database!r}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "org_analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "urls"
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {{"context_processors": CONTEXT_PROCESSORS}},
    }},
]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "collected"
LOGIN_URL = "/admin/login/"
ENABLE_ORG_ANALYTICS = True
if "DEPLOY" in os.environ:
    SECURE_HSTS_SECONDS = 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
"""
URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("org_analytics.urls")),
]
"""


@dataclass(frozen=True)
class Host:
    """What one kind of host adds to a new project: packages, lines of settings and of URLs, other files."""

    name: str
    requirements: tuple[str, ...] = ()
    settings: str = ""
    urls: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    database: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Project:
    """A project on disk, run by one interpreter, which has the package installed or finds it where we do."""

    directory: Path
    python: str = sys.executable
    is_installed: bool = False

    @classmethod
    def of(cls, host: Host, directory: Path, python: str = sys.executable, is_installed: bool = False) -> "Project":
        """Write the files of a host."""
        directory.mkdir(parents=True, exist_ok=True)
        sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / "host.db"), "OPTIONS": IMMEDIATE}
        files = {
            "manage.py": MANAGE,
            "asgi.py": ASGI,
            "settings.py": SETTINGS.format(database=host.database or sqlite) + host.settings,
            "urls.py": URLS + host.urls,
            **host.files,
        }
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        shutil.copy(HERE / "ask.py", directory)
        return cls(directory, python, is_installed)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the project; errors and output together."""
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.directory,
            env=self._environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", *arguments, **environment)

    def must(self, *arguments: str, **environment: str) -> str:
        """Run Python in the project, and fail with its output unless it succeeds."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout}"
        return done.stdout

    def prepare(self, **environment: str) -> "Project":
        """Create the tables, as the install steps say; the project's own apps get their migrations first."""
        if list(self.directory.glob("*/migrations")):
            self.must("manage.py", "makemigrations", "--verbosity=0", **environment)
        self.must("manage.py", "migrate", "--verbosity=0", **environment)
        return self

    @contextmanager
    def served(self, *arguments: str, **environment: str) -> Iterator["Server"]:
        """Run a server, which is given its port as the last argument; yields where, and what it has written."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = self.directory / "server.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [self.python, *arguments, str(port)],
                cwd=self.directory,
                env=self._environment(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait_for(port, process, log)
                yield Server(f"http://127.0.0.1:{port}", log)
            finally:
                process.terminate()
                process.wait(timeout=30)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        ours = ("PYTHONPATH", "DJANGO_", "DATABASE_URL", "PYTEST_", "COV_", "COVERAGE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        path = {} if self.is_installed else {"PYTHONPATH": str(ROOT)}
        return {**kept, **path, "PYTHONDONTWRITEBYTECODE": "1", **more}


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    log: Path


def database_beside_this_one(name: str) -> dict[str, Any]:
    """The settings of a database on the PostgreSQL server of this test run."""
    names = ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    return {**{key: connection.settings_dict[key] for key in names}, "NAME": name}


IMMEDIATE = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=10).close()
        except URLError as error:
            if getattr(error, "code", None):
                return
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
