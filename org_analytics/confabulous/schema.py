"""The tables of a Confabulous database: which version they have, and whether this role may read what is needed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .connection import Source
from .errors import SourceError

FIRST_VERSION = 26  # durations of a conversation
FIRST_FULL_VERSION = 51  # costs by model
TOKENS, FLAT_TOKENS = "session_card_tokens_v2", "session_card_tokens"
CONVERSATION, CLOCK, CURSOR = "session_card_conversation", "session_card_session", "cursor_session_meta"
RECAPS = "session_card_smart_recap"
TITLES = ("custom_title", "suggested_session_title", "summary")

NEEDED = {
    "users": ("id", "email", "name", "status"),
    "sessions": (
        "id",
        "user_id",
        "session_type",
        "external_id",
        "first_seen",
        "last_message_at",
        "last_sync_at",
        "git_info",
    ),
    CONVERSATION: ("session_id", "total_assistant_duration_ms", "total_user_duration_ms", "computed_at"),
    CLOCK: ("session_id", "duration_ms", "computed_at"),
}
NEEDED_FULL = {TOKENS: ("session_id", "data", "computed_at")}
NEEDED_FLAT = {FLAT_TOKENS: ("session_id", "estimated_cost_usd", "computed_at")}
# Later migrations brought these: where they are missing, the rows say less.
OPTIONAL = {"users": ("read_only",), CURSOR: ("session_id", "model")}
RECAP_COLUMNS = (
    "session_id",
    "version",
    "recap",
    "went_well",
    "went_bad",
    "human_suggestions",
    "environment_suggestions",
    "default_context_suggestions",
    "model_used",
    "computed_at",
)

_COLUMNS = """
    SELECT wanted.name, a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT')
    FROM unnest(%s::text[]) AS wanted(name)
    JOIN pg_class c ON c.oid = to_regclass(wanted.name)
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class Schema:
    """The version (None: not recorded), whether costs are kept by model, and what is there of the optional columns."""

    version: int | None
    is_full: bool
    optional: frozenset[str]

    @property
    def has_recaps(self) -> bool:
        """Whether recaps are wanted and all of their columns are there."""
        return all(self.has(RECAPS, column) for column in RECAP_COLUMNS)

    def has(self, table: str, column: str) -> bool:
        """Whether an optional column is there."""
        return f"{table}.{column}" in self.optional


def read_schema(source: Source, *, with_titles: bool, with_recaps: bool) -> Schema:
    """The schema, checked. Raises SourceError that names the version, table or column in the way."""
    columns = _columns(source)
    version = _version(source, columns)
    if version is not None and version < FIRST_VERSION:
        raise SourceError(
            f"Table schema_migrations: version {version} is too old; {FIRST_VERSION} or later is needed. "
            "Update Confabulous first."
        )
    is_full = version >= FIRST_FULL_VERSION if version is not None else TOKENS in columns
    needed = {**NEEDED, **(NEEDED_FULL if is_full else NEEDED_FLAT)}
    for table, names in needed.items():
        for name in names:
            if table not in columns:
                raise SourceError(f"Table {table} was not found (or this role may not use its schema).")
            if name not in columns[table]:
                raise SourceError(f"Column {table}.{name} was not found: is this a Confabulous database?")
    optional = {**OPTIONAL, "sessions": TITLES if with_titles else (), RECAPS: RECAP_COLUMNS if with_recaps else ()}
    found = {table: [name for name in names if name in columns.get(table, {})] for table, names in optional.items()}
    _refuse_unreadable(columns, needed)
    _refuse_unreadable(columns, found)
    return Schema(version, is_full, frozenset(f"{table}.{name}" for table, names in found.items() for name in names))


def _columns(source: Source) -> dict[str, dict[str, bool]]:
    """Whether this role may read each column, by table and column, of the tables that are there."""
    tables = ["schema_migrations", *NEEDED, TOKENS, FLAT_TOKENS, CURSOR, RECAPS]
    columns: dict[str, dict[str, bool]] = defaultdict(dict)
    for table, column, is_readable in source.execute(_COLUMNS, [tables]):
        columns[table][column] = is_readable
    return dict(columns)


def _version(source: Source, columns: dict[str, dict[str, bool]]) -> int | None:
    """The last migration; None where none is recorded. Raises SourceError if it did not finish."""
    if "schema_migrations" not in columns:
        return None
    _refuse_unreadable(columns, {"schema_migrations": ("version", "dirty")})
    rows = source.execute("SELECT version, dirty FROM schema_migrations ORDER BY version DESC").fetchall()
    unfinished = [version for version, is_dirty in rows if is_dirty]
    if unfinished:
        raise SourceError(
            f"Table schema_migrations: migration {unfinished[0]} did not finish (dirty). Repair Confabulous first."
        )
    return int(rows[0][0]) if rows else None


def _refuse_unreadable(columns: dict[str, dict[str, bool]], wanted: Mapping[str, Sequence[str]]) -> None:
    for table, names in wanted.items():
        for name in names:
            if not columns[table].get(name, False):
                raise SourceError(f"This role may not read {table}.{name}: GRANT SELECT ({name}) ON {table} TO it.")
