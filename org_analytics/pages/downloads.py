"""The page's view as a file: every row, not localized, costs not rounded, streamed in pieces of many rows."""

import csv
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.utils.text import slugify

from ..conf import app_settings
from ..money import format_exact
from ..periods import local_rfc3339, rfc3339
from ..reporting.groups import Grouping
from ..reporting.usage import ModelSums, Usage
from .figures import Figures, ModelFigures
from .state import TOKEN_COLUMNS, OrganizationState
from .table import GroupRow, Row, TableRow

_FORMULA_SIGNS = ("=", "+", "-", "@")
_CONTROLS = {"\t", "\r", "\n"}
_MAX_NAME = 150
ROWS_A_PIECE = 500
# Without it Excel takes UTF-8 for the system's own encoding. Python reads such a file as utf-8-sig.
_BYTE_ORDER_MARK = "\ufeff"


def csv_lines(rows: Sequence[Row], grouping: Grouping = Grouping.PERSON) -> Iterator[str]:
    """Yield a heading with units, then one line per row. Unknown values are empty."""
    writer = csv.writer(_Echo())
    nothing = ModelFigures(Usage(), ModelSums()) if grouping is Grouping.MODEL else Figures(Usage())
    numbers = list(_numbers(nothing))
    is_by_person = grouping is Grouping.PERSON
    head = ["user_id", "email", "name", *numbers, "last_active"] if is_by_person else [str(grouping), *numbers]
    yield _BYTE_ORDER_MARK + writer.writerow(head)
    for row in rows:
        yield writer.writerow(_csv_values(row))


def _csv_values(row: Row) -> list[Any]:
    numbers = _numbers(row.figures).values()
    if isinstance(row, GroupRow):
        return [neutralize(row.key), *numbers]
    return [*map(neutralize, (row.person.id, row.person.email, row.person.name)), *numbers, row.last_active]


def json_chunks(rows: Sequence[Row], totals: Usage, state: OrganizationState, computed_at: datetime) -> Iterator[str]:
    """Yield one object: the view, the totals, and the rows in the view's order. Unknown values are null."""
    head = {**_view(state, computed_at), "totals": _numbers(Figures(totals))}
    is_by_person = state.grouping is Grouping.PERSON
    yield json.dumps(head, ensure_ascii=False)[:-1] + (', "users": [' if is_by_person else ', "rows": [')
    for place, row in enumerate(rows):
        identity = _person(row) if isinstance(row, TableRow) else {str(state.grouping): row.key}
        yield (",\n" if place else "\n") + json.dumps({**identity, **_numbers(row.figures)}, ensure_ascii=False)
    yield "\n]}\n"


def _person(row: TableRow) -> dict[str, Any]:
    last_active = row.last_active.isoformat() if row.last_active else None
    return {"id": row.person.id, "email": row.person.email, "name": row.person.name, "last_active": last_active}


def in_pieces(chunks: Iterator[str]) -> Iterator[str]:
    """Yield many chunks as one: a server sends each piece by itself."""
    while piece := "".join(islice(chunks, ROWS_A_PIECE)):
        yield piece


async def stream_async(chunks: Iterator[str]) -> AsyncIterator[str]:
    """Yield the chunks to a server that waits for each: Django would collect a plain iterator first, and warn."""
    for chunk in chunks:
        yield chunk


def file_name(state: OrganizationState, extension: str) -> str:
    """Return a name with range, zone and filters, in letters that every file system accepts."""
    selection = state.selection
    repos = selection.repos if len(selection.repos) < 3 else [f"{len(selection.repos)} repos"]
    parts = [
        "organization" if state.grouping is Grouping.PERSON else f"organization by {state.grouping}",
        f"{selection.days.first}_{selection.days.last}",
        app_settings.time_zone.key,
        *selection.providers,
        *repos,
        "" if selection.include_no_repo else "with repository",
        selection.person,
        *selection.teams,
        *map(str, selection.people),
        "active" if state.hides_idle else "",
    ]
    slugs = [slugify(part.replace("/", "-")) for part in parts]
    return f"{'-'.join(filter(None, slugs))[:_MAX_NAME]}.{extension}"


def neutralize(value: Any) -> Any:
    """Mark text that a spreadsheet would take for a formula as text; numbers stay numbers.

    Spreadsheets also take the full-width forms of the signs, and ignore invisible characters before them.
    """
    if not isinstance(value, str):
        return value
    first = next((character for character in value if not _is_invisible(character)), "")
    is_formula = first in _CONTROLS or unicodedata.normalize("NFKC", first).startswith(_FORMULA_SIGNS)
    return f"'{value}" if is_formula else value


def _is_invisible(character: str) -> bool:
    """Whether it is a zero-width space or joiner, a byte order mark, a direction mark or another format character."""
    return unicodedata.category(character) == "Cf"


def _numbers(figures: Figures) -> dict[str, Any]:
    tokens = {name: figures.value(name) for name in TOKEN_COLUMNS} if isinstance(figures, ModelFigures) else {}
    return {
        "session_count": figures.sessions,
        "unpriced_session_count": figures.unpriced,
        "total_cost_usd": _format_cost(figures.total("cost")),
        **tokens,
        "total_duration_ms": figures.total("duration"),
        "total_assistant_time_ms": figures.total("assistant"),
        "total_user_time_ms": figures.total("user_time"),
        "avg_cost_usd": _format_cost(figures.avg_cost),
        "avg_duration_ms": figures.avg_duration,
        "avg_assistant_time_ms": figures.avg_assistant,
        "avg_user_time_ms": figures.avg_user,
    }


def _format_cost(amount: Decimal | int | None) -> str | None:
    return None if amount is None else format_exact(Decimal(amount))


def _view(state: OrganizationState, computed_at: datetime) -> dict[str, Any]:
    selection, zone = state.selection, app_settings.time_zone
    return {
        "computed_at": rfc3339(computed_at),
        "start": local_rfc3339(selection.start, zone),
        "end": local_rfc3339(selection.end, zone),
        "time_zone": zone.key,
        "group_by": str(state.grouping),
        "filters": {
            "providers": list(selection.providers),
            "repos": list(selection.repos),
            "include_no_repo": selection.include_no_repo,
            "person": selection.person,
            "teams": list(selection.teams),
            "people": list(selection.people),
            "only_with_sessions": state.hides_idle,
        },
    }


class _Echo:
    """A file whose write() returns the text, so that csv.writer does too."""

    def write(self, text: str) -> str:
        return text
