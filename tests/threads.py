"""Work done by several threads at the same time, each on its own connection."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all tasks at one moment and return their results in order; a task's error is raised here."""
    start = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
