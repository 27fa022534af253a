"""A filter set for a host's own pages about sessions."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from ..models import CodingSession
from ..reporting.people import selected_user_ids
from ..reporting.selected_sessions import select_sessions
from ..reporting.selection import Selection
from .forms import SelectionForm


class SessionFilterSet(django_filters.FilterSet):
    """Filter any queryset of sessions by the parameters of the organization page.

    `SessionFilterSet(request.GET, CodingSession.objects.all()).qs`: sessions that started in `range`, or from `start`
    to `end` (days of the reporting time zone; by default the last 7 days), of `provider`, `repo` (forks count for their
    root), `include_no_repo`, `team` and `person`. A bad value has its default, and a message in `form.errors`.
    """

    class Meta:
        model = CodingSession
        fields: list[str] = []
        form = SelectionForm

    @property
    def selection(self) -> Selection:
        """The selection, for the reports: the same sessions, if the queryset has those of all members."""
        self.is_valid()
        selection: Selection = self.form.cleaned_data["selection"]
        return selection

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        selection = self.selection
        sessions = select_sessions(queryset, selection)
        return sessions.filter(user__in=selected_user_ids(selection)) if selection.selects_people else sessions
