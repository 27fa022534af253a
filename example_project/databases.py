"""Turn DATABASE_URL into Django's database settings."""

from typing import Any

import dj_database_url

SQLITE = "django.db.backends.sqlite3"
# Makes concurrent writers wait for each other. In Django's default mode they fail with "database is locked".
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
}


def database_from_url(url: str) -> dict[str, Any]:
    """Settings for `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`, also `…@/NAME?host=/socket/dir`."""
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    if database["ENGINE"] == SQLITE:
        database["OPTIONS"] = {**SQLITE_OPTIONS, **database.get("OPTIONS", {})}
    return database
