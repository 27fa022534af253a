"""The parameters of the query string (contract section 3)."""

from ...choices import Provider
from ...limits import FIRST_TIMESTAMP, LAST_TIMESTAMP, MAX_DAYS, MAX_REPO_BYTES, MAX_TEAM, MAX_TZ_OFFSET, MAX_VALUES
from ...periods import Interval
from ...reporting.groups import Grouping
from .parts import Schema, list_of, ref


def _parameter(name: str, description: str, schema: Schema, **more: object) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


# Values are separated by commas.
_COMMA_SEPARATED = {"style": "form", "explode": False}
_PRINTABLE = r"^[^,\u0000-\u001f\u007f-\u009f]+$"
_TIMESTAMP = {"type": "integer", "format": "int64", "minimum": FIRST_TIMESTAMP, "maximum": LAST_TIMESTAMP}

START = _parameter(
    "start_ts",
    "Start of the range in epoch seconds, inclusive. Default: UTC midnight seven days ago.",
    _TIMESTAMP,
    example=1_781_049_600,
)
END = _parameter(
    "end_ts",
    f"End of the range in epoch seconds, exclusive. Default: UTC midnight tomorrow. At most {MAX_DAYS} days after the "
    "start, plus one hour for a clock change in autumn.",
    _TIMESTAMP,
    example=1_781_740_800,
)
TZ_OFFSET = _parameter(
    "tz_offset",
    "Minutes, as JavaScript's `getTimezoneOffset()` returns them. Only `date_range` depends on it.",
    {"type": "integer", "minimum": -MAX_TZ_OFFSET, "maximum": MAX_TZ_OFFSET, "default": 0},
    example=-120,
)
PROVIDER = _parameter(
    "provider",
    "Only sessions of these agents. Default: all.",
    {**list_of(ref("Provider")), "maxItems": MAX_VALUES},
    **_COMMA_SEPARATED,
    example=["codex", "cursor"],
)
REPOS = _parameter(
    "repos",
    f"Only sessions of these repositories, in any case, each of at most {MAX_REPO_BYTES} bytes of UTF-8. A fork's name "
    "means its root. Sessions without a repository stay included unless `include_no_repo` is false. Default: all.",
    {**list_of({"type": "string", "pattern": "^[^,\\u0000]+$", "maxLength": MAX_REPO_BYTES}), "maxItems": MAX_VALUES},
    **_COMMA_SEPARATED,
    example=["acme/api"],
)
INCLUDE_NO_REPO = _parameter(
    "include_no_repo",
    "Whether to count sessions without a repository.",
    {"type": "string", "enum": ["true", "1", "false", "0"], "default": "true"},
)
TEAM = _parameter(
    "team",
    "Only people in one of these teams; `-` means people without a team. May be repeated. Ignored if the site has no "
    "teams (`ORG_ANALYTICS_TEAMS`). Default: all.",
    {**list_of({"type": "string", "pattern": _PRINTABLE, "maxLength": MAX_TEAM}), "maxItems": MAX_VALUES},
    **_COMMA_SEPARATED,
    example=["Platform"],
)
PERSON = _parameter(
    "person",
    "Only these people. May be repeated. Default: all.",
    {**list_of(ref("UserId")), "maxItems": MAX_VALUES},
    **_COMMA_SEPARATED,
    example=[7],
)
CURSOR = _parameter(
    "cursor",
    "`next_cursor` of the part before. Default: the first part.",
    {"type": "string"},
)
GROUP_BY = _parameter(
    "group_by",
    "What the rows are. `team` only if the site has teams (`ORG_ANALYTICS_TEAMS`). Weeks begin on Monday.",
    {"type": "string", "enum": list(Grouping), "default": Grouping.PERSON.value},
)
INTERVAL = _parameter(
    "interval",
    "The length of a bucket. Weeks begin on Monday.",
    {"type": "string", "enum": list(Interval), "default": Interval.DAY.value},
)

PERSON_ID: Schema = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of the person, or `me`: the caller.",
    "schema": {"type": "string"},
    "example": "me",
}
SESSION_ID: Schema = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of the session.",
    "schema": {"type": "string"},
    "example": "4711",
}

RANGE = (START, END, TZ_OFFSET)
SELECTION = (*RANGE, PROVIDER, REPOS, INCLUDE_NO_REPO, TEAM, PERSON)

UNAVAILABLE = {"timeout": "Query took too long", "database": "Database unavailable"}
RANGE_ERRORS = {
    "start": "Invalid start_ts",
    "end": "Invalid end_ts",
    "offset": "Invalid tz_offset",
    "order": "end_ts must be after start_ts",
    "length": f"Date range cannot exceed {MAX_DAYS} days",
    "count": "Too many parameters",
}
SELECTION_ERRORS = {
    **RANGE_ERRORS,
    "provider": f'unknown provider "windsurf": must be one of {", ".join(Provider.values)}',
    "providers": f"provider filter exceeds maximum of {MAX_VALUES} values",
    "repos": f"repo filter exceeds maximum of {MAX_VALUES} values",
    "repo": f"repo filter value exceeds maximum length of {MAX_REPO_BYTES}",
    "nul": "Invalid repos",
    "flag": "Invalid include_no_repo",
    "team": "Invalid team",
    "person": "Invalid person",
}
