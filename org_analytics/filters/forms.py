"""The form of a selection: the parameters that every page and a host's own pages share."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..conf import app_settings
from ..limits import MAX_DAYS
from ..periods import DEFAULT_PRESET, PRESETS, Days
from ..reporting.selection import Selection
from .fields import DayField, FlagField, OptionField, PeopleField, ProvidersField, ReposField, TeamsField


class SelectionForm(forms.Form):
    """A date range and filters. A bad value is an error of its field and has its default; all others stay.

    `cleaned_data` has the `selection`, and the `preset` that names its range; None where dates were given.
    """

    range = OptionField(PRESETS, initial=DEFAULT_PRESET, message=_("Unknown date range."))
    start = DayField()
    end = DayField()
    provider = ProvidersField()
    repo = ReposField()
    include_no_repo = FlagField(initial=True)
    team = TeamsField()
    person = PeopleField()

    def clean(self) -> dict[str, Any]:
        for name in self.errors:
            self.cleaned_data[name] = self._default(name)
        dates = self._dates()
        preset = self.cleaned_data["range"]
        self.cleaned_data["preset"] = None if dates else preset
        self.cleaned_data["selection"] = self._selection(dates or PRESETS[preset](_today()))
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

    def _selection(self, days: Days) -> Selection:
        values = self.cleaned_data
        start, end = days.instants(app_settings.time_zone)
        return Selection(
            start=start,
            end=end,
            days=days,
            providers=tuple(values["provider"]),
            repos=tuple(values["repo"]),
            include_no_repo=values["include_no_repo"],
            teams=values["team"],
            people=values["person"],
        )


def _today() -> date:
    return timezone.now().astimezone(app_settings.time_zone).date()
