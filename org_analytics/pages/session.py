"""The page of one session: its numbers, models and recap, for those who may see it."""

from dataclasses import replace
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from ..conf import app_settings
from ..logs import access_log
from ..logs.access_log import View
from ..reporting.session_detail import SessionDetail, find_session
from ..reporting.session_list import Neighbours, SessionListing, neighbours
from ..reporting.session_order import SessionOrder
from ..reporting.session_urls import session_url
from ..reporting.snapshots import snapshot
from .base import NOT_FOUND, PageView
from .breadcrumb import organization_breadcrumb
from .figures import LABELS
from .filters import SessionListFilters
from .formats import UNKNOWN, format_count, format_moment, format_money
from .groupings import person_url
from .labels import person_label, provider_label
from .messages import list_errors
from .panels import repo_url
from .recaps import recap_parts
from .session_table import fork_of, session_numbers, session_title
from .state import TOKEN_COLUMNS, SessionListState


class ModelLine(NamedTuple):
    """The usage of one model in the session, as text."""

    model: str
    cost: str
    counts: list[str]


class SessionView(PageView[SessionListState]):
    """The page of one session. Its parameters are those of the list from which one came."""

    filterset_class = SessionListFilters

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with snapshot():
            detail = self.detail
            beside = neighbours(self._listing(detail), detail.session.id)
        access_log.record(request.user, View.SESSION, owner=detail.owner, session_id=detail.session.id, row_count=1)
        context = {**self._list_context(detail, beside), **self._session_context(detail)}
        return self.render("org_analytics/session.html", context, status=400 if self.errors else 200)

    @cached_property
    def detail(self) -> SessionDetail:
        """The session. Raises the same Http404 for one that there is not and one that the reader may not see."""
        detail = find_session(self.kwargs["id"], self.request.user)
        if detail is None:
            raise Http404(NOT_FOUND)
        return detail

    @property
    def page_url(self) -> str:
        return reverse("org_analytics:session", args=[self.kwargs["id"]])

    @property
    def heading(self) -> str:
        return session_title(self.detail.session)

    def _listing(self, detail: SessionDetail) -> SessionListing:
        """Return the list from which one came."""
        state = self.state
        selection = replace(state.selection, teams=(), people=())
        return SessionListing(detail.owner, selection, SessionOrder.parse(state.order), state.search)

    def _list_context(self, detail: SessionDetail, beside: Neighbours) -> dict[str, Any]:
        """Return the way back to the list, and to the sessions before and after this one."""
        state = self.state
        back = person_url(detail.owner.id) + state.query(cursor=state.cursor)
        before, after = (
            reverse("org_analytics:session", args=[pk]) + state.query(cursor=state.cursor) if pk else None
            for pk in (beside.previous, beside.next)
        )
        return {
            "breadcrumb": [*organization_breadcrumb(state), (person_label(detail.owner), back)],
            "back": back,
            "before": before,
            "after": after,
            "other_errors": list_errors(self.errors),
        }

    def _session_context(self, detail: SessionDetail) -> dict[str, Any]:
        """Return what is known of the session."""
        session, state, zone = detail.session, self.state, app_settings.time_zone
        return {
            "session": session,
            "provider_label": provider_label(session.provider),
            "started": format_moment(session.started_at, zone),
            "ended": format_moment(session.ended_at, zone) if session.ended_at else "",
            "zone": zone,
            "root_url": repo_url(session.root, state) if session.root else "",
            "fork": fork_of(session),
            "numbers": session_numbers(session),
            "count_labels": [LABELS[name] for name in TOKEN_COLUMNS],
            "models": [_model_line(usage) for usage in detail.models],
            "recap": detail.recap,
            "recap_parts": recap_parts(detail.recap) if detail.recap else [],
            "recap_computed": format_moment(detail.recap.computed_at, zone) if detail.recap else "",
            "host_url": session_url(detail.stored, self.request),
        }


def _model_line(usage: Any) -> ModelLine:
    counts = (getattr(usage, name) for name in TOKEN_COLUMNS)
    return ModelLine(
        model=usage.model,
        cost=_("unpriced") if usage.cost_usd is None else format_money(usage.cost_usd),
        counts=[UNKNOWN if count is None else format_count(count) for count in counts],
    )
