"""The OpenAPI document of the REST API."""

from typing import Any

from ... import __version__
from .breakdowns import BREAKDOWN, PERSON_USAGE
from .parts import SHARED_SCHEMAS, Endpoint, Schema
from .recording import RECORDING
from .reports import ANALYTICS, REPOS, SERIES
from .responses import responses_of
from .sessions import SESSION, SESSION_LIST
from .site import PRICES, SCHEMA

ENDPOINTS = (ANALYTICS, BREAKDOWN, REPOS, SERIES, PERSON_USAGE, SESSION_LIST, SESSION, RECORDING, PRICES, SCHEMA)

_DESCRIPTION = """Usage of AI coding agents in an organization: sessions, costs and times.

Endpoints that answer `GET` also answer `HEAD`, and all answer `OPTIONS`. URLs have no trailing slash. If a parameter is
repeated, the first value is used, unless its description says otherwise. An empty parameter has its default. Unknown
parameters are ignored.

Errors are checked in the order 404 (off), 401, 403, 429, 405, 415, 413, 400."""
_SECURITY_SCHEMES = {
    "SessionCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The login of the site. A site may name the cookie differently.",
    },
    "TokenHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token <key>` in the example project. A site may have other schemes, such as `Bearer`; the "
        "header `WWW-Authenticate` of a 401 names them.",
    },
}


def openapi_document(server: str = "/") -> dict[str, Any]:
    """The document. `server` is the address to which the paths are appended."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Organization analytics",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server}],
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "paths": _paths(),
        "components": {"schemas": all_schemas(), "securitySchemes": _SECURITY_SCHEMES},
    }


def all_schemas() -> dict[str, Schema]:
    """Every named schema."""
    schemas = dict(SHARED_SCHEMAS)
    for endpoint in ENDPOINTS:
        schemas.update(endpoint.schemas)
    return schemas


def operation_of(endpoint: Endpoint) -> Schema:
    """The OpenAPI operation of an endpoint, without security."""
    operation: Schema = {
        "operationId": f"org_analytics_{endpoint.name}",
        "summary": endpoint.summary,
        "description": endpoint.description,
        "tags": ["org_analytics"],
    }
    if endpoint.parameters:
        operation["parameters"] = list(endpoint.parameters)
    if endpoint.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": endpoint.body}}}
    return {**operation, "responses": responses_of(endpoint)}


def _paths() -> dict[str, Schema]:
    paths: dict[str, Schema] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = operation_of(endpoint)
    return paths
