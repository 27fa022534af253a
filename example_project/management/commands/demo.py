"""`make demo`: a database that fits the code, the demo organization, and a server."""

import hashlib
import os
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

import org_analytics

HOST = "127.0.0.1"
BANNER = """
Organization analytics, demo organization
  Page     http://{host}:{port}/organization
  Log in   demo / demo (administrator) or reader / reader

The data lives in {database}; delete it to start over. Stop with Ctrl-C.
"""


class Command(BaseCommand):
    help = "Prepare the demo database and serve the example on 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000")
        parser.add_argument("--no-serve", action="store_true", help="only prepare the database")

    def handle(self, *, port: str, no_serve: bool, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The demo keeps its data in SQLite: unset DATABASE_URL or use sqlite:///PATH.")
        if not no_serve:
            require_free_port(port)
        self.prepare(Path(connection.settings_dict["NAME"]))
        if not no_serve:
            self.serve(port)

    def prepare(self, database: Path) -> None:
        """Migrate and load; a database of other code, or one that was never finished, is made anew."""
        if database.exists() and stored_fingerprint() != fingerprint():
            self.stdout.write(f"{database} does not fit the code any more: making it anew.")
            remove(database)
        call_command("migrate", verbosity=0)
        call_command("load_demo", stdout=self.stdout)
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA user_version = {fingerprint()}")

    def serve(self, port: str) -> None:
        database = connection.settings_dict["NAME"]
        self.stdout.write(BANNER.format(host=HOST, port=port, database=database))
        self.stdout.flush()
        connection.close()
        os.environ.setdefault("DJANGO_RUNSERVER_HIDE_WARNING", "true")
        call_command("runserver", f"{HOST}:{port}", use_reloader=False, stdout=self.stdout)


def require_free_port(port: str) -> None:
    """Say what to do before any work is done."""
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(f"PORT={port} is no port: use a number from 1 to 65535, as in make demo PORT=8001")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except PermissionError:
            raise CommandError(f"Port {port} needs more rights: use another one, make demo PORT=8001") from None
        except OSError:
            other = int(port) % 65535 + 1
            raise CommandError(f"Port {port} is taken: use another one, make demo PORT={other}") from None


def fingerprint() -> int:
    """What the database's shape and content come from, as a number that SQLite keeps in the file's header."""
    app = Path(org_analytics.__file__).parent
    shape = [app / "models.py", app / "fields.py", *sorted(app.glob("migrations/*.py")), app / "rollup.py"]
    content = Path(__file__).parents[2] / "demo_data.py"
    code = b"".join(file.read_bytes() for file in [*shape, content] if file.exists())
    return int.from_bytes(hashlib.sha256(code).digest()[:4]) >> 1


def stored_fingerprint() -> int | None:
    """None: no database that can be read."""
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
