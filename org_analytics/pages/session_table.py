"""The list of a person's sessions: its headings and rows, as the template shows them."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..reporting.session_list import SessionCounts
from ..reporting.session_rows import ShownSession
from .formats import UNKNOWN, format_at_least, format_count, format_duration, format_moment, format_money
from .labels import provider_label
from .panels import repo_url
from .state import SessionListState

# The columns in their order; those that `SessionOrder` knows can be sorted.
_LABELS = {
    "title": gettext_lazy("Title"),
    "provider": gettext_lazy("Provider"),
    "repo": gettext_lazy("Repository"),
    "started": gettext_lazy("Started"),
    "duration": gettext_lazy("Duration"),
    "assistant": gettext_lazy("Assistant time"),
    "user_time": gettext_lazy("User time"),
    "cost": gettext_lazy("Est. cost"),
}
_UNSORTED = {"provider", "repo"}
_NUMBERS = ("duration", "assistant", "user_time", "cost")


class SessionColumn(NamedTuple):
    """A heading; `query` is empty where the list cannot be sorted by it."""

    name: str
    label: str
    query: str
    sort: str
    is_number: bool


class SessionLine(NamedTuple):
    """One session as a row of the list."""

    title: str
    has_title: bool
    url: str
    recap_line: str
    provider: str
    provider_label: str
    root: str
    root_url: str
    fork: str
    started: str
    is_pending: bool
    numbers: list[str]


def make_session_columns(state: SessionListState) -> list[SessionColumn]:
    """Return the headings with the lists that a click on them leads to."""
    return [
        SessionColumn(name, str(label), _query_after_click(name, state), _aria_sort(name, state), name in _NUMBERS)
        for name, label in _LABELS.items()
    ]


def _query_after_click(name: str, state: SessionListState) -> str:
    if name in _UNSORTED:
        return ""
    ascends = state.is_descending if name == state.sorted_by else name == "title"
    order = name if ascends else f"-{name}"
    return state.query(o=order)


def _aria_sort(name: str, state: SessionListState) -> str:
    if name != state.sorted_by:
        return ""
    return "descending" if state.is_descending else "ascending"


def make_session_line(session: ShownSession, state: SessionListState, zone: ZoneInfo) -> SessionLine:
    """Return a session as a row of the list."""
    return SessionLine(
        title=session_title(session),
        has_title=bool(session.title),
        url=reverse("org_analytics:session", args=[session.id]) + state.query(cursor=state.cursor),
        recap_line=session.recap_line,
        provider=session.provider,
        provider_label=provider_label(session.provider),
        root=session.root or "",
        root_url=repo_url(session.root, state) if session.root else "",
        fork=fork_of(session),
        started=format_moment(session.started_at, zone),
        is_pending=not session.is_analyzed,
        numbers=[text for _label, text in session_numbers(session)],
    )


def session_title(session: ShownSession) -> str:
    """Return the title, or words for a session without one."""
    return session.title or _("Untitled")


def fork_of(session: ShownSession) -> str:
    """Return the name of the fork in which the session was; empty if it was in the repository itself."""
    return session.repo if session.repo and session.repo != session.root else ""


def session_numbers(session: ShownSession) -> list[tuple[str, str]]:
    """Return label and text of each number, in the order of the columns; dashes while it is pending."""
    texts = (
        format_duration(session.duration_ms),
        format_duration(session.assistant_ms),
        format_duration(session.user_ms),
        _format_cost(session),
    )
    return [
        (str(_LABELS[name]), text if session.is_analyzed else UNKNOWN)
        for name, text in zip(_NUMBERS, texts, strict=True)
    ]


def _format_cost(session: ShownSession) -> str:
    if session.cost_usd is None:
        return _("unpriced")
    text = format_money(session.cost_usd)
    return format_at_least(text) if session.is_unpriced else text


def counts_note(counts: SessionCounts) -> str:
    """Return how many sessions the list has; pending ones apart, as they count nowhere else."""
    counted = format_count(counts.counted)
    if not counts.pending:
        return counted
    pending = ngettext("%(shown)s session not analyzed yet", "%(shown)s sessions not analyzed yet", counts.pending) % {
        "shown": format_count(counts.pending)
    }
    return f"{counted} · {pending}"
