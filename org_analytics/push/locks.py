"""Allow one push at a time for each server. The operating system releases a lock when its process ends."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import BusyError
from .files import PRIVATE_FILE

PATIENCE = 600.0  # seconds that a push waits for the one before it


@contextlib.contextmanager
def held(path: Path, patience: float) -> Iterator[bool]:
    """Hold the lock of this file and yield True; BusyError if another process holds it for longer than `patience`."""
    lock = FileLock(path, timeout=patience, mode=PRIVATE_FILE)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError("Another push is still running. Try again when it has finished.") from None
    try:
        yield True
    finally:
        lock.release()


@contextlib.contextmanager
def held_or_queued(path: Path, patience: float) -> Iterator[bool]:
    """Hold the lock like `held`, but yield False at once if another push already waits for it.

    Hooks start pushes by the dozen: one runs, one waits, and the one that waits also sends what the others would.
    """
    with contextlib.ExitStack() as waiting:
        try:
            waiting.enter_context(held(path.with_suffix(".next"), patience=0))
        except BusyError:
            yield False
            return
        with held(path, patience):
            waiting.close()
            yield True
