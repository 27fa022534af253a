"""The page's view as a file: every row, unlocalised, costs unrounded, streamed row by row."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from ..conf import app_settings
from ..money import format_exact
from ..periods import local_rfc3339, rfc3339
from ..reporting.reports import Report
from ..reporting.usage import Usage
from .figures import Figures
from .state import PageState
from .table import TableRow

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MAX_NAME = 150


def csv_lines(table: Sequence[TableRow], report: Report, state: PageState, computed_at: datetime) -> Iterator[str]:
    """A head with units, then one line a person. Unknown values are empty."""
    writer = csv.writer(_Echo())
    yield writer.writerow(["user_id", "email", "name", *_numbers(Figures(Usage()))])
    for row in table:
        texts = [row.person.id, row.person.email, row.person.name or ""]
        yield writer.writerow([*map(neutral, texts), *_numbers(row.figures).values()])


def json_chunks(table: Sequence[TableRow], report: Report, state: PageState, computed_at: datetime) -> Iterator[str]:
    """One object: the view, everyone's totals, and the people in the view's order. Unknown values are null."""
    head = {**_view(state, computed_at), "totals": _numbers(Figures(report.totals))}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "users": ['
    for place, row in enumerate(table):
        person = {"id": row.person.id, "email": row.person.email, "name": row.person.name}
        yield (",\n" if place else "\n") + json.dumps({**person, **_numbers(row.figures)}, ensure_ascii=False)
    yield "\n]}\n"


def file_name(state: PageState, extension: str) -> str:
    """Range, zone and filters, in letters that every file system takes."""
    selection = state.selection
    repos = selection.repos if len(selection.repos) < 3 else [f"{len(selection.repos)} repos"]
    parts = [
        "organization",
        f"{selection.days.first}_{selection.days.last}",
        app_settings.time_zone.key,
        *selection.providers,
        *repos,
        "" if selection.include_no_repo else "with repository",
        selection.person,
        "active" if state.hides_idle else "",
    ]
    slugs = [slugify(part.replace("/", "-")) for part in parts]
    return f"{'-'.join(filter(None, slugs))[:_MAX_NAME]}.{extension}"


def neutral(value: Any) -> Any:
    """Text that a spreadsheet takes for text; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _numbers(figures: Figures) -> dict[str, Any]:
    return {
        "session_count": figures.sessions,
        "unpriced_session_count": figures.unpriced,
        "total_cost_usd": _cost(figures.total("cost")),
        "total_duration_ms": figures.total("duration"),
        "total_assistant_time_ms": figures.total("assistant"),
        "total_user_time_ms": figures.total("user_time"),
        "avg_cost_usd": _cost(figures.avg_cost),
        "avg_duration_ms": figures.avg_duration,
        "avg_assistant_time_ms": figures.avg_assistant,
        "avg_user_time_ms": figures.avg_user,
    }


def _cost(amount: Decimal | int | None) -> str | None:
    return None if amount is None else format_exact(Decimal(amount))


def _view(state: PageState, computed_at: datetime) -> dict[str, Any]:
    selection, zone = state.selection, app_settings.time_zone
    return {
        "computed_at": rfc3339(computed_at),
        "start": local_rfc3339(selection.start, zone),
        "end": local_rfc3339(selection.end, zone),
        "time_zone": zone.key,
        "filters": {
            "providers": list(selection.providers),
            "repos": list(selection.repos),
            "include_no_repo": selection.include_no_repo,
            "person": selection.person,
            "only_with_sessions": state.hides_idle,
        },
    }


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
