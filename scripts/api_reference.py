"""`make schema`: write docs/openapi.json and docs/api-reference.md from the code."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT, REFERENCE = ROOT / "docs" / "openapi.json", ROOT / "docs" / "api-reference.md"

_HEAD = """# API reference

<!-- Made by `make schema` from the code. -->

Every endpoint of the REST API with its parameters, answers and errors. [REST API](api.md) says what the numbers mean.
The same as an OpenAPI 3.1 document: [openapi.json](openapi.json), and `GET /api/v1/org/schema` on your site.
"""


def document_text(document: dict[str, Any]) -> str:
    """The text of docs/openapi.json."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def reference_text(document: dict[str, Any]) -> str:
    """The text of docs/api-reference.md."""
    return "\n".join(_lines(document))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield _HEAD
    yield "## All endpoints\n"
    _purpose, _, rules = document["info"]["description"].partition("\n\n")
    yield f"{rules}\n"
    yield from _authentication(document["components"]["securitySchemes"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _endpoint(f"{method.upper()} {path}", operation)
    yield "## Objects\n"
    yield "A key is always there unless its row says *optional*. An object has no other keys.\n"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _object(name, schema)


def _authentication(schemes: dict[str, Any]) -> Iterator[str]:
    yield "| Authentication | Sent as | Meaning |\n|---|---|---|"
    for name, scheme in schemes.items():
        yield f"| {name} | {scheme['in']} `{scheme['name']}` | {scheme['description']} |"
    yield ""


def _endpoint(title: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{operation['description']}\n"
    if parameters := operation.get("parameters"):
        yield "| Parameter | Value | Meaning |\n|---|---|---|"
        for parameter in parameters:
            yield f"| `{parameter['name']}` | {_kind(parameter['schema'])} | {parameter['description']} |"
        yield ""
    if body := operation.get("requestBody"):
        yield f"Body: {_kind(_media(body)['schema'])}\n"
    answer = _media(operation["responses"]["200"])
    yield f"Answer: {_kind(answer['schema'])}\n"
    yield f"```json\n{json.dumps(answer['example'], indent=2, ensure_ascii=False)}\n```\n"
    yield "| Status | Messages | When |\n|---|---|---|"
    for status, response in operation["responses"].items():
        if status != "200":
            messages = [example["value"]["error"] for example in _media(response)["examples"].values()]
            yield f"| {status} | {'<br>'.join(f'`{message}`' for message in messages)} | {response['description']} |"
    yield ""


def _object(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if description := schema.get("description"):
        yield f"{description}\n"
    properties = schema.get("properties")
    if not properties:
        yield f"{_sentence(_kind(schema))}\n"
        return
    yield "| Key | Value | Meaning |\n|---|---|---|"
    for key, value in properties.items():
        notes = [] if key in schema.get("required", []) else ["*optional*"]
        notes += [value["description"]] if "description" in value else []
        yield f"| `{key}` | {_kind(value)} | {': '.join(notes)} |"
    yield ""


def _media(response: dict[str, Any]) -> dict[str, Any]:
    media: dict[str, Any] = response["content"]["application/json"]
    return media


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _kind(schema: dict[str, Any]) -> str:
    """The kind of value that a schema allows, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_kind(choice) for choice in schema[key])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_simple_kind(name, schema) for name in types)


def _simple_kind(name: str, schema: dict[str, Any]) -> str:
    if name == "array":
        most = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list of {_kind(schema['items'])}{most}"
    if name == "object":
        more = schema.get("additionalProperties")
        return f"object of {_kind(more)} by name" if isinstance(more, dict) else "object"
    if name == "string":
        return {"date": "date", "date-time": "date and time"}.get(schema.get("format", ""), _text_kind(schema))
    if name == "integer":
        return f"whole number{_bounds(schema)}"
    return f"{name}{_bounds(schema)}"


def _text_kind(schema: dict[str, Any]) -> str:
    return f"text of at most {schema['maxLength']} characters" if "maxLength" in schema else "text"


def _bounds(schema: dict[str, Any]) -> str:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None and highest is not None:
        return f" from {lowest} to {highest}"
    return f" from {lowest}" if lowest is not None else ""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    import django

    django.setup()
    from org_analytics.api.schema.document import openapi_document

    document = openapi_document()
    DOCUMENT.write_text(document_text(document), encoding="utf-8")
    REFERENCE.write_text(reference_text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
