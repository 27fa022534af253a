"""Lookups and updates of hundreds of values: sent as one parameter, and each found through the index.

Many parameters cost more time than the query. And `user IN (…) AND external_id IN (…)` would read all sessions of these
users, so that writing would become slower with each session that is stored.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connections
from django.db.models import BooleanField, Model
from django.db.models.expressions import RawSQL

# A query of the integers in a JSON array.
INTEGERS = {
    "sqlite": "SELECT value FROM json_each(%s)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(%s)",
}
# Whether a session has one of the keys in a JSON array of [user, provider, external id]. SQLite uses the whole index
# only for a join, and CROSS JOIN makes it begin with the array.
_HAS_KEY = {
    "sqlite": """
        {table}.id IN (
            SELECT session.id FROM json_each(%s) CROSS JOIN {table} session ON user_id = json_extract(value, '$[0]')
            AND provider = json_extract(value, '$[1]') AND external_id = json_extract(value, '$[2]')
        )
    """,
    "postgresql": """
        ({table}.user_id, {table}.provider, {table}.external_id) IN (
            SELECT (value ->> 0)::{user_type}, value ->> 1, value ->> 2 FROM json_array_elements(%s)
        )
    """,
}

# The elements of a JSON array as rows, and one integer of such a row, which is an array too.
_ELEMENTS = {"sqlite": "json_each(%s) changed", "postgresql": "json_array_elements(%s) changed"}
_ELEMENT = {"sqlite": "json_extract(changed.value, '$[{}]')", "postgresql": "(changed.value ->> {})::bigint"}


def one_of(integers: Collection[int], using: str) -> RawSQL:
    """The right-hand side of `pk__in` for these integers."""
    # The integers are a parameter, not part of the SQL.
    return RawSQL(INTEGERS[connections[using].vendor], [json.dumps(list(integers))])  # noqa: S611


def has_key(model: type[Model], keys: Collection[tuple[Any, str, str]], using: str) -> RawSQL:
    """The condition that a session has one of these keys: user id, provider, external id."""
    connection = connections[using]
    user: Any = model._meta.get_field("user")
    users = {pk: user.target_field.get_db_prep_value(pk, connection) for pk in {pk for pk, *_rest in keys}}
    values = [(users[pk], *rest) for pk, *rest in keys]
    condition = _HAS_KEY[connection.vendor].format(table=model._meta.db_table, user_type=user.db_type(connection))
    # The SQL has only names of tables and types; the keys are a parameter.
    return RawSQL(condition, [json.dumps(values, default=str)], output_field=BooleanField())  # noqa: S611


def update_integers(
    model: type[Model], columns: Sequence[str], rows: Sequence[tuple[int | None, ...]], using: str
) -> None:
    """Set these integer columns in many rows: each tuple is the primary key and the new values."""
    connection = connections[using]
    element = _ELEMENT[connection.vendor]
    table = model._meta.db_table
    values = ", ".join(f"{column} = {element.format(place)}" for place, column in enumerate(columns, start=1))
    update = f"UPDATE {table} SET {values} FROM {_ELEMENTS[connection.vendor]} WHERE {table}.id = {element.format(0)}"  # noqa: S608
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(update, [json.dumps(rows)])
