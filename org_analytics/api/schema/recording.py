"""The write API."""

from ...choices import PROVIDER_SPELLINGS
from ...limits import (
    MAX_BYTES,
    MAX_COST_USD,
    MAX_COUNT,
    MAX_EXTERNAL_ID,
    MAX_MESSAGE_ID,
    MAX_MODEL,
    MAX_MODELS,
    MAX_MS,
    MAX_RECAP,
    MAX_RECAP_ITEM,
    MAX_RECAP_ITEMS,
    MAX_ROWS,
    MAX_TITLE,
)
from ...models.recap_validation import LISTS as RECAP_LISTS
from .parts import INSTANT, UNSIGNED, Endpoint, Schema, closed_object, list_of, ref

_MEBIBYTES = MAX_BYTES // 2**20
_NO_CONTROL_CHARACTERS = r"^[^\u0000-\u001f\u007f-\u009f]*$"


def _text(shortest: int, longest: int) -> Schema:
    return {"type": "string", "minLength": shortest, "maxLength": longest, "pattern": _NO_CONTROL_CHARACTERS}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


_TEXT_OR_NULL = {"type": ["string", "null"]}
_DOLLARS = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        {"type": "number", "minimum": 0, "maximum": int(MAX_COST_USD)},
        {"type": "null"},
    ],
    "description": "US dollars; null: unknown. Send text, so that no place is lost.",
}
_MILLISECONDS = _or_null({**UNSIGNED, "maximum": MAX_MS})
_COUNT = _or_null({**UNSIGNED, "maximum": MAX_COUNT})

_MODEL_USAGE = {
    **closed_object(
        {
            "model": _text(1, MAX_MODEL),
            "requests": _COUNT,
            "input_tokens": _COUNT,
            "output_tokens": _COUNT,
            "cache_write_tokens": _COUNT,
            "cache_read_tokens": _COUNT,
            "cost_usd": _DOLLARS,
        },
        ("cost_usd",),
    ),
    "description": "The usage of one model. The four token classes are disjoint; null: unknown.",
}
_REMOTE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "fetch_url": _TEXT_OR_NULL, "push_url": _TEXT_OR_NULL},
}
_GIT_INFO = {
    "type": ["object", "null"],
    "properties": {
        "path": {"type": "string", "description": "`owner/name`, already reduced."},
        "upstream_path": _TEXT_OR_NULL,
        "repo_url": {"type": "string", "description": "A remote URL, from which the path is taken."},
        "branch": _TEXT_OR_NULL,
        "remotes": list_of(_REMOTE),
        "tracking_remote": {**_TEXT_OR_NULL, "description": "The remote that names the upstream of a fork."},
    },
    "description": "The repository: `path` and `upstream_path`, or what git says. What names none is no error.",
}
_LINES = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
_RECAP_ITEM = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_RECAP_ITEM, "pattern": _LINES},
        closed_object(
            {
                "text": {"type": "string", "minLength": 1, "maxLength": MAX_RECAP_ITEM, "pattern": _LINES},
                "message_id": _or_null(_text(0, MAX_MESSAGE_ID)),
            },
            {"message_id"},
        ),
    ]
}
_RECAP_LIST = {**list_of(ref("WrittenRecapItem")), "maxItems": MAX_RECAP_ITEMS}
_RECAP = {
    **closed_object(
        {
            "recap": {"type": "string", "minLength": 1, "maxLength": MAX_RECAP, "pattern": _LINES},
            **dict.fromkeys(RECAP_LISTS, _RECAP_LIST),
            "model_used": _text(0, MAX_MODEL),
            "computed_at": INSTANT,
        },
        {*RECAP_LISTS, "model_used"},
    ),
    "type": ["object", "null"],
    "description": "A recap of the session that somebody or something has written.",
}
_OPTIONAL = frozenset(
    {"ended_at", "title", "git_info", "cost_usd", "cost_complete", "duration_ms", "assistant_ms", "user_ms"}
    | {"analyzed", "models", "recap"}
)
_SESSION = {
    **closed_object(
        {
            "provider": ref("ProviderSpelling"),
            "external_id": {**_text(1, MAX_EXTERNAL_ID), "description": "The agent's own id of the session."},
            "started_at": {**INSTANT, "description": "In the years 2000 to 2100."},
            "ended_at": {**_or_null(INSTANT), "description": "Not before `started_at`."},
            "title": _text(0, MAX_TITLE),
            "git_info": ref("GitInfo"),
            "cost_usd": _DOLLARS,
            "cost_complete": {"type": "boolean", "description": "Whether the cost is known completely."},
            "duration_ms": _MILLISECONDS,
            "assistant_ms": _MILLISECONDS,
            "user_ms": _MILLISECONDS,
            "analyzed": {"type": "boolean", "description": "False: its numbers are not known yet."},
            "models": {**_or_null(list_of(ref("ModelUsage"))), "maxItems": MAX_MODELS},
            "recap": ref("WrittenRecap"),
        },
        _OPTIONAL,
    ),
    "description": "A row states the whole session: a field that it leaves out becomes unknown, except `models` and "
    "`recap`, which keep their values. With `models`, `cost_usd` is their sum and may be left out.",
}

