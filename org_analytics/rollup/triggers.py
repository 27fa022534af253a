"""The SQL of the daily roll-up: what a session adds to it, and the triggers that keep it. Pure: no Django.

Every write to the sessions fires the triggers, also one without Django. Two do not: SQLite's `INSERT OR REPLACE` (the
replaced row fires no trigger unless `PRAGMA recursive_triggers` is on), and writes on PostgreSQL while triggers are
switched off (`session_replication_role`). Run `rebuild_daily_usage` after such writes.

PostgreSQL: triggers fire once per statement and read its transition tables in the order of the key, so that parallel
bulk writers wait for each other; row-level triggers would deadlock. SQLite has one writer: its triggers fire once per
row.

The SQL that this module generates is kept as text in `migrations/sql/`, per version and database. A test compares them:
a change here needs a new version and a migration that installs it.
"""

from collections.abc import Iterable
from textwrap import indent

SESSIONS = "org_analytics_codingsession"
USAGE = "org_analytics_dailyusage"
DAYS = "org_analytics_reportingday"
TRIGGER = "org_analytics_daily_usage"
EVENTS = ("insert", "update", "delete")
NANOS = 10**9

KEY = ("day", "user_id", "provider", "repo_id")
_ANALYZED = "{row}.analyzed_at IS NOT NULL"
_UNPRICED = "({row}.cost_usd IS NULL OR NOT {row}.cost_complete)"


def _count(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def _sum(value: str) -> str:
    return f"CASE WHEN {_ANALYZED} THEN coalesce({value}, 0) ELSE 0 END"


def _known(column: str) -> str:
    return _count(f"{_ANALYZED} AND {{row}}.{column} IS NOT NULL")


# Column of the roll-up → SQL of what one session adds to it.
SUMMED_COLUMNS = {
    "session_count": _count(_ANALYZED),
    "pending_count": _count("{row}.analyzed_at IS NULL"),
    "unpriced_count": _count(f"{_ANALYZED} AND {_UNPRICED}"),
    "cost_dollars": _sum(f"{{row}}.cost_usd / {NANOS}"),
    "cost_nanos": _sum(f"{{row}}.cost_usd % {NANOS}"),
    "cost_count": _known("cost_usd"),
    "duration_ms": _sum("{row}.duration_ms"),
    "duration_count": _known("duration_ms"),
    "assistant_ms": _sum("{row}.assistant_ms"),
    "assistant_count": _known("assistant_ms"),
    "user_ms": _sum("{row}.user_ms"),
    "user_count": _known("user_ms"),
}
COLUMNS = (*KEY, *SUMMED_COLUMNS)
# The triggers read these columns: an update of any other changes nothing here.
_SOURCES = (
    "started_at",
    "user_id",
    "provider",
    "repo_id",
    "cost_usd",
    "cost_complete",
    "duration_ms",
    "assistant_ms",
    "user_ms",
    "analyzed_at",
)


def summand(name: str, row: str) -> str:
    """SQL of what the session `row` (a table, an alias, NEW or OLD) adds to a summed column."""
    return SUMMED_COLUMNS[name].format(row=row)


def create_statements(vendor: str) -> list[str]:
    """The statements that create the triggers."""
    functions = _create_functions() if vendor == "postgresql" else []
    return [*functions, *triggers(vendor).values()]


def drop_statements(vendor: str) -> list[str]:
    """The statements that drop the triggers that exist."""
    if vendor == "postgresql":
        return [f"DROP FUNCTION IF EXISTS {TRIGGER}_{event}() CASCADE" for event in (*EVENTS, "truncate")]
    return [f"DROP TRIGGER IF EXISTS {TRIGGER}_{event}" for event in EVENTS]


def triggers(vendor: str) -> dict[str, str]:
    """The name of each trigger and the statement that creates it."""
    events = _POSTGRES_EVENTS if vendor == "postgresql" else _SQLITE_EVENTS
    return {f"{TRIGGER}_{event}": text for event, text in events.items()}


def functions() -> dict[str, str]:
    """The name and the body of each PostgreSQL function."""
    added, removed = _changes("added", ""), _changes("removed", "-")
    bodies = {
        "insert": f"\nBEGIN\n{_apply(added)};\nRETURN NULL;\nEND\n",
        "update": _apply_and_delete_empty(f"{added}\nUNION ALL\n{removed}"),
        "delete": _apply_and_delete_empty(removed),
        "truncate": f"\nBEGIN\nDELETE FROM {USAGE};\nRETURN NULL;\nEND\n",
    }
    return {f"{TRIGGER}_{event}": body for event, body in bodies.items()}


def calendar_statement() -> str:
    """The statement that fills the empty calendar, without its rows."""
    return f"INSERT INTO {DAYS} (starts_at, day, zone) VALUES"


def sum_statement() -> str:
    """The statement that fills the empty roll-up from the sessions."""
    return f"INSERT INTO {USAGE} ({_one_line(COLUMNS)})\n{select_all_usage()}"


def select_all_usage() -> str:
    """A SELECT of the whole roll-up, summed from the sessions. Its columns are COLUMNS."""
    return _grouped(_changes(SESSIONS, ""))


# PostgreSQL -----------------------------------------------------------------------------------------------------------


def _create_functions() -> list[str]:
    # The schema of the migration, so that writers with another search path find the tables too.
    options = "LANGUAGE plpgsql SET search_path FROM CURRENT"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger {options} AS $body${body}$body$"
        for name, body in functions().items()
    ]


