"""Transactions that are retried after a lock or a race with another writer."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

RETRIES = 3
# Retries after another writer created the same row. Each means that the other writer succeeded, so they end; the
# limit is for a caller's transaction that cannot see the other's rows.
RACES = 30
_POSTGRES_UNIQUE = "23505"

Result = TypeVar("Result")


def retried(write: Callable[[], Result], using: str) -> Result:
    """Run `write()` in a transaction. Retry after a deadlock, a lock, or when another writer created its rows first."""
    failures = races = 0
    while True:
        try:
            with transaction.atomic(using=using):
                return write()
        except (OperationalError, IntegrityError) as error:
            if getattr(error.__cause__, "sqlstate", None) == _POSTGRES_UNIQUE and races < RACES:
                races += 1
                continue
            failures += 1
            if failures > RETRIES:
                raise
            # Not a secret: writers that wait must only not all come back at once.
            time.sleep(random.uniform(0.01, 0.05) * failures)  # noqa: S311
