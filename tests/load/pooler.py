"""`make pooler`: the site behind PgBouncer in transaction mode (needs Debian's `pgbouncer`).

Clients write and read through four server connections. Then the commands that administrators use run through the pooler
too. Exit code 1 if a request or a command failed, or the roll-up is not exact.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.load.clusters import ACCOUNT, Cluster, directory, primary
from tests.load.sites import free_port, manage, served, sign_up
from tests.load.soak import ask

CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
auth_type = trust
auth_file = {users}
logfile = {log}
# Django's and psycopg's own start parameters.
ignore_startup_parameters = extra_float_digits
"""
COMMANDS = (
    ("check", "--database", "default"),
    ("rebuild_daily_usage",),
    ("rebuild_daily_usage", "--check"),
)


@contextmanager
def pooled(cluster: Cluster) -> Iterator[str]:
    """The URL of the database through a pooler."""
    port, base = free_port(), cluster.data.parent
    users, configuration = base / "users.txt", base / "pgbouncer.ini"
    users.write_text('"postgres" ""\n')
    configuration.write_text(
        CONFIGURATION.format(server_port=cluster.port, port=port, users=users, log=base / "pgbouncer.log")
    )
    process = subprocess.Popen([str(shutil.which("pgbouncer")), "-q", str(configuration)], user=ACCOUNT)
    url = f"postgresql://postgres:@127.0.0.1:{port}/postgres"
    try:
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def missing() -> str:
    """Why this machine cannot try it; empty if it can."""
    return "" if shutil.which("pgbouncer") else "needs pgbouncer (Debian: pgbouncer)"


def run(seconds: float) -> bool:
    """Whether all went well."""
    with (
        directory() as base,
        primary(base) as cluster,
        pooled(cluster) as url,
        tempfile.TemporaryDirectory() as logs,
        served(url, Path(logs) / "log", WITHOUT_PERSISTENT_CONNECTIONS="1") as site,
    ):
        people = sign_up(url, 10)
        load = ask(site, people, writers=4, readers=8, seconds=seconds, name="pooled")
        print(f"PgBouncer, transaction mode, 12 clients, 4 server connections: {load}")
        is_good = set(load.statuses) == {200}
        for command in COMMANDS:
            done = manage(url, *command)
            is_good = is_good and not done.returncode
            print(f"    manage.py {' '.join(command)}: {done.returncode} {done.stdout.strip()} {done.stderr.strip()}")
        return is_good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.pooler", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60, help="how long clients write and read (default: 60)")
    options = parser.parse_args()
    if reason := missing():
        print(f"skipped: {reason}")
        return 0
    return 0 if run(options.seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