def _changes(rows: str, sign: str) -> str:
    """What the sessions of a table add (or with the sign "-" take away), one row per session."""
    columns = [
        f"{_day('session')} AS day",
        "session.user_id",
        "session.provider",
        "coalesce(session.repo_id, 0) AS repo_id",
        *(f"{sign}({summand(name, 'session')}) AS {name}" for name in SUMMED_COLUMNS),
    ]
    return f"SELECT\n{_block(columns)}\nFROM {rows} session"


def _grouped(changes: str) -> str:
    columns = [*KEY, *(f"sum({name}) AS {name}" for name in SUMMED_COLUMNS)]
    return f"SELECT\n{_block(columns)}\nFROM (\n{_indented(changes)}\n) changes\nGROUP BY {_one_line(KEY)}"


def _apply(changes: str) -> str:
    """Add the changes to the roll-up, in the order of the key."""
    changed = _indented("\nOR ".join(f"sum({name}) <> 0" for name in SUMMED_COLUMNS))
    added = [f"{name} = kept.{name} + excluded.{name}" for name in SUMMED_COLUMNS]
    return (
        f"INSERT INTO {USAGE} AS kept ({_one_line(COLUMNS)})\n"
        f"{_grouped(changes)}\n"
        f"HAVING\n{changed}\n"
        f"ORDER BY {_one_line(KEY)}\n"
        f"ON CONFLICT ({_one_line(KEY)}) DO UPDATE SET\n{_block(added)}"
    )


def _apply_and_delete_empty(changes: str) -> str:
    """Add the changes in one pass in the order of the key, then delete each row that has no session left.

    A row with negative sums cannot stay: one that is inserted here without a session behind it is deleted at once.
    """
    key = " AND ".join(f"{name} = emptied.{name}" for name in KEY)
    return (
        "\nDECLARE emptied record;\n"
        "BEGIN\n"
        f"FOR emptied IN\n{_indented(_apply(changes))}\n"
        f"    RETURNING {_one_line(f'kept.{name}' for name in KEY)}, "
        "kept.session_count + kept.pending_count AS remaining\n"
        "LOOP\n"
        "    IF emptied.remaining <= 0 THEN\n"
        f"        DELETE FROM {USAGE} WHERE {key};\n"
        "    END IF;\n"
        "END LOOP;\n"
        "RETURN NULL;\n"
        "END\n"
    )


def _statement_trigger(event: str, transition: str) -> str:
    return (
        f"CREATE TRIGGER {TRIGGER}_{event} AFTER {event.upper()} ON {SESSIONS} {transition}"
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TRIGGER}_{event}()"
    )


# SQLite ---------------------------------------------------------------------------------------------------------------


def _row_trigger(event: str, condition: str, *statements: str) -> str:
    body = "".join(f"{_indented(statement)};\n" for statement in statements)
    return f"CREATE TRIGGER {TRIGGER}_{event} AFTER {event.upper()} ON {SESSIONS}\n{condition}BEGIN\n{body}END"


def _increment() -> str:
    values = [_day("NEW"), "NEW.user_id", "NEW.provider", "coalesce(NEW.repo_id, 0)"]
    values += [summand(name, "NEW") for name in SUMMED_COLUMNS]
    added = [f"{name} = {name} + excluded.{name}" for name in SUMMED_COLUMNS]
    return (
        f"INSERT INTO {USAGE} ({_one_line(COLUMNS)})\n"
        f"VALUES (\n{_block(values)}\n)\n"
        f"ON CONFLICT ({_one_line(KEY)}) DO UPDATE SET\n{_block(added)}"
    )


def _decrement() -> str:
    less = [f"{name} = {name} - ({summand(name, 'OLD')})" for name in SUMMED_COLUMNS]
    return f"UPDATE {USAGE} SET\n{_block(less)}\nWHERE {_old_key()}"


def _delete_empty() -> str:
    return f"DELETE FROM {USAGE} WHERE {_old_key()} AND session_count + pending_count <= 0"


def _old_key() -> str:
    values = (_day("OLD"), "OLD.user_id", "OLD.provider", "coalesce(OLD.repo_id, 0)")
    return "\nAND ".join(f"{name} = {value}" for name, value in zip(KEY, values, strict=True))


# Both -----------------------------------------------------------------------------------------------------------------


def _day(row: str) -> str:
    """The day on which a session started: the last one that began by then."""
    return f"(SELECT day FROM {DAYS} WHERE starts_at <= {row}.started_at ORDER BY starts_at DESC LIMIT 1)"


def _one_line(names: Iterable[str]) -> str:
    return ", ".join(names)


def _block(items: Iterable[str]) -> str:
    """The items separated by commas, each on a line of its own."""
    return _indented(",\n".join(items))


def _indented(text: str) -> str:
    return indent(text, "    ")


_POSTGRES_EVENTS = {
    "insert": _statement_trigger("insert", "REFERENCING NEW TABLE AS added "),
    "update": _statement_trigger("update", "REFERENCING OLD TABLE AS removed NEW TABLE AS added "),
    "delete": _statement_trigger("delete", "REFERENCING OLD TABLE AS removed "),
    "truncate": _statement_trigger("truncate", ""),
}
_SQLITE_EVENTS = {
    "insert": _row_trigger("insert", "", _increment()),
    "update": _row_trigger(
        "update",
        "WHEN\n" + _indented("\nOR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _SOURCES)) + "\n",
        _decrement(),
        _increment(),
        _delete_empty(),
    ),
    "delete": _row_trigger("delete", "", _decrement(), _delete_empty()),
}
