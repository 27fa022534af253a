"""H15: a dump of the data alone is restored by the documented commands, and what other ways leave behind is noticed."""

import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.postgres import TOOLS

from .project import CHECK, Host, Project, database_beside_this_one

pytestmark = [pytest.mark.django_db, pytest.mark.skipif("connection.vendor != 'postgresql'")]

# Derived from the sessions, or filled by `migrate`.
LEFT_OUT = (
    "org_analytics_dailyusage",
    "org_analytics_dailymodelusage",
    "org_analytics_tendayusage",
    "org_analytics_reportingday",
    "django_migrations",
    "django_content_type",
    "auth_permission",
)


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[Callable[[], tuple[Project, str]]]:
    """`new_site()`: a migrated site in a database of its own, and the address of that database."""
    names = []

    def make() -> tuple[Project, str]:
        name = f"site_{uuid.uuid4().hex[:8]}"
        execute(f"CREATE DATABASE {name}")
        names.append(name)
        project = Project.of(Host(name, database=database_beside_this_one(name)), tmp_path / name)
        return project.prepare(), address_of(name)

    yield make
    for name in names:
        execute(f"DROP DATABASE {name} WITH (FORCE)")


def address_of(database: str) -> str:
    given = connection.get_connection_params()
    parts = {name: given[name] for name in ("user", "password", "host", "port") if given.get(name)}
    return make_conninfo(dbname=database, **parts)


def execute(statement: str) -> None:
    with psycopg.connect(address_of("postgres"), autocommit=True) as server:
        server.execute(statement.encode())


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    if not (TOOLS / tool).exists():
        pytest.skip(f"{tool} of the server's version is not there")
    return subprocess.run([TOOLS / tool, *arguments], capture_output=True, text=True, check=False)


def dump(source: str, path: Path, *, left_out: tuple[str, ...]) -> None:
    excluded = [f"--exclude-table={table}" for table in left_out]
    done = run("pg_dump", "--data-only", *excluded, f"--file={path}", source)
    assert done.returncode == 0, done.stderr


def with_a_fork(project: Project) -> None:
    """A fork that was stored before its upstream: the row refers to one that comes later."""
    code = (
        "from org_analytics.models import Repo; from django.contrib.auth.models import User; "
        "fork, upstream = Repo.objects.get(path='acme/web'), Repo.objects.get(path='acme/api'); "
        "Repo.objects.pin(*sorted((fork, upstream), key=lambda repo: repo.pk))"
    )
    project.must("manage.py", "shell", "-v0", "-c", code)


def test_h15_the_documented_way_restores_a_dump_of_the_data(
    new_site: Callable[[], tuple[Project, str]], tmp_path: Path
) -> None:
    (source, source_address), (target, target_address) = new_site(), new_site()
    source.must("ask.py")
    with_a_fork(source)
    numbers = "from org_analytics.rollup.tables import DailyUsage as d; print(sorted(d.objects.values_list()))"
    before = source.must("manage.py", "shell", "-v0", "-c", numbers)
    dump(source_address, tmp_path / "data.sql", left_out=LEFT_OUT)

    restored = run(
        "psql", "--single-transaction", "-v", "ON_ERROR_STOP=1", "-f", f"{tmp_path}/data.sql", target_address
    )

    assert restored.returncode == 0, restored.stderr
    target.must("manage.py", "rebuild_daily_usage")
    target.must("manage.py", "rebuild_daily_usage", "--check")
    target.must(*CHECK)
    assert target.must("manage.py", "shell", "-v0", "-c", numbers) == before


def test_h15_a_restore_that_failed_half_way_is_noticed(
    new_site: Callable[[], tuple[Project, str]], tmp_path: Path
) -> None:
    """The roll-up of the dump is there, the sessions are not."""
    (source, source_address), (target, target_address) = new_site(), new_site()
    source.must("ask.py")
    dump(source_address, tmp_path / "data.sql", left_out=(*LEFT_OUT[1:], "org_analytics_codingsession"))
    run("psql", "-f", f"{tmp_path}/data.sql", target_address)

    output = target.run(*CHECK).stdout

    assert re.findall(r"org_analytics\.[EW]\d{3}", output) == ["org_analytics.W005"]
    target.must("manage.py", "rebuild_daily_usage")
    target.must(*CHECK)
