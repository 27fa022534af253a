"""The page of a person: their totals, breakdowns and, for those who may see them, their sessions."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from ..conf import app_settings
from ..logs import access_log
from ..logs.access_log import View
from ..reporting.groups import Grouping, PersonReport
from ..reporting.members import Person, parse_user_id
from ..reporting.selection import Selection
from ..reporting.session_cursor import InvalidCursorError
from ..reporting.session_list import SessionListing, SessionPart, count_sessions, list_sessions
from ..reporting.session_order import SessionOrder
from ..reporting.snapshots import snapshot
from ..reporting.visibility import ME, find_person, sees_sessions_of
from .accesses import make_access_lines
from .base import NOT_FOUND, FiguresView
from .breadcrumb import organization_breadcrumb
from .data import read_person
from .filters import SessionListFilters
from .header import results_summary
from .labels import person_label
from .panels import make_panel
from .session_table import counts_note, make_session_columns, make_session_line
from .state import SessionListState


class PersonView(FiguresView[SessionListState]):
    """The page of one person; `me` is the reader."""

    filterset_class = SessionListFilters

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with snapshot():
            selection = self.selection
            if self.wants_repositories:
                return self.repositories(selection)
            report, overview = read_person(self.state, selection, self.person)
            sessions = self._sessions_context() if self.shows_sessions else {}
            accesses = make_access_lines(self.person.id, app_settings.time_zone) if self.is_about_reader else None
        access_log.record(
            request.user,
            View.PERSON,
            selection=selection,
            owner=self.person,
            row_count=len(sessions.get("sessions", ())),
        )
        context = {
            **self.figures_context(overview),
            **self._person_context(report),
            **sessions,
            "accesses": accesses,
            "summary": results_summary(overview.totals, Grouping.PERSON, 1),
        }
        return self.render("org_analytics/person.html", context, status=400 if self.errors else 200)

    @cached_property
    def person(self) -> Person:
        """The person of the page. Raises the same Http404 for a malformed id, an unknown one and a user who left."""
        person = find_person(self.kwargs["id"], self.request.user)
        if person is None:
            raise Http404(NOT_FOUND)
        return person

    @property
    def is_own_page(self) -> bool:
        """Whether the address is that of the reader's own page."""
        is_own: bool = self.kwargs["id"] == ME
        return is_own

    @property
    def is_about_reader(self) -> bool:
        """Whether the person is the reader, by whichever address."""
        return self.person.id == parse_user_id(self.request.user.pk)

    @property
    def selection(self) -> Selection:
        """The sessions of this person; filters of people only lead back to where one came from."""
        return replace(self.state.selection, teams=(), people=(self.person.id,))

    @property
    def shows_sessions(self) -> bool:
        return sees_sessions_of(self.person.id, self.request.user)

    @property
    def page_url(self) -> str:
        if self.is_own_page:
            return reverse("org_analytics:me")
        return reverse("org_analytics:person", args=[self.kwargs["id"]])

    @property
    def heading(self) -> str:
        return person_label(self.person)

    def _person_context(self, report: PersonReport) -> dict[str, Any]:
        """Return who this is, and what they used."""
        person, state = self.person, self.state
        return {
            "breadcrumb": organization_breadcrumb(state),
            "subheading": person.email if person.name else "",
            "panels": [
                make_panel(grouping, rows, person.id, state)
                for grouping, rows in (
                    (Grouping.REPO, report.repos),
                    (Grouping.PROVIDER, report.providers),
                    (Grouping.MODEL, report.models),
                )
            ],
            "skip_target": "sessions",
            "skip_label": _("Skip to the sessions"),
        }

    def _sessions_context(self) -> dict[str, Any]:
        """Return one part of the list of sessions."""
        state, zone = self.state, app_settings.time_zone
        listing = SessionListing(self.person, self.selection, SessionOrder.parse(state.order), state.search)
        part = self._part(listing)
        return {
            "shows_sessions": True,
            "session_columns": make_session_columns(state),
            "sessions": [make_session_line(session, state, zone) for session in part.sessions],
            "sessions_note": counts_note(count_sessions(listing)),
            "session_search": self.raw_value("q") if "q" in self.errors else state.search,
            "first_part": state.query(cursor="") if state.cursor else None,
            "next_part": state.query(cursor=part.next_cursor) if part.next_cursor else None,
        }

    def _part(self, listing: SessionListing) -> SessionPart:
        """Read the part of the list that the address names, or the first one where its cursor is not valid."""
        try:
            return list_sessions(listing, self.state.cursor)
        except InvalidCursorError:
            self.errors["cursor"] = _("This part of the list cannot be found. The list begins again.")
            return list_sessions(listing)
