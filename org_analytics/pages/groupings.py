"""What a row of the organization page's table can be: its texts, and the next level that it leads to."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..reporting.groups import Grouping
from ..reporting.selection import NONE
from .state import OrganizationState

_SUNDAY = timedelta(6)


class GroupingTexts(NamedTuple):
    """The texts of a grouping. `nothing` names the row without a key, `overlap` says where rows share sessions."""

    heading: Any
    column: Any
    caption: Any
    nothing: Any = ""
    overlap: Any = ""


TEXTS = {
    Grouping.PERSON: GroupingTexts(
        _("People"), _("User"), _("Usage per person. Select a column heading to sort by it.")
    ),
    Grouping.TEAM: GroupingTexts(
        _("Teams"),
        _("Team"),
        _("Usage per team. Select a column heading to sort by it."),
        _("No team"),
        _("Somebody in several teams counts in each of them, so the rows can add up to more than Everyone."),
    ),
    Grouping.REPO: GroupingTexts(
        _("Repositories"),
        _("Repository"),
        _("Usage per repository. Select a column heading to sort by it."),
        _("No repository"),
    ),
    Grouping.PROVIDER: GroupingTexts(
        _("Providers"), _("Provider"), _("Usage per provider. Select a column heading to sort by it.")
    ),
    Grouping.MODEL: GroupingTexts(
        _("Models"),
        _("Model"),
        _("Usage per model. Select a column heading to sort by it."),
        _("Not broken down"),
        _(
            "A session counts whole in each of its models, so sessions and times can add up to more than Everyone. "
            "Costs add up: what a session costs beyond its models is “not broken down”."
        ),
    ),
    Grouping.DAY: GroupingTexts(_("Days"), _("Day"), _("Usage per day. Select a column heading to sort by it.")),
    Grouping.WEEK: GroupingTexts(_("Weeks"), _("Week"), _("Usage per week. Select a column heading to sort by it.")),
}


def grouping_label(grouping: Grouping) -> str:
    """Return the name of a grouping in the list of all."""
    return gettext("Person") if grouping is Grouping.PERSON else str(TEXTS[grouping].column)


def next_level(state: OrganizationState) -> Callable[[Any], str | None]:
    """Return a function from the key of a row to the address of the view behind it; None if there is none.

    That view has the row as a filter, and the next grouping.
    """
    if state.grouping is Grouping.PERSON:
        # A page has a hundred people: the part that all addresses share is made once.
        before, after = person_url("*").removesuffix("*"), state.query_elsewhere()
        return lambda key: f"{before}{quote(str(key), safe='')}{after}"
    page = reverse("org_analytics:organization")
    group = {Grouping.PROVIDER: Grouping.MODEL, Grouping.WEEK: Grouping.DAY}.get(state.grouping, "")

    def address(key: Any) -> str | None:
        filters = _filters_of(state, key)
        return None if filters is None else page + state.query(**filters, group=group, o="")

    return address


def _filters_of(state: OrganizationState, key: Any) -> dict[str, Any] | None:
    """Return the parameters that select just the sessions of a row."""
    match state.grouping:
        case Grouping.TEAM:
            return {"team": [NONE if key is None else key]}
        case Grouping.REPO:
            return repo_filter(key)
        case Grouping.PROVIDER:
            return {"provider": [key]}
        case Grouping.DAY:
            return _dates(state, date.fromisoformat(key), date.fromisoformat(key))
        case Grouping.WEEK:
            return _dates(state, date.fromisoformat(key), date.fromisoformat(key) + _SUNDAY)
    return None


def _dates(state: OrganizationState, first: date, last: date) -> dict[str, Any]:
    days = state.selection.days
    first, last = max(first, days.first), min(last, days.last)
    return {"range": "", "start": first.isoformat(), "end": last.isoformat()}


def repo_filter(path: str | None) -> dict[str, Any]:
    """Return the parameters that select the sessions of one repository, or those of none."""
    if path is None:
        return {"repo": [NONE], "include_no_repo": ""}
    return {"repo": [path], "include_no_repo": "0"}


def person_url(person_id: int | str) -> str:
    """Return the address of a person's page without parameters."""
    return reverse("org_analytics:person", args=[person_id])
