"""The breadcrumb of the pages below the organization page."""

from django.urls import reverse
from django.utils.translation import gettext as _

from .labels import team_label
from .state import SessionListState

Crumb = tuple[str, str]


def organization_breadcrumb(state: SessionListState) -> list[Crumb]:
    """Return label and address of the organization page and, where one came from a team, of that team."""
    page = reverse("org_analytics:organization")
    breadcrumb = [(_("Organization"), page + state.query_elsewhere(team=[]))]
    if state.selection.teams:
        label = ", ".join(map(team_label, state.selection.teams))
        breadcrumb.append((label, page + state.query_elsewhere()))
    return breadcrumb
