"""What the roll-ups sum: their tables, keys and columns, and the SELECTs that sum them. Pure: no Django."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from textwrap import indent

SESSIONS = "org_analytics_codingsession"
MODEL_USAGE = "org_analytics_modelusage"
DAYS = "org_analytics_reportingday"
SUM = "org_analytics_sum"  # the aggregate of PostgreSQL that adds bigints
NANOS = 10**9
BILLION = 10**9

_ANALYZED = "{session}.analyzed_at IS NOT NULL"
_UNPRICED = "({session}.cost_usd IS NULL OR NOT {session}.cost_complete)"
# The day on which a session started: the last one that began by then.
_DAY = f"(SELECT day FROM {DAYS} WHERE starts_at <= {{session}}.started_at ORDER BY starts_at DESC LIMIT 1)"


def _count(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def _sum(value: str) -> str:
    return f"CASE WHEN {_ANALYZED} THEN coalesce({value}, 0) ELSE 0 END"


def _known(column: str) -> str:
    return _count(f"{_ANALYZED} AND {{session}}.{column} IS NOT NULL")


def _tokens(name: str) -> dict[str, str]:
    """A count of a model, in two parts: a thousand of the largest counts would not fit into one column."""
    return {
        f"{name}_billions": f"coalesce({{usage}}.{name} / {BILLION}, 0)",
        f"{name}_rest": f"coalesce({{usage}}.{name} % {BILLION}, 0)",
        f"{name}_count": _count(f"{{usage}}.{name} IS NOT NULL"),
    }


@dataclass(frozen=True)
class Rollup:
    """A table of sums with one row per key.

    `key` and `sums`: column → SQL, in which {session} and {usage} stand for a session and for the usage of one of its
    models. `source`: the FROM clause of all summed rows, with the tables {sessions} and {usages}. `size`: SQL of how
    many rows a row of the roll-up has behind it. `label` follows the name of a column or row in messages.
    """

    table: str
    key: Mapping[str, str]
    sums: Mapping[str, str]
    source: str
    size: str
    label: str

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, those of the key first."""
        return (*self.key, *self.sums)

    @property
    def sums_of_sessions(self) -> tuple[str, ...]:
        """The summed columns that a session's own columns decide, whatever its model usage."""
        return tuple(name for name, sql in self.sums.items() if "{usage}" not in sql)

    def summand(self, name: str, session: str, usage: str = "") -> str:
        """SQL of what one row (tables, aliases, NEW or OLD) adds to a summed column."""
        return self.sums[name].format(session=session, usage=usage)

    def key_values(self, session: str, usage: str = "") -> list[str]:
        """SQL of the key of one row."""
        return [value.format(session=session, usage=usage) for value in self.key.values()]

    def key_columns(self) -> list[str]:
        """The key as columns of a SELECT of `session`, joined with its `usage`."""
        values = zip(self.key, self.key_values("session", "usage"), strict=True)
        return [value if value.endswith(f".{name}") else f"{value} AS {name}" for name, value in values]

    def changes(self, sessions: str = SESSIONS, usages: str = MODEL_USAGE, sign: str = "") -> str:
        """A SELECT of what the rows of these tables add (with the sign "-": take away), one row for each."""
        sums = [f"{sign}({self.summand(name, 'session', 'usage')}) AS {name}" for name in self.sums]
        source = self.source.format(sessions=sessions, usages=usages)
        return f"SELECT\n{block([*self.key_columns(), *sums])}\nFROM {source}"

    def grouped(self, changes: str) -> str:
        """A SELECT of changes, summed by key."""
        columns = [*self.key, *(f"sum({name}) AS {name}" for name in self.sums)]
        return f"SELECT\n{block(columns)}\nFROM (\n{indented(changes)}\n) changes\nGROUP BY {one_line(self.key)}"

    def select_all(self) -> str:
        """A SELECT of the whole roll-up, summed from the sessions."""
        return self.grouped(self.changes())

    def fill_statement(self) -> str:
        """The statement that fills the empty roll-up from the sessions."""
        return f"INSERT INTO {self.table} ({one_line(self.columns)})\n{self.select_all()}"


