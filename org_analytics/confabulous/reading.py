"""Read the sessions of a Confabulous database, whole, in the order of their external ids."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from .connection import Source
from .errors import SourceError
from .schema import CLOCK, CONVERSATION, CURSOR, FLAT_TOKENS, RECAP_COLUMNS, RECAPS, TITLES, TOKENS, Schema

FETCHED = 500
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Zulu", "Etc/Zulu", "Universal"})


class SourceSession(NamedTuple):
    """A session as it is there, in the order of the columns that are read. Instants outside our range are None."""

    id: UUID
    user_id: int
    email: str | None
    name: str | None
    status: str | None
    is_read_only: bool
    session_type: str
    external_id: str
    first_seen: datetime | None
    last_message_at: datetime | None
    git_info: str | None
    titles: list[str | None]
    has_tokens: bool
    has_conversation: bool
    tokens: str | None
    cost: str | None
    assistant_ms: int | None
    user_ms: int | None
    duration_ms: int | None
    cursor_model: str | None
    recap: str | None  # the columns of the card as JSON
    changed: float  # seconds since 1970 of the last thing that is known to have happened to it


@dataclass(frozen=True, slots=True)
class Reader:
    """What is read: the schema, the zone of its times, and from which instant on things changed (None: everything)."""

    source: Source
    schema: Schema
    zone: str
    since: datetime | None = None

    def count(self) -> int:
        """The number of sessions to come."""
        [found] = self._execute(f"SELECT count(*) FROM {self._tables()} WHERE {self._condition()}").fetchall()
        return int(found[0])

    def groups(self) -> Iterator[list[SourceSession]]:
        """The sessions, those with the same external id together: several of them may be one session of ours."""
        query = (
            f"SELECT {', '.join(self._columns())} FROM {self._tables()} WHERE {self._condition()} "
            'ORDER BY s.external_id COLLATE "C", s.id'
        )
        with self.source.cursor(name="org_analytics") as cursor:
            cursor.itersize = FETCHED
            cursor.execute(query, self._parameters())
            rows = (SourceSession(*row) for row in cursor)
            for _external_id, group in groupby(rows, key=attrgetter("external_id")):
                yield list(group)

    def _columns(self) -> list[str]:
        has = self.schema.has
        titles = [f"s.{name}" if has("sessions", name) else "NULL" for name in TITLES]
        return [
            "s.id, s.user_id, u.email, u.name, u.status",
            "COALESCE(u.read_only, false)" if has("users", "read_only") else "false",
            "s.session_type, s.external_id",
            *(_instant(f"s.{name}") for name in ("first_seen", "last_message_at")),
            "s.git_info::text",
            f"ARRAY[{', '.join(titles)}]::text[]",
            "t.session_id IS NOT NULL, c.session_id IS NOT NULL",
            "t.data::text, NULL" if self.schema.is_full else "NULL, t.estimated_cost_usd::text",
            "c.total_assistant_duration_ms, c.total_user_duration_ms, d.duration_ms",
            "m.model" if has(CURSOR, "model") else "NULL",
            _RECAP if self.schema.has_recaps else "NULL",
            f"extract(epoch FROM {self._changed()})::float8",
        ]

    def _tables(self) -> str:
        return (
            "sessions s LEFT JOIN users u ON u.id = s.user_id "
            f"LEFT JOIN {TOKENS if self.schema.is_full else FLAT_TOKENS} t ON t.session_id = s.id "
            f"LEFT JOIN {CONVERSATION} c ON c.session_id = s.id LEFT JOIN {CLOCK} d ON d.session_id = s.id"
            + (f" LEFT JOIN {CURSOR} m ON m.session_id = s.id" if self.schema.has(CURSOR, "model") else "")
            + (f" LEFT JOIN {RECAPS} r ON r.session_id = s.id" if self.schema.has_recaps else "")
        )

    def _condition(self) -> str:
        return f"{self._changed()} >= %(since)s" if self.since else "true"

    def _changed(self) -> str:
        """Nothing on a session says that it changed, so this is only the latest instant among what has one."""
        return (
            "greatest(s.first_seen AT TIME ZONE %(zone)s, s.last_message_at AT TIME ZONE %(zone)s, "
            "s.last_sync_at AT TIME ZONE %(zone)s, t.computed_at, c.computed_at, d.computed_at"
            f"{', r.computed_at' if self.schema.has_recaps else ''})"
        )

    def _parameters(self) -> dict[str, Any]:
        return {"zone": self.zone, "since": self.since}

    def _execute(self, query: str) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.source.execute(query.encode(), self._parameters())


# The columns of a recap as one JSON object. A row of version 0 is only a lock.
_RECAP_PAIRS = ", ".join(f"'{name}', r.{name}" for name in RECAP_COLUMNS if name not in ("session_id", "version"))
_RECAP = f"CASE WHEN r.version >= 1 AND r.recap <> '' THEN jsonb_build_object({_RECAP_PAIRS})::text END"


def _instant(column: str) -> str:
    """The instant of a naive column; NULL if it lies far outside our range, where Python has no such dates."""
    in_range = f"{column} >= '1999-12-01' AND {column} < '2101-02-01'"
    return f"CASE WHEN {in_range} THEN {column} AT TIME ZONE %(zone)s END"


def source_time_zone(source: Source, given: str | None) -> str:
    """The zone of the source's naive times: the given one, else the server's. Later instants come in UTC.

    Raises SourceError if PostgreSQL or Python does not know the given zone.
    """
    [(own,)] = source.execute("SHOW timezone").fetchall()
    source.execute("SET TIME ZONE 'UTC'")
    if not given:
        return str(own)
    with suppress(KeyError, ValueError, OSError):
        ZoneInfo(given)
        [(is_known,)] = source.execute(
            "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower(%s))", [given]
        ).fetchall()
        if is_known:
            return given
    raise SourceError(f"--source-time-zone: unknown time zone {given!r}.")


def is_utc(zone: str) -> bool:
    """Whether naive times of this zone are UTC."""
    return zone in _UTC_NAMES
