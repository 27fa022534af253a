"""Who looked at the reader's numbers, as their own page shows it."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..conf import app_settings
from ..logs.access_log import accesses_to
from .formats import format_moment
from .labels import person_label

_MOST_SHOWN = 20


class AccessLine(NamedTuple):
    """One answer about the reader that somebody else got."""

    at: str
    reader: str
    view: str


def make_access_lines(user_id: Any, zone: ZoneInfo) -> list[AccessLine] | None:
    """Return the newest lines; None if no access log is kept."""
    if not app_settings.access_log:
        return None
    return [
        AccessLine(format_moment(access.at, zone), person_label(access.reader), str(access.view.label))
        for access in accesses_to(user_id, _MOST_SHOWN)
    ]
