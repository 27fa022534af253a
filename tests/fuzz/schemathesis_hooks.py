"""What schemathesis must not report, each with the rule that it contradicts, and a check of our own."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from jsonschema import Draft202012Validator
from schemathesis.core.failures import AcceptedNegativeData, Failure, ResponseTimeExceeded
from schemathesis.openapi.checks import RejectedPositiveData

from tests.fuzz.site import MAX_SECONDS, REPEATS

# Rules that the schema of one parameter cannot say.
_NOT_IN_THE_SCHEMA = {
    # Contract section 3: about two parameters, or about bytes.
    "end_ts must be after start_ts",
    "Date range cannot exceed 90 days",
    "repo filter value exceeds maximum length of 512",
    # The site decides whether keys of users are numbers or texts.
    "Invalid person",
    # Only a text from an answer is a cursor.
    "Invalid cursor",
}


def _breaks_a_rule_that_no_schema_can_say(failure: Failure, case: Any, response: Any) -> bool:
    is_rejected = isinstance(failure, RejectedPositiveData) and response.status_code == 400
    return is_rejected and response.json()["error"] in _NOT_IN_THE_SCHEMA


def _is_valid_once_what_the_contract_ignores_is_gone(failure: Failure, case: Any, response: Any) -> bool:
    """Contract section 3: an empty parameter has its default, the first of repeated ones counts, unknown ones and empty
    items of lists are ignored, items are trimmed and lower-cased, and `+5` is an integer.
    """
    if not isinstance(failure, AcceptedNegativeData) or case.method != "GET":
        return False
    sent = parse_qs(urlsplit(response.request.url).query)  # without the empty ones
    document = case.operation.schema.raw_schema
    operation = document["paths"][case.operation.path]["get"]
    return all(
        Draft202012Validator({**parameter["schema"], "components": document["components"]}).is_valid(
            _value(sent[parameter["name"]][0], parameter["schema"])
        )
        for parameter in operation.get("parameters", [])
        if parameter["name"] in sent
    )


def _value(text: str, schema: dict[str, Any]) -> Any:
    """A parameter as the API reads it."""
    if schema["type"] == "array":
        return [item.strip().lower() for item in text.split(",") if item.strip()]
    if schema["type"] == "integer":
        return int(text) if re.fullmatch("[+-]?[0-9]{1,32}", text) else text
    return text


def _has_an_invalid_row(failure: Failure, case: Any, response: Any) -> bool:
    """The write API answers 200 and names the bad rows: one of them does not stop the others."""
    is_accepted = isinstance(failure, AcceptedNegativeData) and response.status_code == 200
    return is_accepted and case.method == "POST" and '"invalid"' in response.text


def _has_a_git_info_that_names_no_repository(failure: Failure, case: Any, response: Any) -> bool:
    """Contract section 6: anything malformed in `git_info` means "names none", never an error."""
    if not isinstance(failure, AcceptedNegativeData) or case.method != "POST":
        return False
    rows = case.body.get("sessions") if isinstance(case.body, dict) else None
    if not isinstance(rows, list):
        return False
    others = [{**row, "git_info": None} if isinstance(row, dict) else row for row in rows]
    document = case.operation.schema.raw_schema
    schema = {"$ref": "#/components/schemas/Sessions", "components": document["components"]}
    return Draft202012Validator(schema).is_valid({**case.body, "sessions": others})


def _is_slow_only_now(failure: Failure, case: Any, response: Any) -> bool:
    """Other work on the machine makes an answer slow once: of the same request's answers, the fastest counts."""
    if not isinstance(failure, ResponseTimeExceeded):
        return False
    return min(case.call().elapsed for _ in range(REPEATS)) <= MAX_SECONDS


EXCEPTIONS: tuple[Callable[[Failure, Any, Any], bool], ...] = (
    _breaks_a_rule_that_no_schema_can_say,
    _is_valid_once_what_the_contract_ignores_is_gone,
    _has_an_invalid_row,
    _has_a_git_info_that_names_no_repository,
    _is_slow_only_now,
)


@schemathesis.hook
def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    return not any(is_exception(failure, case, response) for is_exception in EXCEPTIONS)
