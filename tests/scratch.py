"""Databases that exist for one test: to migrate back and forth without touching the test database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections


@contextmanager
def scratch_database(directory: Path) -> Iterator[str]:
    """Create an empty database like the default one and yield its alias."""
    alias = f"scratch_{uuid.uuid4().hex[:8]}"
    is_postgresql = connection.vendor == "postgresql"
    name = alias if is_postgresql else str(directory / f"{alias}.sqlite3")
    if is_postgresql:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {alias}")
    connections.databases[alias] = {**connection.settings_dict, "NAME": name, "TEST": connection.settings_dict["TEST"]}
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]
        if is_postgresql:
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE {alias}")
