"""Open the Confabulous database: one read-only transaction that sees one state of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from .errors import SourceError

URL_VARIABLE = "CONFABULOUS_DATABASE_URL"
CONNECT_SECONDS = 10
Source = psycopg.Connection[tuple[Any, ...]]
# Django's own arguments, which plain connections do without.
_OF_DJANGO = ("context", "cursor_factory", "prepare_threshold")
# PostgreSQL's messages can repeat parts of the connection string, so only these sentences are shown.
_PROBLEMS = {
    "password authentication failed": "it refused the user or the password",
    "no password supplied": "it asks for a password",
    "no pg_hba.conf entry": "its pg_hba.conf does not let this user in from here",
    "does not exist": "it has no such database or user",
    "could not translate host name": "the host name is unknown",
    "failed to resolve host": "the host name is unknown",
    "Connection refused": "nothing listens at its host and port",
    "No such file or directory": "nothing listens at its socket",
    "timeout": f"it did not answer within {CONNECT_SECONDS} seconds",
    "too many": "it takes no more connections",
    "SSL": "the two sides do not agree on SSL",
}


@contextmanager
def open_source(alias: str | None) -> Iterator[Source]:
    """A connection to the database of this alias, else to the one that `CONFABULOUS_DATABASE_URL` names.

    Everything inside is one REPEATABLE READ READ ONLY transaction, which is rolled back at the end. Raises SourceError.
    """
    parameters = _of_alias(alias) if alias else _of_environment()
    try:
        connection = psycopg.connect(**{"connect_timeout": CONNECT_SECONDS, **parameters})
    except (psycopg.Error, UnicodeError) as error:
        raise SourceError(f"Cannot connect to the Confabulous database: {_connect_problem(error)}.") from None
    try:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.prepare_threshold = None  # a pooler may stand between
        yield connection
    except psycopg.Error as error:
        raise SourceError(f"Reading the Confabulous database failed: {_read_problem(error)}.") from None
    finally:
        connection.close()


def _of_alias(alias: str) -> dict[str, Any]:
    if alias not in connections:
        raise SourceError(f"--database: {alias!r} is not in DATABASES.")
    wrapper = connections[alias]
    if wrapper.vendor != "postgresql":
        raise SourceError(f"--database: {alias!r} is not a PostgreSQL database.")
    parameters = wrapper.get_connection_params()
    return {name: value for name, value in parameters.items() if name not in _OF_DJANGO}


def _of_environment() -> dict[str, Any]:
    url = os.environ.get(URL_VARIABLE)
    if not url:
        raise SourceError(
            f"Name the Confabulous database: --database ALIAS, or the environment variable {URL_VARIABLE}."
        )
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error:
        raise SourceError(
            f"{URL_VARIABLE} is not a PostgreSQL URL such as postgresql://USER:PASSWORD@HOST:5432/NAME "
            "(percent-encode what is not a letter or a digit in the password)."
        ) from None


def _connect_problem(error: Exception) -> str:
    text = str(error)
    found = [sentence for part, sentence in _PROBLEMS.items() if part in text]
    return found[0] if found else "check its host, port, name and user"


def _read_problem(error: psycopg.Error) -> str:
    """The kind of the error: a message of PostgreSQL may repeat what a row contains."""
    name, table = type(error).__name__, error.diag.table_name
    return f"{name} ({error.sqlstate or 'the connection was lost'})" + (f", table {table}" if table else "")
