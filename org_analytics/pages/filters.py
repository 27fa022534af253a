"""The pages' parameters: a `PageState`, and what is wrong with each value that cannot be used."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..conf import app_settings
from ..filters import FirstValue, SelectionFilters
from ..limits import MAX_DAYS
from ..periods import DEFAULT_PRESET, PRESETS, Days
from ..reporting.selection import Selection
from ..reporting.session_order import NEWEST_FIRST, ORDERS
from .fields import (
    DayField,
    FlagField,
    GroupingField,
    OptionField,
    PageNumberField,
    PeopleField,
    ProvidersField,
    ReposField,
    SearchField,
    TeamsField,
)
from .state import (
    CHART_MEASURES,
    DEFAULT_MEASURE,
    TABLE_ORDERS,
    OrganizationState,
    PageState,
    SessionListState,
    columns_of,
    default_order,
)


class SelectionForm(forms.Form):
    """The parameters of all pages. A bad value is an error of its field and has its default; all others stay."""

    range = OptionField(PRESETS, initial=DEFAULT_PRESET, message=_("Unknown date range."))
    start = DayField()
    end = DayField()
    provider = ProvidersField()
    repo = ReposField()
    include_no_repo = FlagField(initial=True)
    team = TeamsField()
    person = PeopleField()
    compare = FlagField(initial=False)
    measure = OptionField(CHART_MEASURES, initial=DEFAULT_MEASURE, message=_("Unknown measure."))
    chart = OptionField(["table", "bars"], initial="bars", message=_("Must be table or empty."))
    repo_q = SearchField()

    def clean(self) -> dict[str, Any]:
        for name in self.errors:
            self.cleaned_data[name] = self._default(name)
        dates = self._dates()
        days = dates or PRESETS[self.cleaned_data["range"]](_today())
        self.cleaned_data["state"] = self._state(self._shared(days, None if dates else self.cleaned_data["range"]))
        self.cleaned_data["selection"] = self.cleaned_data["state"].selection
        return self.cleaned_data

    def _default(self, name: str) -> Any:
        field = self.fields[name]
        if isinstance(field, ProvidersField | ReposField):
            return field.valid_items(self[name].data)
        return field.initial

    def _dates(self) -> Days | None:
        """Return the first and last day where both are given and right."""
        if {"start", "end"} & self.errors.keys():
            return None
        start, end = self.cleaned_data["start"], self.cleaned_data["end"]
        if start is None and end is None:
            return None
        if start is None or end is None:
            self.add_error("start" if start is None else "end", _("Enter both dates, or leave both empty."))
        elif end < start:
            self.add_error("end", _("The end is before the start."))
        elif Days(start, end).count > MAX_DAYS:
            self.add_error("end", _("The range must not exceed 90 days."))
        else:
            return Days(start, end)
        return None

    def _shared(self, days: Days, preset: str | None) -> dict[str, Any]:
        """Return what the states of all pages have."""
        values = self.cleaned_data
        start, end = days.instants(app_settings.time_zone)
        selection = Selection(
            start=start,
            end=end,
            days=days,
            providers=tuple(values["provider"]),
            repos=tuple(values["repo"]),
            include_no_repo=values["include_no_repo"],
            teams=values["team"],
            people=values["person"],
        )
        return {
            "selection": selection,
            "preset": preset,
            "measure": values["measure"],
            "is_compared": values["compare"],
            "is_chart_table": values["chart"] == "table",
            "repo_search": values["repo_q"],
        }

    def _state(self, shared: dict[str, Any]) -> PageState:
        raise NotImplementedError


class PageForm(SelectionForm):
    """The parameters of the organization page."""

    q = SearchField()
    zero = FlagField(initial=True)
    group = GroupingField()
    o = OptionField(TABLE_ORDERS, initial="", message=_("Unknown column to sort by."))
    p = PageNumberField()

    def _state(self, shared: dict[str, Any]) -> OrganizationState:
        values = self.cleaned_data
        selection = replace(shared.pop("selection"), person=values["q"])
        grouping = values["group"]
        if values["o"].removeprefix("-") not in ("", *columns_of(grouping)):
            self.add_error("o", _("The table does not have this column."))
            values["o"] = ""
        return OrganizationState(
            **shared,
            selection=selection,
            grouping=grouping,
            order=values["o"] or default_order(grouping),
            page_number=values["p"],
            hides_idle=not values["zero"],
        )


class SessionListForm(SelectionForm):
    """The parameters of the pages of a person and of a session: of a list of sessions."""

    q = SearchField()
    o = OptionField(ORDERS, initial=str(NEWEST_FIRST), message=_("Unknown column to sort by."))
    cursor = forms.CharField(required=False, widget=FirstValue)

    def _state(self, shared: dict[str, Any]) -> SessionListState:
        values = self.cleaned_data
        return SessionListState(**shared, search=values["q"], order=values["o"], cursor=values["cursor"])


class BasePageFilters(SelectionFilters):
    """The parameters of a page."""

    @property
    def field_errors(self) -> Mapping[str, str]:
        """The messages by parameter, empty where every value is right."""
        return {name: " ".join(messages) for name, messages in self.form.errors.items()}

    @property
    def state(self) -> Any:
        """The view: every valid value, and the default for each other one."""
        self.is_valid()
        return self.form.cleaned_data["state"]


class PageFilters(BasePageFilters):
    """The parameters of the organization page and of its downloads."""

    class Meta(SelectionFilters.Meta):
        form = PageForm


class SessionListFilters(BasePageFilters):
    """The parameters of the pages of a person and of a session."""

    class Meta(SelectionFilters.Meta):
        form = SessionListForm


def _today() -> date:
    return timezone.now().astimezone(app_settings.time_zone).date()
