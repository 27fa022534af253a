"""Parses JSON as agents write it: lines, values of database rows, and files with one object."""

import json
from typing import Any

MAX_SIZE = 16 * 1024 * 1024
NOT_AN_OBJECT = "not a JSON object"

_BLANK = " \t\r\n"  # what JSON allows around a value


def _refuse(constant: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


_raw_decode = json.JSONDecoder(parse_constant=_refuse).raw_decode


def parse(text: str) -> Any:
    """The value of a JSON text. Raises ValueError or RecursionError.

    `JSONDecoder.decode` takes longer: it searches for the blanks around the value with regular expressions.
    """
    text = text.strip(_BLANK)
    value, end = _raw_decode(text)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def parse_at(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends; None where there is none."""
    try:
        return _raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at + 1


def parse_object(value: object) -> dict[str, Any] | None:
    """The object in a text or in UTF-8 bytes; None for anything else."""
    try:
        if type(value) is bytes:
            value = value.decode()
        parsed = parse(value) if type(value) is str and len(value) <= MAX_SIZE else None
    except (ValueError, RecursionError):
        return None
    return parsed if type(parsed) is dict else None


def read_object(path: str) -> dict[str, Any] | None:
    """The object in a file. Raises OSError if the file cannot be read."""
    with open(path, "rb") as file:
        return parse_object(file.read(MAX_SIZE + 1))
