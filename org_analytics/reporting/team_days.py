"""Sum rows of users by team, in the database: people in two teams count in both."""

import json
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections

from .teams import Memberships

# A JSON array of [user, team] as a table. PostgreSQL would parse the JSON again for each row that it joins, were the
# table not materialized.
_MEMBERSHIP = {
    "sqlite": "AS (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%s))",
    "postgresql": """AS MATERIALIZED (
        SELECT (value ->> 0)::{user_type}, value ->> 1 FROM json_array_elements(%s)
    )""",
}
_BY_TEAM = """
    WITH usage (day, user_id, {columns}) AS ({rows}), membership (user_id, team) {membership}
    SELECT day, team, {sums} FROM usage LEFT JOIN membership ON membership.user_id = usage.user_id GROUP BY day, team
"""


def sum_by_team(rows: Any, width: int, teams: Memberships, using: str) -> list[tuple[Any, ...]]:
    """Day, team and sums, from a queryset of day, user and `width` numbers. The team is None for users without one."""
    connection = connections[using]
    try:
        # `get_compiler` is private; tried with Django 5.2, 6.0 and 6.1.
        sql, parameters = rows.query.get_compiler(using=using).as_sql()
    except EmptyResultSet:
        return []
    columns = [f"number{place}" for place in range(width)]
    user_type = get_user_model()._meta.pk.db_type(connection)
    statement = _BY_TEAM.format(
        rows=sql,
        membership=_MEMBERSHIP[connection.vendor].format(user_type=user_type),
        columns=", ".join(columns),
        sums=", ".join(f"sum({column})" for column in columns),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, _as_json(teams, connection)])
        return [(_date(day), team, *map(int, sums)) for day, team, *sums in cursor.fetchall()]


def _as_json(teams: Memberships, connection: Any) -> str:
    """A JSON array of the user's key, as the database keeps it, and the team."""
    key: Any = get_user_model()._meta.pk
    pairs = (
        (user_id if isinstance(user_id, int) else key.get_db_prep_value(user_id, connection), team)
        for user_id, names in teams.items()
        for team in names
    )
    return json.dumps(list(pairs), default=str)


def _date(day: date | str) -> date:
    """SQLite returns days as text."""
    return date.fromisoformat(day) if isinstance(day, str) else day
