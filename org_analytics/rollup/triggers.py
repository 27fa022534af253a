"""The SQL that keeps the daily roll-up: what is summed of a session, and the triggers, per database. Pure: no Django.

Whoever writes sessions, also without Django, fires the triggers. Two things do not: SQLite's `INSERT OR REPLACE` (what
it replaces fires no trigger unless `PRAGMA recursive_triggers` is on), and on PostgreSQL who switches triggers off
(`session_replication_role`). `rebuild_daily_usage` makes up for both.

PostgreSQL: once a statement, over its transition tables, in the order of the key: parallel bulk writers wait for each
other where row-level triggers deadlock. SQLite: once a row; it has one writer.
"""

from collections.abc import Iterable, Iterator

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


# Column of the roll-up → what one session adds to it.
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
# Read by the triggers: an update of other columns changes nothing here.
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


def measure(name: str, row: str) -> str:
    """What the session `row` (a table, an alias, NEW or OLD) adds to a column."""
    return SUMMED_COLUMNS[name].format(row=row)


def create(vendor: str) -> list[str]:
    """The statements that make the triggers."""
    made = _create_functions() if vendor == "postgresql" else ()
    return [*made, *triggers(vendor).values()]


def drop(vendor: str) -> list[str]:
    """The statements that remove the triggers, as far as they are there."""
    if vendor == "postgresql":
        return [f"DROP FUNCTION IF EXISTS {TRIGGER}_{event}() CASCADE" for event in (*EVENTS, "truncate")]
    return [f"DROP TRIGGER IF EXISTS {TRIGGER}_{event}" for event in EVENTS]


def triggers(vendor: str) -> dict[str, str]:
    """Each trigger's name and the statement that makes it."""
    events = _POSTGRES_EVENTS if vendor == "postgresql" else _SQLITE_EVENTS
    return {f"{TRIGGER}_{event}": text for event, text in events.items()}


def functions() -> dict[str, str]:
    """PostgreSQL: each function's name and body."""
    added, removed = _changes("added", ""), _changes("removed", "-")
    both = f"{added}\nUNION ALL\n{removed}"
    bodies = {
        "insert": f"BEGIN\n{_applied(added)};\nRETURN NULL;\nEND",
        "update": _removing(both),
        "delete": _removing(removed),
        "truncate": f"BEGIN\nDELETE FROM {USAGE};\nRETURN NULL;\nEND",
    }
    return {f"{TRIGGER}_{event}": body for event, body in bodies.items()}


def all_usage() -> str:
    """A SELECT of the whole roll-up, freshly summed from the sessions; its columns are COLUMNS."""
    changes = _changes(SESSIONS, "")
    return f"SELECT {_listed(KEY)}, {_summed()} FROM ({changes}) changes GROUP BY {_listed(KEY)}"


# PostgreSQL -----------------------------------------------------------------------------------------------------------


def _create_functions() -> Iterator[str]:
    for name, body in functions().items():
        # The schema of now, also for writers with another search path.
        options = "LANGUAGE plpgsql SET search_path FROM CURRENT"
        yield f"CREATE FUNCTION {name}() RETURNS trigger {options} AS $body${body}$body$"


def _changes(rows: str, sign: str) -> str:
    measures = ", ".join(f"{sign}({measure(name, 'session')}) AS {name}" for name in SUMMED_COLUMNS)
    return (
        f"SELECT {_day('session')} AS day, session.user_id, session.provider, coalesce(session.repo_id, 0) AS repo_id, "
        f"{measures} FROM {rows} session"
    )


def _applied(changes: str) -> str:
    changed = " OR ".join(f"sum({name}) <> 0" for name in SUMMED_COLUMNS)
    added = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMMED_COLUMNS)
    return (
        f"INSERT INTO {USAGE} AS kept ({_listed(COLUMNS)})\n"
        f"SELECT {_listed(KEY)}, {_summed()} FROM (\n{changes}\n) changes\n"
        f"GROUP BY {_listed(KEY)} HAVING {changed} ORDER BY {_listed(KEY)}\n"
        f"ON CONFLICT ({_listed(KEY)}) DO UPDATE SET {added}"
    )


def _removing(changes: str) -> str:
    """One pass in the key's order, then away with what came down to nothing, each by its key.

    A negative row cannot stay: what is inserted here without a session behind it goes at once.
    """
    key = " AND ".join(f"{name} = emptied.{name}" for name in KEY)
    return (
        f"DECLARE emptied record;\nBEGIN\nFOR emptied IN\n{_applied(changes)}\n"
        f"RETURNING {_listed(f'kept.{name}' for name in KEY)}, kept.session_count + kept.pending_count AS remaining\n"
        f"LOOP\nIF emptied.remaining <= 0 THEN\nDELETE FROM {USAGE} WHERE {key};\nEND IF;\nEND LOOP;\n"
        "RETURN NULL;\nEND"
    )


def _statement_trigger(event: str, transition: str) -> str:
    return (
        f"CREATE TRIGGER {TRIGGER}_{event} AFTER {event.upper()} ON {SESSIONS} {transition}"
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TRIGGER}_{event}()"
    )


# SQLite ---------------------------------------------------------------------------------------------------------------


def _row_trigger(event: str, condition: str, *statements: str) -> str:
    body = "".join(f"{statement}; " for statement in statements)
    return f"CREATE TRIGGER {TRIGGER}_{event} AFTER {event.upper()} ON {SESSIONS} {condition}BEGIN {body}END"


def _increment() -> str:
    values = [_day("NEW"), "NEW.user_id", "NEW.provider", "coalesce(NEW.repo_id, 0)"]
    values += [measure(name, "NEW") for name in SUMMED_COLUMNS]
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMMED_COLUMNS)
    return (
        f"INSERT INTO {USAGE} ({_listed(COLUMNS)}) VALUES ({_listed(values)}) "
        f"ON CONFLICT ({_listed(KEY)}) DO UPDATE SET {added}"
    )


def _decrement() -> str:
    less = ", ".join(f"{name} = {name} - ({measure(name, 'OLD')})" for name in SUMMED_COLUMNS)
    return f"UPDATE {USAGE} SET {less} WHERE {_old_key()}"


def _delete_at_zero() -> str:
    return f"DELETE FROM {USAGE} WHERE {_old_key()} AND session_count + pending_count <= 0"


def _old_key() -> str:
    values = (_day("OLD"), "OLD.user_id", "OLD.provider", "coalesce(OLD.repo_id, 0)")
    return " AND ".join(f"{name} = {value}" for name, value in zip(KEY, values, strict=True))


# Both -----------------------------------------------------------------------------------------------------------------


def _day(row: str) -> str:
    """The day on which a session started: the last that began by then."""
    return f"(SELECT day FROM {DAYS} WHERE starts_at <= {row}.started_at ORDER BY starts_at DESC LIMIT 1)"


def _summed() -> str:
    return ", ".join(f"sum({name}) AS {name}" for name in SUMMED_COLUMNS)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


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
        f"WHEN {' OR '.join(f'OLD.{name} IS NOT NEW.{name}' for name in _SOURCES)} ",
        _decrement(),
        _increment(),
        _delete_at_zero(),
    ),
    "delete": _row_trigger("delete", "", _decrement(), _delete_at_zero()),
}
