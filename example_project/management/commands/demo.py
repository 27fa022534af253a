"""`make demo`: prepare a database that fits the code, load the demo organization, and serve it."""

import hashlib
import os
import socket
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

import org_analytics

HOST = "127.0.0.1"
BANNER = """
Organization analytics, demo organization
  Page     http://{host}:{port}/organization
  Log in   demo / demo (administrator) or reader / reader
  Teams    Django's groups; the recaps of sessions were written by hand as an example
  Sessions {sharing}

The data lives in {database}; delete it to start over. Stop with Ctrl-C.
"""

SHARING = {
    True: "everybody's are visible: SHARE_ALL_SESSIONS_TO_AUTHENTICATED=true",
    False: "only one's own are visible (SHARE_ALL_SESSIONS_TO_AUTHENTICATED=true shows everybody's)",
}


class Command(BaseCommand):
    help = "Prepare the demo database and serve the example on 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="Port to serve on. Default: %(default)s.")
        parser.add_argument("--no-serve", action="store_true", help="Prepare the database and stop.")

    def handle(self, *, port: str, no_serve: bool, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The demo uses SQLite. Unset DATABASE_URL, or set it to sqlite:///PATH.")
        if not no_serve:
            require_free_port(port)
        self.prepare(Path(connection.settings_dict["NAME"]))
        if not no_serve:
            self.serve(port)

    def prepare(self, database: Path) -> None:
        """Migrate and load. A database that was made by other code, or is incomplete, is deleted first."""
        if database.exists() and stored_fingerprint() != fingerprint():
            self.stdout.write(f"{database} was made by another version of the code. Creating it again.")
            remove(database)
        call_command("migrate", verbosity=0)
        call_command("load_demo", stdout=self.stdout)
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA user_version = {fingerprint()}")

    def serve(self, port: str) -> None:
        database = connection.settings_dict["NAME"]
        self.stdout.write(
            BANNER.format(
                host=HOST,
                port=port,
                database=database,
                sharing=SHARING[settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED == "true"],
            )
        )
        self.stdout.flush()
        connection.close()
        os.environ.setdefault("DJANGO_RUNSERVER_HIDE_WARNING", "true")
        call_command("runserver", f"{HOST}:{port}", use_reloader=False, stdout=self.stdout)


def require_free_port(port: str) -> None:
    """Raise CommandError if the port cannot be used, before any work is done."""
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(f"PORT={port} is not a port. Use a number from 1 to 65535: make demo PORT=8001")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except PermissionError:
            raise CommandError(f"You may not use port {port}. Use another one: make demo PORT=8001") from None
        except OSError:
            other = int(port) % 65535 + 1
            raise CommandError(f"Port {port} is in use. Use another one: make demo PORT={other}") from None


def fingerprint() -> int:
    """Hash the code that shapes the demo database, as a number that SQLite keeps in the file's header."""
    hashed = hashlib.sha256()
    for file in schema_files():
        hashed.update(file.read_bytes())
    return int.from_bytes(hashed.digest()[:4]) >> 1


def schema_files() -> Iterator[Path]:
    """Yield every file of the app that shapes tables or rows, and the demo data."""
    app = Path(org_analytics.__file__).parent
    for room in ("models", "rollup", "migrations"):
        yield from sorted((app / room).rglob("*.py"))
    # What these rooms import: field types, choices, limits, and how money, days and paths are stored.
    for name in ("choices", "conf", "fields", "limits", "money", "periods", "repo_paths"):
        yield app / f"{name}.py"
    yield Path(__file__).parents[2] / "demo_data.py"
    yield Path(__file__).with_name("load_demo.py")


def stored_fingerprint() -> int | None:
    """Return the number in the database's header, or None if the file cannot be read."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA user_version")
            return int(cursor.fetchone()[0])
    except DatabaseError:
        return None


def remove(database: Path) -> None:
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
