"""The reports about the organization: analytics, repos and series."""

from ...choices import Provider
from ...periods import Interval
from .parameters import INTERVAL, RANGE, RANGE_ERRORS, SELECTION, SELECTION_ERRORS, UNAVAILABLE
from .parts import (
    AVERAGES_OF_TIMES,
    COVERAGE_EXAMPLE,
    EXACT_DOLLARS,
    HEAD,
    HEAD_EXAMPLE,
    INSTANT,
    TOTALS,
    UNSIGNED,
    USAGE_EXAMPLE,
    Endpoint,
    closed_object,
    list_of,
    ref,
)

_ANN = {"id": 7, "email": "ann@example.com", "name": "Ann Lee"}

ANALYTICS = Endpoint(
    path="/api/v1/org/analytics",
    name="analytics",
    summary="Usage of each member",
    description="The usage of each member, also of those without a session in the range, the totals over all of them, "
    "and the coverage: the sessions that the numbers leave out.",
    parameters=SELECTION,
    answer=ref("Analytics"),
    example={
        **HEAD_EXAMPLE,
        "providers_present": ["claude-code", "codex"],
        "users": [{"user": _ANN, **USAGE_EXAMPLE}],
        "totals": USAGE_EXAMPLE,
        "coverage": COVERAGE_EXAMPLE,
    },
    failure="Failed to compute org analytics",
    schemas={
        "UserUsage": {
            **closed_object({"user": ref("User"), **TOTALS}, AVERAGES_OF_TIMES),
            "description": "The usage of one member.",
        },
        "Analytics": closed_object(
            {
                **HEAD,
                "providers_present": list_of(ref("Provider")),
                "users": list_of(ref("UserUsage")),
                "totals": ref("Usage"),
                "coverage": ref("Coverage"),
            }
        ),
    },
    errors={400: SELECTION_ERRORS, 503: UNAVAILABLE},
)

REPOS = Endpoint(
    path="/api/v1/org/repos",
    name="repos",
    summary="Repositories in use",
    description="The paths of the root repositories with sessions in the range, sorted. Sessions that were not "
    "analyzed yet count here, too.",
    parameters=RANGE,
    answer=ref("Repos"),
    example={**HEAD_EXAMPLE, "repos": ["acme/api", "acme/web"]},
    failure="Failed to list org repos",
    schemas={"Repos": closed_object({**HEAD, "repos": {**list_of({"type": "string"}), "uniqueItems": True}})},
    errors={400: RANGE_ERRORS, 503: UNAVAILABLE},
)

SERIES = Endpoint(
    path="/api/v1/org/series",
    name="series",
    summary="Usage by day or week",
    description="The usage of each agent for each day or week of the range, in the reporting time zone. Buckets have "
    "no gaps; the first and the last one begin and end with the range. Costs are not rounded.",
    parameters=(*SELECTION, INTERVAL),
    answer=ref("Series"),
    example={
        **HEAD_EXAMPLE,
        "time_zone": "Europe/Berlin",
        "interval": "day",
        "providers_present": ["codex"],
        "buckets": [
            {
                "start": "2026-06-17T00:00:00+02:00",
                "end": "2026-06-18T00:00:00+02:00",
                "providers": {
                    "codex": {
                        "session_count": 2,
                        "total_cost_usd": "0.5605",
                        "total_duration_ms": 75_000,
                        "total_assistant_time_ms": 16_000,
                        "total_user_time_ms": 49_500,
                    }
                },
            }
        ],
    },
    failure="Failed to compute org series",
    schemas={
        "Interval": {"type": "string", "enum": list(Interval)},
        "ExactUsage": {
            **closed_object(
                {
                    "session_count": UNSIGNED,
                    "total_cost_usd": EXACT_DOLLARS,
                    "total_duration_ms": UNSIGNED,
                    "total_assistant_time_ms": UNSIGNED,
                    "total_user_time_ms": UNSIGNED,
                }
            ),
            "description": "Sums with unrounded costs.",
        },
        "Bucket": closed_object(
            {
                "start": INSTANT,
                "end": INSTANT,
                "providers": {
                    **closed_object({provider: ref("ExactUsage") for provider in Provider.values}, Provider.values),
                    "description": "The usage by agent. An agent without a session in the bucket is left out.",
                },
            }
        ),
        "Series": closed_object(
            {
                **HEAD,
                "time_zone": {"type": "string"},
                "interval": ref("Interval"),
                "providers_present": list_of(ref("Provider")),
                "buckets": list_of(ref("Bucket")),
            }
        ),
    },
    errors={400: {**SELECTION_ERRORS, "interval": "Invalid interval"}, 503: UNAVAILABLE},
)
