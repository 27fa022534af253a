"""PostgreSQL's triggers of the roll-ups. Pure: no Django.

They fire once per statement and read its transition tables in the order of the key, so that parallel bulk writers wait
for each other; row-level triggers would deadlock.

A row of model usage counts with its session. Two transactions that write the two at the same time would not see each
other's rows, so the triggers of the model usage lock the sessions first, in the order of their ids: who changes the
session waits, and then sees the model usage.
"""

from .sums import (
    DAILY_MODEL_USAGE,
    DAILY_USAGE,
    MODEL_USAGE,
    SESSIONS,
    SUM,
    Rollup,
    block,
    indented,
    one_line,
    ten_day_usage,
)

# Event → the transition tables.
_TRANSITIONS = {
    "insert": "REFERENCING NEW TABLE AS added ",
    "update": "REFERENCING OLD TABLE AS removed NEW TABLE AS added ",
    "delete": "REFERENCING OLD TABLE AS removed ",
    "truncate": "",
}
# What one statement wrote to both tables (`WITH … INSERT`) is counted by the trigger of the model usage. Both triggers
# fire after the statement, so that the trigger of the sessions has to leave it out.
_NOT_OF_THIS_STATEMENT = f"""AND NOT EXISTS (
    SELECT FROM {SESSIONS} written
    WHERE written.id = session.id AND written.xmin = usage.xmin
    AND usage.cmin::text::bigint >= written.cmin::text::bigint
)"""
# Adds bigints as bigints, and refuses a sum beyond their range. The built-in sum() makes them numeric, which takes far
# longer.
_AGGREGATE = f"{SUM}(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE)"
# A connection keeps the plan of a function. Made while the tables are almost empty, it would read them from end to end.
_BY_INDEX = " SET enable_seqscan TO off SET enable_hashjoin TO off SET enable_mergejoin TO off"


def create_functions() -> list[str]:
    """The statements that create the functions of the triggers, and the aggregate that reports sum with."""
    # The schema of the migration, so that writers with another search path find the tables too.
    options = "LANGUAGE plpgsql SET search_path FROM CURRENT"
    return [
        f"CREATE AGGREGATE {_AGGREGATE}",
        *(
            f"CREATE FUNCTION {name}() RETURNS trigger {options}{'' if name in _of_sessions() else _BY_INDEX} "
            f"AS $body${body}$body$"
            for name, body in functions().items()
        ),
    ]


def drop_functions() -> list[str]:
    """The statements that drop the functions, with their triggers, and the aggregate."""
    return [
        f"DROP AGGREGATE IF EXISTS {SUM}(bigint)",
        *(f"DROP FUNCTION IF EXISTS {name}() CASCADE" for name in functions()),
    ]


def functions() -> dict[str, str]:
    """The name and the body of each function."""
    return {**_of_sessions(), **_daily_model_usage_of_sessions(), **_daily_model_usage_of_models()}


def triggers() -> dict[str, str]:
    """The name of each trigger and the statement that creates it. A trigger and its function have the same name."""
    tables = dict.fromkeys([*_of_sessions(), *_daily_model_usage_of_sessions()], SESSIONS)
    tables |= dict.fromkeys(_daily_model_usage_of_models(), MODEL_USAGE)
    return {name: _trigger(name, table) for name, table in tables.items()}


def _trigger(name: str, table: str) -> str:
    event = name.rpartition("_")[2]
    return (
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} {_TRANSITIONS[event]}"
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _of_sessions() -> dict[str, str]:
    """The functions of the roll-ups that sum sessions alone."""
    names = {"org_analytics_daily_usage": DAILY_USAGE, "org_analytics_ten_day_usage": ten_day_usage("postgresql")}
    return {name: body for prefix, rollup in names.items() for name, body in _of_sessions_in(rollup, prefix).items()}


def _of_sessions_in(rollup: Rollup, name: str) -> dict[str, str]:
    added, removed = rollup.changes("added"), rollup.changes("removed", sign="-")
    return {
        f"{name}_insert": _body(f"{_add(rollup, added)};"),
        f"{name}_update": _body(_add_and_delete_empty(rollup, f"{added}\nUNION ALL\n{removed}")),
        f"{name}_delete": _body(_add_and_delete_empty(rollup, removed)),
        f"{name}_truncate": _body(f"DELETE FROM {rollup.table};"),
    }


def _daily_model_usage_of_sessions() -> dict[str, str]:
    rollup, name = DAILY_MODEL_USAGE, "org_analytics_daily_model_usage_session"
    added = f"{rollup.changes(sessions='added')}\n{_NOT_OF_THIS_STATEMENT}"
    removed = f"{rollup.changes(sessions='removed', sign='-')}\n{_NOT_OF_THIS_STATEMENT}"
    return {
        # New sessions hardly ever have model usage. One look says that there is none: none has so high an id.
        f"{name}_insert": _body(
            f"IF EXISTS (SELECT FROM {MODEL_USAGE} WHERE session_id >= (SELECT min(id) FROM added)) THEN",
            f"{indented(_add(rollup, added))};",
            "END IF;",
        ),
        f"{name}_update": _body(_add_and_delete_empty(rollup, _changes_of_updated_sessions(rollup))),
        f"{name}_delete": _body(_add_and_delete_empty(rollup, removed)),
    }


