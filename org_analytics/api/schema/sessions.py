"""The endpoints about single sessions."""

from ...models.recap_validation import LISTS as RECAP_LISTS
from .parameters import CURSOR, PERSON_ID, SELECTION, SELECTION_ERRORS, SESSION_ID, UNAVAILABLE
from .parts import EXACT_DOLLARS, UNSIGNED, UTC_INSTANT, Endpoint, Schema, closed_object, list_of, ref

_TEXT: Schema = {"type": "string"}
_SESSION: dict[str, Schema] = {
    "provider": ref("Provider"),
    "external_id": {**_TEXT, "description": "The agent's own id of the session."},
    "title": _TEXT,
    "repo": {**_TEXT, "description": "The repository in which people worked."},
    "root": {**_TEXT, "description": "The repository under which the session counts."},
    "started_at": UTC_INSTANT,
    "ended_at": UTC_INSTANT,
    "duration_ms": UNSIGNED,
    "assistant_time_ms": UNSIGNED,
    "user_time_ms": UNSIGNED,
    "cost_usd": {**EXACT_DOLLARS, "description": "Not rounded."},
    "cost_complete": {"type": "boolean", "description": "Whether the cost is known completely."},
    "analyzed": {"type": "boolean", "description": "False: its numbers are not known yet, and it counts nowhere."},
}
_UNKNOWN_LEFT_OUT = frozenset(
    {"title", "repo", "root", "ended_at", "duration_ms", "assistant_time_ms", "user_time_ms", "cost_usd"}
)
_ID: Schema = {"type": "integer", "minimum": 1}
_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
_EXAMPLE = {
    "provider": "codex",
    "external_id": "5f0c",
    "title": "Fix the login",
    "repo": "ann/api",
    "root": "acme/api",
    "started_at": "2026-06-17T09:58:12Z",
    "ended_at": "2026-06-17T10:20:00Z",
    "duration_ms": 75_000,
    "assistant_time_ms": 16_000,
    "user_time_ms": 49_500,
    "cost_usd": "0.5605",
    "cost_complete": True,
    "analyzed": True,
}

SESSION_LIST = Endpoint(
    path="/api/v1/org/people/{id}/sessions",
    name="person_sessions",
    summary="Sessions of a person",
    description="The sessions of a person, newest first, 50 at a time, also those that were not analyzed yet. People "
    "see their own; those of others only if the site shares them (`SHARE_ALL_SESSIONS_TO_AUTHENTICATED`). Unknown "
    "values are left out. An unknown or invisible id is reported after all other mistakes.",
    parameters=(PERSON_ID, *SELECTION, CURSOR),
    answer=ref("SessionPart"),
    example={"sessions": [{"id": 4711, **_EXAMPLE}], "next_cursor": None},
    failure="Failed to list sessions",
    schemas={
        "ListedSession": closed_object({"id": _ID, **_SESSION}, _UNKNOWN_LEFT_OUT),
        "SessionPart": closed_object(
            {
                "sessions": list_of(ref("ListedSession")),
                "next_cursor": {"type": ["string", "null"], "description": "Null: there are no more sessions."},
            }
        ),
    },
    errors={400: {**SELECTION_ERRORS, "cursor": "Invalid cursor"}, 503: UNAVAILABLE},
)

SESSION = Endpoint(
    path="/api/v1/org/sessions/{id}",
    name="session",
    summary="One session",
    description="One session with its usage by model and its recap, for those who see it in the list of its person's "
    "sessions. Unknown values are left out, but null in `models`.",
    parameters=(SESSION_ID,),
    answer=ref("SessionDetail"),
    example={
        "id": 4711,
        "user": {"id": 7, "email": "ann@example.com", "name": "Ann Lee"},
        **_EXAMPLE,
        "url": "https://example.com/sessions/4711",
        "models": [
            {
                "model": "gpt-5.5",
                "requests": 12,
                "input_tokens": 20_450,
                "output_tokens": 3_120,
                "cache_write_tokens": None,
                "cache_read_tokens": 118_000,
                "cost_usd": "0.5605",
            }
        ],
        "recap": {
            "recap": "The login works with single sign-on again.",
            "went_well": [{"text": "A test came first.", "message_id": "m-1"}],
            "went_badly": [],
            "suggestions_person": [],
            "suggestions_environment": [],
            "suggestions_context": [{"text": "Say which identity provider is used."}],
            "computed_at": "2026-06-17T11:00:00Z",
        },
    },
    failure="Failed to read the session",
    schemas={
        "ModelUsageRow": {
            **closed_object(
                {
                    "model": _TEXT,
                    "requests": _COUNT,
                    "input_tokens": _COUNT,
                    "output_tokens": _COUNT,
                    "cache_write_tokens": _COUNT,
                    "cache_read_tokens": _COUNT,
                    "cost_usd": {**EXACT_DOLLARS, "type": ["string", "null"]},
                }
            ),
            "description": "The usage of one model. The four token classes are disjoint; null: unknown.",
        },
        "RecapItem": closed_object({"text": _TEXT, "message_id": _TEXT}, {"message_id"}),
        "Recap": closed_object(
            {
                "recap": _TEXT,
                **dict.fromkeys(RECAP_LISTS, list_of(ref("RecapItem"))),
                "model_used": _TEXT,
                "computed_at": UTC_INSTANT,
            },
            {"model_used"},
        ),
        "SessionDetail": closed_object(
            {
                "id": _ID,
                "user": ref("User"),
                **_SESSION,
                "url": {**_TEXT, "description": "The session's page on the site."},
                "models": list_of(ref("ModelUsageRow")),
                "recap": ref("Recap"),
            },
            {*_UNKNOWN_LEFT_OUT, "url", "recap"},
        ),
    },
    errors={503: UNAVAILABLE},
)
