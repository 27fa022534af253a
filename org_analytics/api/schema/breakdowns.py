"""The endpoints that break usage down: by one grouping, and for one person."""

from ...reporting.groups import Grouping
from .parameters import GROUP_BY, PERSON_ID, SELECTION, SELECTION_ERRORS, UNAVAILABLE
from .parts import (
    AVERAGES_OF_TIMES,
    CENTS,
    COVERAGE_EXAMPLE,
    HEAD,
    HEAD_EXAMPLE,
    TOTALS,
    USAGE_EXAMPLE,
    Endpoint,
    Schema,
    closed_object,
    list_of,
    ref,
)

_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
_KEY: dict[str, Schema] = {
    "key": {
        "anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}],
        "description": "The id of a user, the name of a team, the path of a root repository, a provider, a model, or "
        "the date of a day or Monday. Null: no team, no repository, not broken down by model.",
    },
    "label": {"type": "string", "description": "The key in words."},
}
_MODEL_SUMS = dict.fromkeys(
    ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"), _COUNT
)
_MODEL_ROW = {
    "key": "gpt-5.5",
    "label": "gpt-5.5",
    **USAGE_EXAMPLE,
    "requests": 31,
    "input_tokens": 41_250,
    "output_tokens": 18_400,
    "cache_write_tokens": None,
    "cache_read_tokens": 912_000,
}

BREAKDOWN = Endpoint(
    path="/api/v1/org/breakdown",
    name="breakdown",
    summary="Usage by person, team, repository, provider, model, day or week",
    description="The usage of each group with a counted session in the order of the keys, and by person of every "
    "member in the order of analytics. `totals` and `coverage` are those of analytics. The rows add up to them, except "
    "by team, where people in two teams count in both, and by model, where a session counts whole in each of its "
    "models, but costs add up.",
    parameters=(*SELECTION, GROUP_BY),
    answer=ref("Breakdown"),
    example={
        **HEAD_EXAMPLE,
        "group_by": "model",
        "rows": [_MODEL_ROW],
        "totals": USAGE_EXAMPLE,
        "coverage": COVERAGE_EXAMPLE,
    },
    failure="Failed to compute org breakdown",
    schemas={
        "Grouping": {"type": "string", "enum": list(Grouping)},
        "GroupRow": {
            **closed_object({**_KEY, **TOTALS}, AVERAGES_OF_TIMES),
            "description": "The usage of one group.",
        },
        "ModelRow": {
            **closed_object(
                {**_KEY, **TOTALS, "total_cost_usd": {**CENTS, "pattern": f"^-?{CENTS['pattern'][1:]}"}, **_MODEL_SUMS},
                AVERAGES_OF_TIMES,
            ),
            "description": "The usage of one model. The row without a key has only a cost, below zero if models cost "
            "more than their sessions. The four token classes are disjoint; null: unknown.",
        },
        "Breakdown": closed_object(
            {
                **HEAD,
                "group_by": ref("Grouping"),
                "rows": list_of({"anyOf": [ref("GroupRow"), ref("ModelRow")]}),
                "totals": ref("Usage"),
                "coverage": ref("Coverage"),
            }
        ),
    },
    errors={400: {**SELECTION_ERRORS, "grouping": "Invalid group_by"}, 503: UNAVAILABLE},
)

PERSON_USAGE = Endpoint(
    path="/api/v1/org/people/{id}",
    name="person",
    summary="Usage of a person",
    description="The usage of a person in total and by repository, provider and model. The parameter `person` is "
    "checked and not used. An unknown id is reported after all other mistakes.",
    parameters=(PERSON_ID, *SELECTION),
    answer=ref("PersonUsage"),
    example={
        **HEAD_EXAMPLE,
        "user": {"id": 7, "email": "ann@example.com", "name": "Ann Lee"},
        "totals": USAGE_EXAMPLE,
        "repos": [{"key": "acme/api", "label": "acme/api", **USAGE_EXAMPLE}],
        "providers": [{"key": "codex", "label": "Codex", **USAGE_EXAMPLE}],
        "models": [_MODEL_ROW],
        "coverage": COVERAGE_EXAMPLE,
    },
    failure="Failed to compute the usage of a person",
    schemas={
        "PersonUsage": closed_object(
            {
                **HEAD,
                "user": ref("User"),
                "totals": ref("Usage"),
                "repos": list_of(ref("GroupRow")),
                "providers": list_of(ref("GroupRow")),
                "models": list_of(ref("ModelRow")),
                "coverage": ref("Coverage"),
            }
        )
    },
    errors={400: SELECTION_ERRORS, 503: UNAVAILABLE},
)