def _changes_of_updated_sessions(rollup: Rollup) -> str:
    """A SELECT of what updated sessions add and take away.

    Summed by session before the model usage is read: that is less work, and if the sums of a session stay the same,
    its model usage is not read at all.
    """
    key = [f"session.{name}" for name in _session_key(rollup)]
    of_sessions = rollup.sums_of_sessions
    sums = [
        f"session.{name}"
        if name in of_sessions
        else f"session.session_count * ({rollup.summand(name, 'session', 'usage')}) AS {name}"
        for name in rollup.sums
    ]
    return (
        f"SELECT\n{block([*key, 'usage.model', *sums])}\nFROM (\n{indented(_updated_sessions(rollup))}\n) session\n"
        f"JOIN {MODEL_USAGE} usage ON usage.session_id = session.id\nWHERE true\n{_NOT_OF_THIS_STATEMENT}"
    )


def _updated_sessions(rollup: Rollup) -> str:
    """A SELECT of the sums that an updated session changes, by its id and key."""
    key, names = ["id", *_session_key(rollup)], rollup.sums_of_sessions
    sums = [f"sum({name})::bigint AS {name}" for name in names]  # bigint, as the sum would be slower as numeric
    changed = "\nOR ".join(f"sum({name}) <> 0" for name in names)
    states = f"{_states(rollup, 'added', '')}\nUNION ALL\n{_states(rollup, 'removed', '-')}"
    return (
        f"SELECT\n{block([*key, *sums])}\nFROM (\n{indented(states)}\n) states\n"
        f"GROUP BY {one_line(key)}\nHAVING\n{indented(changed)}"
    )


def _states(rollup: Rollup, table: str, sign: str) -> str:
    """A SELECT of what each session of the table adds to the sums that its own columns decide."""
    key = [column for column in rollup.key_columns() if column != "usage.model"]
    sums = [f"{sign}({rollup.summand(name, 'session')}) AS {name}" for name in rollup.sums_of_sessions]
    return f"SELECT\n{block(['session.id', *key, *sums])}\nFROM {table} session\nWHERE session.analyzed_at IS NOT NULL"


def _session_key(rollup: Rollup) -> list[str]:
    return [name for name in rollup.key if name != "model"]


def _daily_model_usage_of_models() -> dict[str, str]:
    rollup, name = DAILY_MODEL_USAGE, "org_analytics_daily_model_usage_model"
    added, removed = rollup.changes(usages="added"), rollup.changes(usages="removed", sign="-")
    return {
        f"{name}_insert": _body(_lock_sessions("added"), f"{_add(rollup, added)};"),
        f"{name}_update": _body(
            _lock_sessions("added", "removed"), _add_and_delete_empty(rollup, f"{added}\nUNION ALL\n{removed}")
        ),
        f"{name}_delete": _body(_lock_sessions("removed"), _add_and_delete_empty(rollup, removed)),
        f"{name}_truncate": _body(f"DELETE FROM {rollup.table};"),
    }


def _body(*statements: str) -> str:
    declared = "DECLARE emptied record;\n" if "emptied" in statements[-1] else ""
    return f"\n{declared}BEGIN\n" + "".join(f"{statement}\n" for statement in statements) + "RETURN NULL;\nEND\n"


def _lock_sessions(*tables: str) -> str:
    """Lock the sessions of the model usage, or leave the function if there are none. The next statement sees them."""
    ids = " UNION ".join(f"SELECT session_id FROM {table}" for table in tables)
    return (
        f"PERFORM FROM {SESSIONS} WHERE id IN ({ids}) ORDER BY id FOR NO KEY UPDATE;\n"
        "IF NOT FOUND THEN\n"
        "    RETURN NULL;\n"
        "END IF;"
    )


def _add(rollup: Rollup, changes: str) -> str:
    """Add the changes to the roll-up, in the order of the key."""
    changed = indented("\nOR ".join(f"sum({name}) <> 0" for name in rollup.sums))
    added = [f"{name} = kept.{name} + excluded.{name}" for name in rollup.sums]
    return (
        f"INSERT INTO {rollup.table} AS kept ({one_line(rollup.columns)})\n"
        f"{rollup.grouped(changes)}\n"
        f"HAVING\n{changed}\n"
        f"ORDER BY {one_line(rollup.key)}\n"
        f"ON CONFLICT ({one_line(rollup.key)}) DO UPDATE SET\n{block(added)}"
    )


def _add_and_delete_empty(rollup: Rollup, changes: str) -> str:
    """Add the changes in one pass in the order of the key, then delete each row that has nothing behind it any more.

    A row with negative sums cannot stay: one that is inserted here without a session behind it is deleted at once.
    """
    key = " AND ".join(f"{name} = emptied.{name}" for name in rollup.key)
    size = " + ".join(f"kept.{name}" for name in rollup.size.split(" + "))
    return (
        f"FOR emptied IN\n{indented(_add(rollup, changes))}\n"
        f"    RETURNING {one_line(f'kept.{name}' for name in rollup.key)}, {size} AS remaining\n"
        "LOOP\n"
        "    IF emptied.remaining <= 0 THEN\n"
        f"        DELETE FROM {rollup.table} WHERE {key};\n"
        "    END IF;\n"
        "END LOOP;"
    )