def one_line(names: Iterable[str]) -> str:
    """The names in one line, separated by commas."""
    return ", ".join(names)


def block(items: Iterable[str]) -> str:
    """The items separated by commas, each on a line of its own."""
    return indented(",\n".join(items))


def indented(text: str) -> str:
    """The text, one level deeper."""
    return indent(text, "    ")


_SESSION_KEY = {
    "day": _DAY,
    "user_id": "{session}.user_id",
    "provider": "{session}.provider",
    "repo_id": "coalesce({session}.repo_id, 0)",
}
_TIMES = {
    "duration_ms": _sum("{session}.duration_ms"),
    "duration_count": _known("duration_ms"),
    "assistant_ms": _sum("{session}.assistant_ms"),
    "assistant_count": _known("assistant_ms"),
    "user_ms": _sum("{session}.user_ms"),
    "user_count": _known("user_ms"),
}
# The sessions of a day, of a user with a provider in a repository.
DAILY_USAGE = Rollup(
    table="org_analytics_dailyusage",
    key=_SESSION_KEY,
    sums={
        "session_count": _count(_ANALYZED),
        "pending_count": _count("{session}.analyzed_at IS NULL"),
        "unpriced_count": _count(f"{_ANALYZED} AND {_UNPRICED}"),
        "cost_dollars": _sum(f"{{session}}.cost_usd / {NANOS}"),
        "cost_nanos": _sum(f"{{session}}.cost_usd % {NANOS}"),
        "cost_count": _known("cost_usd"),
        **_TIMES,
    },
    source="{sessions} session",
    size="session_count + pending_count",
    label="",
)
# The same by model. A session counts in each of its models; costs and counts are the model's own. Pending sessions are
# not in it.
DAILY_MODEL_USAGE = Rollup(
    table="org_analytics_dailymodelusage",
    key={**_SESSION_KEY, "model": "{usage}.model"},
    sums={
        "session_count": "1",
        "unpriced_count": _count("{usage}.cost_usd IS NULL"),
        "cost_dollars": f"coalesce({{usage}}.cost_usd / {NANOS}, 0)",
        "cost_nanos": f"coalesce({{usage}}.cost_usd % {NANOS}, 0)",
        "cost_count": _count("{usage}.cost_usd IS NOT NULL"),
        **_TIMES,
        **_tokens("requests"),
        **_tokens("input_tokens"),
        **_tokens("output_tokens"),
        **_tokens("cache_write_tokens"),
        **_tokens("cache_read_tokens"),
    },
    source=(
        "{sessions} session\nJOIN {usages} usage ON usage.session_id = session.id\n"
        "WHERE session.analyzed_at IS NOT NULL"
    ),
    size="session_count",
    label=" by model",
)
# The day as a number, such as 20260131.
_DAY_NUMBER = {
    "postgresql": f"to_char({_DAY}, 'YYYYMMDD')::integer",
    "sqlite": f"CAST(strftime('%Y%m%d', {_DAY}) AS integer)",
}


def ten_day_usage(vendor: str) -> Rollup:
    """The sessions of ten days, of a user with a provider, whatever the repository: fewer rows for long ranges.

    The ten days of a month are 1 to 10, 11 to 20, 21 to 30, and the 31st alone. Their number is `ten_days_of(day)`.
    """
    return Rollup(
        table="org_analytics_tendayusage",
        key={
            "ten_days": f"({_DAY_NUMBER[vendor]} - 1) / 10",
            "user_id": "{session}.user_id",
            "provider": "{session}.provider",
        },
        sums=DAILY_USAGE.sums,
        source=DAILY_USAGE.source,
        size=DAILY_USAGE.size,
        label=" of ten days",
    )


def ten_days_of(day: date) -> int:
    """The number of the ten days that a day belongs to: 2026013 for 31 January 2026."""
    return (int(f"{day:%Y%m%d}") - 1) // 10


def rollups(vendor: str) -> tuple[Rollup, ...]:
    """All roll-ups of a database."""
    return DAILY_USAGE, DAILY_MODEL_USAGE, ten_day_usage(vendor)


SUMMED_COLUMNS = tuple(DAILY_USAGE.sums)
