"""JSON from elsewhere, read strictly: what could be misunderstood or not kept exactly is refused. No Django import."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any


class InvalidJSONError(ValueError):
    """Not JSON as we take it; the message says why and where, and repeats nothing of the text."""


def parse(raw: bytes) -> Any:
    """The value of one JSON text in UTF-8, numbers with a point or exponent as Decimals. Raises BadJson."""
    try:
        return _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidJSONError(f"Not UTF-8 at byte {error.start + 1}.") from None
    except json.JSONDecodeError as error:
        raise InvalidJSONError(f"Not JSON at character {error.pos + 1}.") from None
    except RecursionError:
        raise InvalidJSONError("Nested too deeply.") from None
    except InvalidOperation:
        raise InvalidJSONError("Holds a number beyond reason.") from None
    except InvalidJSONError:
        raise
    except ValueError:  # Python's limit on the digits of an integer
        raise InvalidJSONError("Holds a number with too many digits.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise InvalidJSONError("Holds an object with the same name twice.")
    return made


def _constant(name: str) -> Any:
    raise InvalidJSONError(f"Holds {name}, which is no JSON.")


_decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_object)
