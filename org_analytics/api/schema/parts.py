"""Schemas that several endpoints share, and how an endpoint is described."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...choices import Provider

Schema = dict[str, Any]

UNSIGNED: Schema = {"type": "integer", "minimum": 0}
DATE: Schema = {"type": "string", "format": "date"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
UTC_INSTANT: Schema = {**INSTANT, "pattern": "Z$"}
CENTS: Schema = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$"}
EXACT_DOLLARS: Schema = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,9}$"}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The description of an endpoint: one path with one method.

    `answer` is the schema of its answer. `schemas` are the named schemas that only this endpoint needs.
    """

    path: str
    name: str
    summary: str
    description: str
    answer: Schema
    example: Any
    failure: str
    method: str = "get"
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    # Status → the messages, with a name for each.
    errors: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


def ref(name: str) -> Schema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def closed_object(properties: Mapping[str, Schema], optional: Collection[str] = ()) -> Schema:
    """An object with these keys and no others; those that are not optional are always there."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": required} if required else {}),  # OpenAPI 3.0 does not allow an empty list
        "additionalProperties": False,
    }


AVERAGES_OF_TIMES: dict[str, Schema] = {
    "avg_duration_ms": UNSIGNED,
    "avg_assistant_time_ms": UNSIGNED,
    "avg_user_time_ms": UNSIGNED,
}
TOTALS: dict[str, Schema] = {
    "session_count": UNSIGNED,
    "total_cost_usd": CENTS,
    "total_duration_ms": UNSIGNED,
    "total_assistant_time_ms": UNSIGNED,
    "total_user_time_ms": UNSIGNED,
    "avg_cost_usd": CENTS,
    **AVERAGES_OF_TIMES,
}
HEAD: dict[str, Schema] = {"computed_at": UTC_INSTANT, "date_range": ref("DateRange")}

SHARED_SCHEMAS: dict[str, Schema] = {
    "Error": {
        **closed_object({"error": {"type": "string", "minLength": 1}}),
        "description": "The message is in English in every locale.",
    },
    "Provider": {"type": "string", "enum": list(Provider.values), "description": "A coding agent."},
    "DateRange": {
        **closed_object({"start_date": DATE, "end_date": DATE}),
        "description": "The first and the last day of the range in the zone that `tz_offset` names.",
    },
    "UserId": {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "description": "The primary key of the user: a number, or a text such as a UUID.",
    },
    "User": {
        **closed_object({"id": ref("UserId"), "email": {"type": "string"}, "name": {"type": "string"}}, ("name",)),
        "description": "`name` is left out for people without one.",
    },
    "Usage": {
        **closed_object(TOTALS, AVERAGES_OF_TIMES),
        "description": "Costs are rounded to cents, once, after the sum. An average of times is cut to whole "
        "milliseconds, and left out if no time is known.",
    },
    "Coverage": {
        **closed_object(
            {
                "pending_sessions": UNSIGNED,
                "unpriced_sessions": UNSIGNED,
                "inactive_user_sessions": UNSIGNED,
                "latest_session_at": {**UTC_INSTANT, "type": ["string", "null"]},
            }
        ),
        "description": "The sessions that the numbers leave out: not analyzed yet, without a known or complete cost, "
        "and of people who are no members. And the start of the latest counted session.",
    },
}

USAGE_EXAMPLE = {
    "session_count": 2,
    "total_cost_usd": "1.28",
    "total_duration_ms": 120_000,
    "total_assistant_time_ms": 80_000,
    "total_user_time_ms": 20_000,
    "avg_cost_usd": "0.64",
    "avg_duration_ms": 60_000,
    "avg_assistant_time_ms": 40_000,
    "avg_user_time_ms": 10_000,
}
HEAD_EXAMPLE = {
    "computed_at": "2026-06-17T15:30:00Z",
    "date_range": {"start_date": "2026-06-10", "end_date": "2026-06-17"},
}
COVERAGE_EXAMPLE = {
    "pending_sessions": 1,
    "unpriced_sessions": 0,
    "inactive_user_sessions": 0,
    "latest_session_at": "2026-06-17T15:12:08Z",
}
