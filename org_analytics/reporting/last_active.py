"""The day on which people were last active."""

from datetime import date
from typing import Any

from django.db.models import Max, Q

from ..conf import app_settings
from .members import json_id
from .people import selected_user_ids
from .selection import Selection
from .snapshots import snapshot
from .split_ranges import SplitRange, repo_rule


def last_active_days(selection: Selection) -> dict[int | str, date]:
    """The day, in the reporting time zone, of the last counted session of each selected person who has one."""
    chosen = Q(provider__in=selection.providers) if selection.providers else Q()
    with snapshot() as using:
        if selection.selects_people:
            chosen &= Q(user__in=selected_user_ids(selection))
        of_days, of_sessions = repo_rule(selection, using)
        parts = SplitRange.load(selection, using, app_settings.time_zone, (of_days & chosen, of_sessions & chosen))
        sessions: Any = parts.sessions
        rows: list[tuple[Any, date]] = parts.union(
            lambda: parts.days.filter(session_count__gt=0).values("user_id").annotate(last=Max("day")),
            lambda: sessions.analyzed().annotate(day=parts.session_day()).values("user_id").annotate(last=Max("day")),
            ("user_id", "last"),
        )
        found: dict[int | str, date] = {}
        for user, day in rows:
            key = json_id(user)
            found[key] = max(day, found.get(key, day))
    return found
