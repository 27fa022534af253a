"""One push at a time for each destination. SQLite's file locks: on every platform, and gone with the process."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from org_analytics.push.errors import BusyError
from org_analytics.push.places import private_file

PATIENCE = 600.0  # seconds that a push waits for the one before it


@contextlib.contextmanager
def held(path: Path, patience: float) -> Iterator[bool]:
    """Hold the lock of this file (True); BusyError if another process still holds it after so many seconds."""
    connection = sqlite3.connect(private_file(path), timeout=patience, isolation_level=None)
    with contextlib.closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise BusyError("Another push has not finished.") from None
        yield True


@contextlib.contextmanager
def held_in_turn(path: Path, patience: float) -> Iterator[bool]:
    """The same for pushes that come by the dozen: one runs, one waits and does the work of the others (False)."""
    with contextlib.ExitStack() as waiting:
        try:
            waiting.enter_context(held(path.with_suffix(".next"), patience=0))
        except BusyError:
            yield False
            return
        with held(path, patience):
            waiting.close()
            yield True
