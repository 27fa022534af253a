"""The endpoints that describe the site: its prices, and this schema."""

from .parts import UTC_INSTANT, Endpoint, closed_object, ref

_PRICE = {"type": "string"}

PRICES = Endpoint(
    path="/api/v1/org/prices",
    name="prices",
    summary="Prices of models",
    description="The prices that the administrator has set (`ORG_ANALYTICS_PRICES`). `org-analytics push` uses them.",
    answer=ref("Prices"),
    example={
        "computed_at": "2026-06-17T15:30:00Z",
        "prices": {"our-model": {"input": "1.25", "output": "10", "from": "2026-06-01"}},
    },
    failure="Failed to list prices",
    schemas={
        "ModelPrices": {
            **closed_object(
                {
                    "input": _PRICE,
                    "output": _PRICE,
                    "cache_read": _PRICE,
                    "cache_write": _PRICE,
                    "from": {"type": "string", "description": "The first day of the prices (UTC)."},
                },
                ("cache_read", "cache_write", "from"),
            ),
            "description": "USD per million tokens, as decimal texts.",
        },
        "Prices": closed_object(
            {
                "computed_at": UTC_INSTANT,
                "prices": {
                    "type": "object",
                    "additionalProperties": ref("ModelPrices"),
                    "description": "The prices by model.",
                },
            }
        ),
    },
)

SCHEMA = Endpoint(
    path="/api/v1/org/schema",
    name="openapi",
    summary="This schema",
    description="This OpenAPI document. The address of the server is the one where the request arrived.",
    answer=ref("OpenAPI"),
    example={"openapi": "3.1.1", "info": {"title": "Organization analytics", "version": "1.0"}, "paths": {}},
    failure="Failed to describe the API",
    schemas={
        "OpenAPI": {
            "type": "object",
            "properties": {"openapi": {"type": "string", "pattern": r"^3\.1\."}},
            "required": ["openapi", "info", "paths"],
            "description": "An OpenAPI document.",
        }
    },
)
