"""The sessions of a selection as a queryset, for lists of single sessions."""

from collections import Counter
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce

from .selection import Selection
from .split_ranges import repo_rule


class Present(NamedTuple):
    """What the sessions of a range have: the number of sessions by root repository, and the providers."""

    repos: Counter[str]
    providers: frozenset[str]


def select_sessions(sessions: QuerySet[Any], selection: Selection) -> QuerySet[Any]:
    """Those of these sessions that the selection's range, providers and repositories cover."""
    _days_rule, sessions_rule = repo_rule(selection, sessions.db)
    sessions = sessions.filter(sessions_rule, started_at__gte=selection.start, started_at__lt=selection.end)
    return sessions.filter(provider__in=selection.providers) if selection.providers else sessions


def present_in(sessions: QuerySet[Any], selection: Selection) -> Present:
    """The repositories and providers of these sessions in the selection's range, whatever others it selects."""
    started = sessions.order_by().filter(started_at__gte=selection.start, started_at__lt=selection.end)
    groups = started.values("provider", path=Coalesce("repo__root__path", "repo__path")).annotate(number=Count("pk"))
    repos: Counter[str] = Counter()
    for group in groups:
        if group["path"] is not None:
            repos[group["path"]] += group["number"]
    return Present(repos, frozenset(group["provider"] for group in groups))
