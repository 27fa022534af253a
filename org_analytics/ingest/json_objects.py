"""Reads JSON objects that do not stand in JSON Lines: values of database rows, and files with one object."""

import json
from typing import Any

from .jsonl import MAX_LINE

NOT_AN_OBJECT = "not a JSON object"


def _refuse(constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def parse_object(value: object) -> dict[str, Any] | None:
    """The object in a text or in UTF-8 bytes; None for anything else."""
    try:
        if type(value) is bytes:
            value = value.decode()
        parsed = _decode(value) if type(value) is str and len(value) <= MAX_LINE else None
    except (ValueError, RecursionError):
        return None
    return parsed if type(parsed) is dict else None


def read_object(path: str) -> dict[str, Any] | None:
    """The object in a file. Raises OSError if the file cannot be read."""
    with open(path, "rb") as file:
        return parse_object(file.read(MAX_LINE + 1))
