"""A Confabulous database on the test server; with SQLite, a server is started for it."""

import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from tests.confabulous.source import Source, new_source
from tests.postgres import postgres_url


@pytest.fixture(scope="session")
def source_server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        yield url
    else:
        with postgres_url() as started:
            yield started


@pytest.fixture(scope="session")
def source_database(source_server: str) -> Iterator[Source]:
    with new_source(source_server) as source:
        yield source


@pytest.fixture
def source(source_database: Source, monkeypatch: pytest.MonkeyPatch) -> Source:
    """An empty Confabulous database, which the environment names."""
    source_database.reset()
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", source_database.url)
    return source_database


@pytest.fixture
def run(db: None, source: Source) -> Callable[..., str]:
    """`run(dry_run=True)`: the command's output."""

    def call(*arguments: str, **options: Any) -> str:
        out, errors = io.StringIO(), io.StringIO()
        call_command("import_confabulous", *arguments, stdout=out, stderr=errors, **options)
        return out.getvalue() + errors.getvalue()

    return call
