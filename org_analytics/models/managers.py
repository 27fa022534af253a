"""A base for the managers that write."""

from typing import Any

from django.db import models, router


class WriteDatabaseManager(models.Manager[Any]):
    """A manager that writes to the database that the routers name for writes."""

    @property
    def write_db(self) -> str:
        return self._db or router.db_for_write(self.model)
