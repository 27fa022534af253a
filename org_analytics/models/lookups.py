"""Lookups of hundreds of values: sent as one parameter, and each found through the index.

Many parameters cost more time than the query. And `user IN (…) AND external_id IN (…)` would read all sessions of these
users, so that writing would become slower with each session that is stored.
"""

import json
from collections.abc import Collection
from typing import Any

from django.db import connections
from django.db.models import Model
from django.db.models.expressions import RawSQL

# A query of the integers in a JSON array.
INTEGERS = {
    "sqlite": "SELECT value FROM json_each(%s)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(%s)",
}
# The primary keys of the sessions in a JSON array of [user, provider, external id]. CROSS JOIN makes SQLite begin with
# the array; PostgreSQL does so by itself.
_SESSIONS = {
    "sqlite": """
        SELECT session.id FROM json_each(%s) CROSS JOIN {table} session ON user_id = json_extract(value, '$[0]')
        AND provider = json_extract(value, '$[1]') AND external_id = json_extract(value, '$[2]')
    """,
    "postgresql": """
        SELECT session.id FROM json_array_elements(%s) JOIN {table} session ON user_id = (value ->> 0)::{user_type}
        AND provider = value ->> 1 AND external_id = value ->> 2
    """,
}


def one_of(integers: Collection[int], using: str) -> RawSQL:
    """The right-hand side of `pk__in` for these integers."""
    return RawSQL(INTEGERS[connections[using].vendor], [json.dumps(list(integers))])  # noqa: S611


def with_keys(model: type[Model], keys: Collection[tuple[Any, str, str]], using: str) -> RawSQL:
    """The right-hand side of `pk__in` for the sessions with these keys: user id, provider, external id."""
    connection = connections[using]
    user: Any = model._meta.get_field("user")
    values = [(user.target_field.get_db_prep_value(pk, connection), *rest) for pk, *rest in keys]
    query = _SESSIONS[connection.vendor].format(table=model._meta.db_table, user_type=user.db_type(connection))
    return RawSQL(query, [json.dumps(values, default=str)])  # noqa: S611
