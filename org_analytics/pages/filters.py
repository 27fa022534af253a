"""The pages' parameters: a `PageState`, and what is wrong with each value that cannot be used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..filters.fields import FlagField, OptionField
from ..filters.forms import SelectionForm
from ..filters.parameters import FirstValue, SelectionFilters
from ..reporting.session_order import NEWEST_FIRST, ORDERS
from .fields import GroupingField, PageNumberField, SearchField
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


class BasePageForm(SelectionForm):
    """The parameters of all pages."""

    compare = FlagField(initial=False)
    measure = OptionField(CHART_MEASURES, initial=DEFAULT_MEASURE, message=_("Unknown measure."))
    chart = OptionField(["table", "bars"], initial="bars", message=_("Must be table or empty."))
    repo_q = SearchField()

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        values["state"] = self._state(
            {
                "selection": values["selection"],
                "preset": values["preset"],
                "measure": values["measure"],
                "is_compared": values["compare"],
                "is_chart_table": values["chart"] == "table",
                "repo_search": values["repo_q"],
            }
        )
        values["selection"] = values["state"].selection
        return values

    def _state(self, shared: dict[str, Any]) -> PageState:
        """Return the state, which has `shared` in common with other pages."""
        raise NotImplementedError


class PageForm(BasePageForm):
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


class SessionListForm(BasePageForm):
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
