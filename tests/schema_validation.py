"""Validation of the API's answers against its OpenAPI document."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from org_analytics.api.schema.document import openapi_document


@cache
def document() -> dict[str, Any]:
    return openapi_document()


def mistakes(value: Any, schema: dict[str, Any]) -> list[str]:
    """Why a JSON value is not what a schema of the document says; empty: it is."""
    with_components = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(with_components, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def answer_schema(path: str, status: int, method: str = "get") -> dict[str, Any]:
    """The schema of an answer. Raises KeyError for a status that the document does not name."""
    response = document()["paths"][path][method]["responses"][str(status)]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema
