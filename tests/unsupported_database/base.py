"""A database engine that calls itself MySQL: nothing to install, and no trigger is written for it."""

from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    vendor: Any = "mysql"
    display_name: Any = "MySQL"
