"""The filter bar of the organization page, for a host's own pages."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..filters.sessions import SessionFilterSet
from ..limits import MAX_SEARCH
from ..reporting.selected_sessions import present_in
from .controls import Controls
from .repositories import MAX_LISTED, RepoList
from .state import PageState

_TEXTS = ("start", "end", "repo_q")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState(PageState):
    """The filters in the address of a host's page."""

    order: str = ""

    def _all_parameters(self) -> dict[str, Any]:
        # A host may have another default range than our pages, so that the address always names it.
        return {**self._filters(), "range": self.preset or "", **self._people()}

    @property
    def _first_page(self) -> dict[str, str]:
        return {}


def filter_bar_context(filters: SessionFilterSet, page_url: str) -> dict[str, Any]:
    """Return what the template of the filter bar needs. Lists the repositories and providers of the host's sessions."""
    data = filters.data or {}
    texts = {name: (data.get(name) or "")[:MAX_SEARCH] for name in _TEXTS}
    search = " ".join(texts["repo_q"].split())
    state = HostState(selection=filters.selection, preset=filters.form.cleaned_data["preset"], repo_search=search)
    present = present_in(filters.queryset, state.selection)
    errors = {name: " ".join(messages) for name, messages in filters.form.errors.items()}
    return {
        "page_url": page_url,
        "state": state,
        "selection": state.selection,
        "errors": errors,
        "controls": Controls(state, present.providers, _list_repos(present.repos, search), errors, texts),
    }


def _list_repos(sessions: Counter[str], search: str) -> RepoList:
    """Return at most `MAX_LISTED` of the repositories whose paths contain the text, the most used first."""
    found = sorted(path for path in sessions if search.casefold() in path.casefold())
    most_used = sorted(found, key=lambda path: -sessions[path])[:MAX_LISTED]
    return RepoList(most_used, len(found), search)
