"""A pause of Python's garbage collector, for code that builds many objects which all stay alive."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Build objects without full collections, which read everything that the server has loaded and find nothing.

    Tens of thousands of new objects would start several. Where two threads pause it at once, the one that found it
    running starts it again.
    """
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()
