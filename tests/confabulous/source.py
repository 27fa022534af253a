"""A Confabulous database for tests: its tables, written by hand, and rows for them."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SECRET = "canary-4711"
START = datetime(2026, 6, 17, 10)
LATEST = 55
# Every table that is read, with columns that are never to be read, and one whole table of those.
TABLES = """
CREATE TABLE schema_migrations (version bigint NOT NULL, dirty boolean NOT NULL);
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(255) NOT NULL UNIQUE, name varchar(255),
    avatar_url varchar(4096), status varchar(20) NOT NULL, read_only boolean NOT NULL, updated_at timestamp NOT NULL
);
CREATE TABLE sessions (
    id uuid PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, session_type varchar(50) NOT NULL,
    external_id varchar(512) NOT NULL, cwd varchar(8192), transcript_path varchar(8192), hostname varchar(255),
    username varchar(255), git_info jsonb, first_seen timestamp NOT NULL, last_message_at timestamp,
    last_sync_at timestamp, summary varchar(2048), first_user_message varchar(8192), custom_title varchar(255),
    suggested_session_title varchar(255), UNIQUE (user_id, session_type, external_id)
);
CREATE TABLE session_card_tokens (
    session_id uuid PRIMARY KEY REFERENCES sessions, version integer NOT NULL, computed_at timestamptz NOT NULL,
    estimated_cost_usd numeric NOT NULL
);
CREATE TABLE session_card_tokens_v2 (
    session_id uuid PRIMARY KEY REFERENCES sessions, version integer NOT NULL, computed_at timestamptz NOT NULL,
    data jsonb NOT NULL
);
CREATE TABLE session_card_conversation (
    session_id uuid PRIMARY KEY REFERENCES sessions, version integer NOT NULL, computed_at timestamptz NOT NULL,
    total_assistant_duration_ms bigint, total_user_duration_ms bigint
);
CREATE TABLE session_card_session (
    session_id uuid PRIMARY KEY REFERENCES sessions, version integer NOT NULL, computed_at timestamptz NOT NULL,
    duration_ms bigint, models_used jsonb NOT NULL
);
CREATE TABLE session_card_smart_recap (
    session_id uuid PRIMARY KEY REFERENCES sessions, version integer NOT NULL, computed_at timestamptz NOT NULL,
    model_used varchar(100) NOT NULL, up_to_line bigint NOT NULL, recap text NOT NULL, went_well jsonb NOT NULL,
    went_bad jsonb NOT NULL, human_suggestions jsonb NOT NULL, environment_suggestions jsonb NOT NULL,
    default_context_suggestions jsonb NOT NULL
);
CREATE TABLE cursor_session_meta (session_id uuid PRIMARY KEY REFERENCES sessions, model varchar(255) NOT NULL);
CREATE TABLE api_keys (id bigint PRIMARY KEY, key_hash text NOT NULL);
"""
NAMES = (
    "schema_migrations, users, sessions, session_card_tokens, session_card_tokens_v2, session_card_conversation, "
    "session_card_session, session_card_smart_recap, cursor_session_meta, api_keys"
)
MODEL = {"input": 10, "output": 20, "cache_write": 30, "cache_read": 40, "reasoning": 5, "cost_usd": "1.25"}


def tokens(total: object = "1.25", models: Any = None, **card: Any) -> dict[str, Any]:
    """The JSON of a tokens card with the models of one vendor."""
    return {"total_cost_usd": total, "by_provider": {"anthropic": {"models": models or {}}}, **card}


CARD = tokens("1.25", {"opus-4-5": MODEL})


class Source:
    """The database, through an owner's connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def execute(self, query: str, *parameters: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(query.encode(), parameters or None)

    def reset(self) -> None:
        """Make the tables again, empty, of the latest version."""
        self.execute(f"DROP TABLE IF EXISTS {NAMES}")
        self.execute(TABLES)
        self.set_version(LATEST)

    def set_version(self, version: int, *, is_dirty: bool = False) -> None:
        self.execute("DELETE FROM schema_migrations")
        self.execute("INSERT INTO schema_migrations VALUES (%s, %s)", version, is_dirty)

    def add_user(
        self, email: str = "ann@example.com", name: str | None = None, status: str = "active", read_only: bool = False
    ) -> int:
        found = self.execute("SELECT id FROM users WHERE email = %s", email).fetchone()
        if found:
            return int(found[0])
        row = self.execute(
            "INSERT INTO users (email, name, avatar_url, status, read_only, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, now()) RETURNING id",
            *(email, name, SECRET, status, read_only),
        ).fetchone()
        assert row
        return int(row[0])

    def add_session(
        self,
        external_id: str = "s1",
        *,
        user: int | None = None,
        session_type: str = "claude-code",
        first_seen: object = START,
        last_message_at: object = START + timedelta(hours=1),
        git_info: Any = None,
        titles: tuple[str | None, str | None, str | None] = (None, None, None),
        card: Any = CARD,
        cost: object = None,
        conversation: tuple[int | None, int | None] | None = (40_000, 10_000),
        duration: int | None = 60_000,
        cursor_model: str | None = None,
        computed_at: str = "2026-06-17 11:00+00",
    ) -> uuid.UUID:
        """Insert a session with its cards; ordinary where nothing else is given. `card` None: no tokens card."""
        pk = uuid.uuid4()
        self.execute(
            "INSERT INTO sessions (id, user_id, session_type, external_id, cwd, transcript_path, hostname, username,"
            " first_user_message, git_info, first_seen, last_message_at, custom_title, suggested_session_title,"
            " summary) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            *(pk, user or self.add_user(), session_type, external_id, *[SECRET] * 5),
            *(None if git_info is None else json.dumps(git_info), first_seen, last_message_at, *titles),
        )
        if card is not None:
            text = card if isinstance(card, str) else json.dumps(card)
            self.execute("INSERT INTO session_card_tokens_v2 VALUES (%s, 1, %s, %s)", pk, computed_at, text)
        if cost is not None:
            self.execute("INSERT INTO session_card_tokens VALUES (%s, 1, %s, %s)", pk, computed_at, cost)
        if conversation is not None:
            query = "INSERT INTO session_card_conversation VALUES (%s, 1, %s, %s, %s)"
            self.execute(query, pk, computed_at, *conversation)
        if duration is not None:
            self.execute("INSERT INTO session_card_session VALUES (%s, 1, %s, %s, '[]')", pk, computed_at, duration)
        if cursor_model is not None:
            self.execute("INSERT INTO cursor_session_meta VALUES (%s, %s)", pk, cursor_model)
        return pk

    def add_recap(
        self,
        session: uuid.UUID,
        recap: str = "Fixed the build.",
        *,
        version: int = 1,
        computed_at: str = "2026-06-17 12:00+00",
        model_used: str = "haiku-4-5",
        **lists: Any,
    ) -> None:
        """Insert a smart recap; `lists` by the names of their columns, empty where they are not given."""
        names = ("went_well", "went_bad", "human_suggestions", "environment_suggestions", "default_context_suggestions")
        self.execute(
            "INSERT INTO session_card_smart_recap VALUES (%s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s)",
            *(session, version, computed_at, model_used, recap, *(json.dumps(lists.get(name, [])) for name in names)),
        )


def url_of(url: str, **changes: str) -> str:
    """The URL with another database or user."""
    return make_conninfo(**{**conninfo_to_dict(url), **changes})  # type: ignore[arg-type]


@contextmanager
def new_source(server: str) -> Iterator[Source]:
    """A new database on this server."""
    name = f"confabulous_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    source = Source(url_of(server, dbname=name))
    try:
        yield source
    finally:
        source.connection.close()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
