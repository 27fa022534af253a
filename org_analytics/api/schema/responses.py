"""The answers of an endpoint: the one with its numbers, and every error."""

from collections.abc import Mapping

from .parts import Endpoint, Schema, ref

_NO_STORE: dict[str, Schema] = {
    "Cache-Control": {
        "description": "Answers are never stored.",
        "required": True,
        "schema": {"type": "string"},
        "example": "no-store",
    }
}
_CHALLENGE: dict[str, Schema] = {
    "WWW-Authenticate": {
        "description": "The schemes that the site accepts, except Basic.",
        "required": True,
        "schema": {"type": "string"},
        "example": "Session, Token",
    },
    "Link": {
        "description": "The page where people create tokens, if the site has one (`ORG_ANALYTICS_TOKEN_URL`).",
        "schema": {"type": "string"},
        "example": '</account/token>; rel="help"',
    },
}
_RETRY_AFTER: dict[str, Schema] = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 12,
    }
}
_DESCRIPTIONS = {
    400: "A parameter or the body is wrong; the message names it. The first mistake is reported.",
    401: "No login, or one that is not valid.",
    403: "The user has no access, or a `POST` with a session cookie has no CSRF token.",
    404: "Organization analytics is off, or the id is not that of something that the caller may see.",
    405: "The endpoint does not have this method.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    429: "The user has sent too many requests.",
    500: "The server has failed. It logs the reason.",
    503: "A query took too long (ask for a shorter range), or the database cannot be reached.",
}
_MESSAGES = {
    401: {"anonymous": "Authentication required"},
    403: {"domain": "Email domain not permitted", "membership": "Not a member"},
    404: {"off": "Not found"},
    405: {"method": "Method not allowed"},
    429: {"rate": "Rate limit exceeded"},
}
_HEADERS = {401: _CHALLENGE, 429: _RETRY_AFTER}


def responses_of(endpoint: Endpoint) -> dict[str, Schema]:
    """Every response of an endpoint, by status as text."""
    messages: dict[int, Mapping[str, str]] = {**_MESSAGES, 500: {"failure": endpoint.failure}}
    for status, more in endpoint.errors.items():
        messages[status] = {**messages.get(status, {}), **more}
    answer = {
        "description": "The answer.",
        "headers": _NO_STORE,
        "content": {"application/json": {"schema": endpoint.answer, "example": endpoint.example}},
    }
    return {"200": answer, **{str(status): _error(status, messages[status]) for status in sorted(messages)}}


def _error(status: int, messages: Mapping[str, str]) -> Schema:
    examples = {name: {"value": {"error": text}} for name, text in messages.items()}
    return {
        "description": _DESCRIPTIONS[status],
        "headers": {**_NO_STORE, **_HEADERS.get(status, {})},
        "content": {"application/json": {"schema": ref("Error"), "examples": examples}},
    }
