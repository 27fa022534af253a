"""SQLite's triggers of the roll-ups. Pure: no Django.

SQLite has one writer: its triggers fire once per row, and each sees all rows as they are at that moment.
"""

from collections.abc import Iterable

from .sums import (
    DAILY_MODEL_USAGE,
    DAILY_USAGE,
    MODEL_USAGE,
    SESSIONS,
    Rollup,
    block,
    indented,
    one_line,
    ten_day_usage,
)

# An update of any other column changes no sum.
_OF_SESSIONS = (
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
_OF_MODELS = (
    "session_id",
    "model",
    "cost_usd",
    "requests",
    "input_tokens",
    "output_tokens",
    "cache_write_tokens",
    "cache_read_tokens",
)


class _Source:
    """A table whose rows are summed in a roll-up, seen from its triggers.

    `rows`: the FROM clause of the sums of the triggers' row, which is {row}: NEW or OLD. `session` and `usage` are its
    names in it.
    """

    def __init__(
        self, name: str, rollup: Rollup, table: str, columns: Iterable[str], rows: str, session: str, usage: str = ""
    ) -> None:
        self.name, self.rollup, self.table = name, rollup, table
        self.columns, self.rows, self.session, self.usage = columns, rows, session, usage

    def triggers(self) -> dict[str, str]:
        changed = indented("\nOR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in self.columns))
        add, remove = self._add("NEW", ""), (self._add("OLD", "-"), self._delete_empty())
        return {
            f"{self.name}_insert": self._trigger("insert", "AFTER INSERT", add),
            f"{self.name}_update": self._trigger(
                "update", "AFTER UPDATE", add, *remove, condition=f"WHEN\n{changed}\n"
            ),
            # Before it: a foreign key with ON DELETE CASCADE deletes the model usage before AFTER triggers run.
            f"{self.name}_delete": self._trigger("delete", "BEFORE DELETE", *remove),
        }

    def _trigger(self, event: str, moment: str, *statements: str, condition: str = "") -> str:
        body = "".join(f"{indented(statement)};\n" for statement in statements)
        return f"CREATE TRIGGER {self.name}_{event} {moment} ON {self.table}\n{condition}BEGIN\n{body}END"

    def _add(self, row: str, sign: str) -> str:
        """Add what a row adds, or with the sign "-" takes away."""
        rollup, names = self.rollup, self._names(row)
        values = [*rollup.key_values(**names), *(f"{sign}({rollup.summand(name, **names)})" for name in rollup.sums)]
        added = [f"{name} = {name} + excluded.{name}" for name in rollup.sums]
        return (
            f"INSERT INTO {rollup.table} ({one_line(rollup.columns)})\n"
            f"SELECT\n{block(values)}\n{self.rows.format(row=row)}\n"
            f"ON CONFLICT ({one_line(rollup.key)}) DO UPDATE SET\n{block(added)}"
        )

    def _delete_empty(self) -> str:
        """Delete the rows that have nothing behind them any more."""
        keys = f"SELECT\n{block(self.rollup.key_values(**self._names('OLD')))}\n{self.rows.format(row='OLD')}"
        return (
            f"DELETE FROM {self.rollup.table} WHERE {self.rollup.size} <= 0\n"
            f"AND ({one_line(self.rollup.key)}) IN (\n{indented(keys)}\n)"
        )

    def _names(self, row: str) -> dict[str, str]:
        return {"session": self.session.format(row=row), "usage": self.usage.format(row=row)}


_ROW_ALONE = "WHERE true"  # also where SQLite wants one between SELECT and ON CONFLICT
_SOURCES = (
    _Source("org_analytics_daily_usage", DAILY_USAGE, SESSIONS, _OF_SESSIONS, _ROW_ALONE, "{row}"),
    _Source("org_analytics_ten_day_usage", ten_day_usage("sqlite"), SESSIONS, _OF_SESSIONS, _ROW_ALONE, "{row}"),
    _Source(
        "org_analytics_daily_model_usage_session",
        DAILY_MODEL_USAGE,
        SESSIONS,
        ("id", *_OF_SESSIONS),
        rows=f"FROM {MODEL_USAGE} usage WHERE usage.session_id = {{row}}.id AND {{row}}.analyzed_at IS NOT NULL",
        session="{row}",
        usage="usage",
    ),
    _Source(
        "org_analytics_daily_model_usage_model",
        DAILY_MODEL_USAGE,
        MODEL_USAGE,
        _OF_MODELS,
        rows=f"FROM {SESSIONS} session WHERE session.id = {{row}}.session_id AND session.analyzed_at IS NOT NULL",
        session="session",
        usage="{row}",
    ),
)


def triggers() -> dict[str, str]:
    """The name of each trigger and the statement that creates it."""
    return {name: text for source in _SOURCES for name, text in source.triggers().items()}
