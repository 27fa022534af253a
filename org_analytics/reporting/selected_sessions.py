"""The sessions of a selection as a queryset, for lists of single sessions."""

from typing import Any

from django.db.models import QuerySet

from .selection import Selection
from .split_ranges import repo_rule


def select_sessions(sessions: QuerySet[Any], selection: Selection) -> QuerySet[Any]:
    """Those of these sessions that the selection's range, providers and repositories cover."""
    _days_rule, sessions_rule = repo_rule(selection, sessions.db)
    sessions = sessions.filter(sessions_rule, started_at__gte=selection.start, started_at__lt=selection.end)
    return sessions.filter(provider__in=selection.providers) if selection.providers else sessions
