"""What the reader can turn: presets, filters, the chart's switches, downloads. Each is a link or a field of a form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..choices import Provider
from ..periods import PRESETS
from .figures import LABELS
from .filters import to_date
from .formats import day
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
# What a parameter is called where its value was bad.
PARAMETER_LABELS = {
    "range": gettext_lazy("Date range"),
    "start": gettext_lazy("From"),
    "end": gettext_lazy("To"),
    "provider": gettext_lazy("Provider"),
    "repo": gettext_lazy("Repository"),
    "include_no_repo": gettext_lazy("Sessions without a repository"),
    "q": gettext_lazy("Person"),
    "o": gettext_lazy("Sort order"),
    "p": gettext_lazy("Page"),
    "measure": gettext_lazy("Measure"),
    "compare": gettext_lazy("Comparison"),
    "zero": gettext_lazy("People without sessions"),
    "chart": gettext_lazy("Chart"),
}


def period_name(state: PageState) -> str:
    """The preset's name, else the first and last day."""
    if state.preset:
        return str(PRESET_LABELS[state.preset])
    days = state.selection.days
    return day(days.first) if days.count == 1 else f"{day(days.first)} – {day(days.last)}"


@dataclass(frozen=True, slots=True)
class Option:
    """A link or a box to tick; `query` is the view after the click."""

    value: str
    label: str
    is_on: bool
    query: str = ""


@dataclass(frozen=True, slots=True)
class FilterControls:
    """What chooses the sessions, in the state shown; `given`: the texts of the address, for fields with an error."""

    state: PageState
    providers_present: Collection[str]
    repos_present: Collection[str]
    errors: Mapping[str, str]
    given: Mapping[str, str]

    @property
    def presets(self) -> list[Option]:
        return [
            Option(name, str(PRESET_LABELS[name]), name == self.state.preset, self._dates_dropped(name))
            for name in PRESETS
        ]

    @property
    def filters_set(self) -> int:
        """How many dates and filters differ from what an empty address shows; the presets are seen anyway."""
        selection = self.state.selection
        chosen = len(selection.providers) + len(selection.repos)
        return chosen + sum([self.state.preset is None, not selection.include_no_repo, selection.person != ""])

    @property
    def is_more_open(self) -> bool:
        """Whether something among the dates and filters has to be seen: a selection or an error."""
        beside_presets = {"start", "end", "provider", "repo", "include_no_repo", "q"}
        return self.filters_set > 0 or not beside_presets.isdisjoint(self.errors)

    @property
    def last_90_days(self) -> str:
        return self._dates_dropped("90d")

    @property
    def providers(self) -> list[Option]:
        """Those present and those selected, in the order of their names."""
        selected = self.state.selection.providers
        names = sorted({*self.providers_present, *selected})
        return [Option(name, str(Provider(name).label), name in selected) for name in names]

    @property
    def repos(self) -> list[Option]:
        """Those present and those selected; a path is the same in any case."""
        selected = {path.casefold(): path for path in self.state.selection.repos}
        present = {path.casefold(): path for path in self.repos_present}
        return [Option(path, path, key in selected) for key, path in sorted({**selected, **present}.items())]

    @property
    def chosen_repos(self) -> list[Option]:
        """Each selected repository with the view without it."""
        repos = self.state.selection.repos
        return [
            Option(path, path, True, self.state.query(repo=[other for other in repos if other != path]))
            for path in repos
        ]

    @property
    def without_person(self) -> str:
        return self.state.query(q="")

    @property
    def kept_by_filters(self) -> list[tuple[str, str]]:
        """What the form of the filters sends along unseen."""
        return self._kept({"provider", "repo", "include_no_repo", "q"})

    @property
    def kept_by_dates(self) -> list[tuple[str, str]]:
        """What the form of the dates sends along unseen."""
        return self._kept({"range", "start", "end"})

    @property
    def start(self) -> str:
        return self._date("start", self.state.selection.days.first)

    @property
    def end(self) -> str:
        return self._date("end", self.state.selection.days.last)

    @property
    def person(self) -> str:
        return self.given.get("q", "") if "q" in self.errors else self.state.selection.person

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Parameter, its name for readers, message."""
        return [(name, str(PARAMETER_LABELS[name]), message) for name, message in self.errors.items()]

    def _date(self, name: str, shown: date) -> str:
        """What was given stays to be put right; what is no date at all a date field cannot hold."""
        if not {"start", "end"} & self.errors.keys():
            return shown.isoformat()
        return self.given[name] if to_date(self.given[name]) else ""

    def _dates_dropped(self, preset: str) -> str:
        return self.state.query(range=preset, start="", end="")

    def _kept(self, own: Collection[str]) -> list[tuple[str, Any]]:
        return [
            (name, value)
            for name, values in self.state.parameters.items()
            if name not in {*own, "p"}
            for value in (values if isinstance(values, list) else [values])
        ]


class Controls(FilterControls):
    """And what shows them: the chart's switches, the table's, downloads."""

    __slots__ = ()

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

    @property
    def idle(self) -> Option:
        is_on = self.state.hides_idle
        label = _("Show people without sessions") if is_on else _("Hide people without sessions")
        return Option("zero", label, is_on, self.state.query(zero="" if is_on else "0"))

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """Label and address; all rows, so without a page."""
        query = self.state.query(p="")
        names = {"CSV": "organization-csv", "JSON": "organization-json"}
        return [(label, reverse(f"org_analytics:{name}") + query) for label, name in names.items()]
