"""Messages about parameters that no field of the page shows."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

_LABELS = {
    "range": _("Date range"),
    "start": _("From"),
    "end": _("to"),
    "provider": _("Provider"),
    "repo": _("Repository"),
    "repo_q": _("Find a repository"),
    "include_no_repo": _("Sessions without a repository"),
    "team": _("Team"),
    "person": _("People"),
    "q": _("Search"),
    "group": _("Grouping"),
    "o": _("Sort order"),
    "p": _("Page"),
    "cursor": _("Page"),
    "measure": _("Measure"),
    "compare": _("Comparison"),
    "zero": _("People without sessions"),
    "chart": _("Chart"),
}
# Those whose message stands beside a field of the filters or of a search.
FIELDS_OF_FILTERS = frozenset({"range", "start", "end", "provider", "repo", "repo_q", "include_no_repo", "q"})


def list_errors(errors: Mapping[str, str], with_field: Collection[str] = ()) -> list[tuple[str, str, str]]:
    """Return parameter, label and message of each error but those of parameters with a field."""
    return [
        (name, str(label), errors[name]) for name, label in _LABELS.items() if name in errors and name not in with_field
    ]
