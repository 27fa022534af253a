"""Describe a database's schema as sorted lines, to compare two databases."""

from collections.abc import Iterator

from django.db import connections

_POSTGRESQL = """
    SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attidentity::text
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relname LIKE 'org\\_%%'
    UNION ALL
    SELECT 'constraint ' || conname || ' on ' || conrelid::regclass::text || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid::regclass::text LIKE 'org\\_%%' AND contype <> 'n'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE tablename LIKE 'org\\_%%'
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger
    WHERE tgrelid::regclass::text LIKE 'org\\_%%' AND NOT tgisinternal
    UNION ALL
    SELECT 'function ' || proname || ' ' || array_to_string(proconfig, ',') || ' ' || prosrc
    FROM pg_proc WHERE proname LIKE 'org\\_%%'
"""
_SQLITE = """
    SELECT type || ' ' || name || ' on ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_master
    WHERE tbl_name LIKE 'org\\_%%' ESCAPE '\\'
"""


def schema(alias: str) -> list[str]:
    """Tables, columns, constraints, indexes, triggers and functions of the app, names included."""
    return sorted(_lines(alias))


def _lines(alias: str) -> Iterator[str]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL if connection.vendor == "postgresql" else _SQLITE, [])
        for (line,) in cursor.fetchall():
            yield " ".join(line.split())