RECORDING = Endpoint(
    path="/api/v1/org/sessions",
    method="post",
    name="record",
    summary="Write sessions",
    description=f"Writes up to {MAX_ROWS} of the caller's own sessions, in one transaction. The body is at most "
    f"{_MEBIBYTES} MiB, compressed (`Content-Encoding: gzip`) and uncompressed. An invalid row does not stop the "
    "others: its result names the fields. Sending the same row again changes nothing. With a session cookie, the "
    "header `X-CSRFToken` is needed, too.",
    body=ref("Sessions"),
    answer=ref("Results"),
    example={
        "results": [
            {"index": 0, "status": "created"},
            {
                "index": 1,
                "status": "invalid",
                "errors": {"started_at": ["Must be a date and time, such as 2026-01-31T12:00:00Z."]},
            },
        ]
    },
    failure="Failed to record sessions",
    schemas={
        "ProviderSpelling": {
            "type": "string",
            "enum": list(PROVIDER_SPELLINGS),
            "description": "A coding agent. `Claude Code` is stored as `claude-code`.",
        },
        "GitInfo": _GIT_INFO,
        "ModelUsage": _MODEL_USAGE,
        "WrittenRecapItem": _RECAP_ITEM,
        "WrittenRecap": _RECAP,
        "Session": _SESSION,
        "Sessions": {
            **closed_object({"sessions": {**list_of(ref("Session")), "maxItems": MAX_ROWS}}),
            "example": {
                "sessions": [
                    {
                        "provider": "codex",
                        "external_id": "5f0c",
                        "started_at": "2026-06-17T09:58:12Z",
                        "git_info": {"path": "acme/api"},
                        "cost_usd": "0.28",
                        "duration_ms": 75_000,
                    },
                ]
            },
        },
        "WrittenStatus": {"type": "string", "enum": ["created", "updated", "unchanged"]},
        "InvalidStatus": {"type": "string", "enum": ["invalid"]},
        "WrittenRow": closed_object({"index": UNSIGNED, "status": ref("WrittenStatus")}),
        "InvalidRow": closed_object(
            {
                "index": UNSIGNED,
                "status": ref("InvalidStatus"),
                "errors": {
                    "type": "object",
                    "additionalProperties": list_of({"type": "string"}),
                    "description": "The messages by field; `row` for a row that is not an object.",
                },
            }
        ),
        "Results": closed_object(
            {"results": {**list_of({"oneOf": [ref("WrittenRow"), ref("InvalidRow")]}), "maxItems": MAX_ROWS}}
        ),
    },
    errors={
        400: {
            "json": "Invalid JSON: Expecting value: line 1 column 1 (char 0)",
            "body": 'Body must be an object with one key, "sessions": a list',
            "rows": f"sessions exceeds maximum of {MAX_ROWS} rows",
            "gzip": "Invalid gzip",
            "incomplete": "Incomplete body",
        },
        403: {"csrf": "CSRF verification failed"},
        413: {"size": "Request body too large"},
        415: {
            "type": "Content-Type must be application/json",
            "encoding": "Content-Encoding must be gzip or none",
        },
    },
)
