"""Strict JSON: refuses whatever is ambiguous or cannot be stored exactly. Pure: no Django."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any


class InvalidJSONError(ValueError):
    """Invalid JSON. The message says why and where, and repeats nothing of the text."""


def parse(raw: bytes) -> Any:
    """Parse one JSON text in UTF-8. Numbers with a point or exponent are Decimals. Raises InvalidJSONError."""
    try:
        return _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJSONError(f"Not UTF-8 at byte {error.start + 1}.") from None
    except json.JSONDecodeError as error:
        raise InvalidJSONError(f"Not JSON at character {error.pos + 1}.") from None
    except RecursionError:
        raise InvalidJSONError("Nested too deeply.") from None
    except InvalidOperation:
        raise InvalidJSONError("Contains a number that is out of range.") from None
    except InvalidJSONError:
        raise
    except ValueError:  # Python's limit on the digits of an integer
        raise InvalidJSONError("Contains a number with too many digits.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise InvalidJSONError("Contains an object with a duplicate name.")
    return made


def _constant(name: str) -> Any:
    raise InvalidJSONError(f"Contains {name}, which is not JSON.")


_decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_object)
