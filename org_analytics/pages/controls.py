"""The controls that all pages have: presets, filters and the switches of the chart. Each is a link or a field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..choices import Provider
from ..limits import FIRST_DATE, LAST_DATE
from ..periods import PRESETS
from .figures import LABELS
from .formats import format_count
from .markup import options_html
from .repositories import RepoList
from .state import CHART_MEASURES, PageState

PRESET_LABELS = {
    "this-week": gettext_lazy("This week"),
    "last-week": gettext_lazy("Last week"),
    "7d": gettext_lazy("Last 7 days"),
    "this-month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "30d": gettext_lazy("Last 30 days"),
    "90d": gettext_lazy("Last 90 days"),
}
# Parameters whose fields are folded away on a narrow screen.
_FOLDED = {"start", "end", "provider", "repo", "repo_q", "include_no_repo", "q"}


@dataclass(frozen=True, slots=True)
class Option:
    """A link or a checkbox; `query` is the view after the click."""

    value: str
    label: str
    is_on: bool
    query: str = ""


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls in the state shown; `raw_values` are the texts of the address, for fields with an error."""

    state: PageState
    providers_present: Collection[str]
    listed_repos: RepoList
    errors: Mapping[str, str]
    raw_values: Mapping[str, str]

    first_date = FIRST_DATE.isoformat()
    last_date = LAST_DATE.isoformat()

    # Dates -----------------------------------------------------------------------------------------------------------

    @property
    def presets(self) -> list[Option]:
        return [
            Option(name, str(PRESET_LABELS[name]), name == self.state.preset, self._preset_query(name))
            for name in PRESETS
        ]

    @property
    def last_90_days(self) -> str:
        return self._preset_query("90d")

    @property
    def start(self) -> str:
        return self._date("start", self.state.selection.days.first)

    @property
    def end(self) -> str:
        return self._date("end", self.state.selection.days.last)

    def _date(self, name: str, shown: date) -> str:
        """Return the text to correct where a date is wrong, else the day shown."""
        return self.raw_values[name] if {"start", "end"} & self.errors.keys() else shown.isoformat()

    def _preset_query(self, preset: str) -> str:
        return self.state.query(range=preset, start="", end="")

    # Filters ---------------------------------------------------------------------------------------------------------

    @property
    def active_filter_count(self) -> int:
        """How many dates and filters differ from the defaults; presets are always visible and do not count."""
        selection = self.state.selection
        chosen = len(selection.providers) + len(selection.repos) + self.state.people_filter_count
        return chosen + sum([self.state.preset is None, not selection.include_no_repo])

    @property
    def is_more_open(self) -> bool:
        """Whether dates and filters have to be visible on a narrow screen: they hold a choice, a search or an error."""
        is_searched = self.state.repo_search != ""
        return is_searched or self.active_filter_count > 0 or not _FOLDED.isdisjoint(self.errors)

    @property
    def providers(self) -> list[Option]:
        """The providers that are present or selected, in the order of their names."""
        selected = self.state.selection.providers
        names = sorted({*self.providers_present, *selected})
        return [Option(name, str(Provider(name).label), name in selected) for name in names]

    @property
    def repos(self) -> list[Option]:
        """The repositories that are listed or selected. Case makes no difference between paths."""
        selected = {path.casefold(): path for path in self.state.selection.repos}
        listed = {path.casefold(): path for path in self.listed_repos.paths}
        return [Option(path, path, key in selected) for key, path in sorted({**selected, **listed}.items())]

    @property
    def repo_options(self) -> SafeString:
        """The list of repositories to choose from."""
        return options_html(self.repos)

    @property
    def repo_search(self) -> str:
        """The text to search repositories for."""
        return self.raw_values["repo_q"] if "repo_q" in self.errors else self.state.repo_search

    @property
    def repos_note(self) -> str:
        """How many repositories are listed, empty where all are."""
        if not self.listed_repos.is_cut:
            return ""
        numbers = {
            "listed": format_count(len(self.listed_repos.paths)),
            "total": format_count(self.listed_repos.total),
        }
        if self.state.repo_search:
            return _("The %(listed)s most used of %(total)s that match") % numbers
        return _("The %(listed)s most used of %(total)s. Search for the others.") % numbers

    @property
    def repos_label(self) -> str:
        """The choice of repositories in a few words."""
        repos = self.state.selection.repos
        if not repos:
            return _("All repositories")
        if len(repos) == 1:
            return repos[0]
        text = ngettext("%(number)s repository", "%(number)s repositories", len(repos))
        return text % {"number": format_count(len(repos))}

    @property
    def chosen_repos(self) -> list[Option]:
        """Each selected repository with the view without it."""
        repos = self.state.selection.repos
        return [
            Option(path, path, True, self.state.query(repo=[other for other in repos if other != path]))
            for path in repos
        ]

    @property
    def without_no_repo(self) -> str:
        return self.state.query(include_no_repo="0")

    @property
    def kept_by_filters(self) -> list[tuple[str, str]]:
        """The hidden fields of the form of the filters."""
        own = {"provider", "repo", "include_no_repo", *self.state.fields_of_filters}
        return self._kept(own)

    @property
    def kept_by_dates(self) -> list[tuple[str, str]]:
        """The hidden fields of the form of the dates."""
        return self._kept({"range", "start", "end"})

    @property
    def kept_by_search(self) -> list[tuple[str, str]]:
        """The hidden fields of the form that searches a list of sessions."""
        return self._kept({"q", "cursor"})

    def _kept(self, own: Collection[str]) -> list[tuple[str, Any]]:
        return [
            (name, value)
            for name, values in self.state.parameters.items()
            if name not in {*own, "p", "cursor"}
            for value in (values if isinstance(values, list) else [values])
        ]

    # Chart ------------------------------------------------------------------------------------------------------------

    @property
    def measures(self) -> list[Option]:
        return [
            Option(name, str(LABELS[name]), name == self.state.measure, self.state.query(measure=name))
            for name in CHART_MEASURES
        ]

    @property
    def compare(self) -> Option:
        is_on = self.state.is_compared
        label = _("Hide previous period") if is_on else _("Compare with previous period")
        return Option("compare", label, is_on, self.state.query(compare="" if is_on else "1"))

    @property
    def chart(self) -> Option:
        is_on = self.state.is_chart_table
        label = _("Show as chart") if is_on else _("Show as table")
        return Option("chart", label, is_on, self.state.query(chart="" if is_on else "table"))
