"""What the organization page's address asks for: a `PageState`, or what is wrong with each parameter."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..conf import app_settings
from ..filters import RawFilter, SelectionFilters
from ..limits import FIRST_DATE, LAST_DATE, MAX_DAYS, MAX_REPO_BYTES, MAX_SEARCH, MAX_VALUES
from ..periods import DEFAULT_PRESET, PRESETS, Days
from ..reporting.selection import Selection
from .state import CHART_MEASURES, DEFAULT_MEASURE, DEFAULT_ORDER, TABLE_COLUMNS, PageState

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]+")


class RepeatedField(forms.Field):
    """All values of a repeated parameter, empties dropped, each once."""

    widget = forms.MultipleHiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False)

    def clean(self, value: Iterable[str] | None) -> list[str]:
        return list(dict.fromkeys(item for text in value or () if (item := text.strip())))


class RepeatedFilter(django_filters.Filter):
    """A parameter that may be given several times."""

    field_class = RepeatedField


class DatesForm(forms.Form):
    """The range: a preset, or a first and a last day. Every bad value is an error of its own field."""

    def clean_start(self) -> date | None:
        return self._date("start")

    def clean_end(self) -> date | None:
        return self._date("end")

    def clean_range(self) -> str:
        return self._choice("range", dict.fromkeys(PRESETS), DEFAULT_PRESET, _("Unknown date range."))

    def _days(self) -> Days | None:
        if {"start", "end", "range"} & self.errors.keys():
            return None
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start is None and end is None:
            today = timezone.now().astimezone(app_settings.time_zone).date()
            return PRESETS[self.cleaned_data["range"]](today)
        if start is None or end is None:
            self.add_error("start" if start is None else "end", _("Give both dates, or none."))
        elif end < start:
            self.add_error("end", _("The end is before the start."))
        elif Days(start, end).count > MAX_DAYS:
            self.add_error("end", _("At most 90 days."))
        else:
            return Days(start, end)
        return None

    def _date(self, name: str) -> date | None:
        text = (self.cleaned_data[name] or "").strip()
        if not text:
            return None
        day = to_date(text)
        if day is None:
            raise ValidationError(_("Enter a date from 2000-01-01 to 2100-12-31, as YYYY-MM-DD."))
        return day

    def _choice(self, name: str, allowed: Collection[str], default: str, message: Any) -> str:
        value: str = (self.cleaned_data[name] or "").strip() or default
        if value not in allowed:
            raise ValidationError(message)
        return value


class PageForm(DatesForm):
    """All of the page's parameters."""

    def clean_provider(self) -> list[str]:
        providers: list[str] = self.cleaned_data["provider"]
        if any(provider not in Provider.values for provider in providers):
            raise ValidationError(_("Unknown provider."))
        return providers

    def clean_repo(self) -> list[str]:
        repos: list[str] = self.cleaned_data["repo"]
        is_long = any(len(repo.encode(errors="surrogatepass")) > MAX_REPO_BYTES for repo in repos)
        if is_long or len(repos) > MAX_VALUES:
            raise ValidationError(_("At most 50 repositories of at most 512 bytes."))
        if any("\0" in repo for repo in repos):
            raise ValidationError(_("Not the name of a repository."))
        return repos

    def clean_include_no_repo(self) -> bool:
        return self._flag("include_no_repo", default=True)

    def clean_q(self) -> str:
        text = " ".join((self.cleaned_data["q"] or "").split())
        if len(text) > MAX_SEARCH:
            raise ValidationError(_("At most 200 characters."))
        return text

    def clean_o(self) -> str:
        orders = [*TABLE_COLUMNS, *(f"-{name}" for name in TABLE_COLUMNS)]
        return self._choice("o", orders, DEFAULT_ORDER, _("Unknown column to sort by."))

    def clean_p(self) -> int:
        text = (self.cleaned_data["p"] or "1").strip()
        if not _DIGITS.fullmatch(text) or not text.strip("0"):
            raise ValidationError(_("Must be a page number, 1 or higher."))
        return int(text[-9:]) if len(text.lstrip("0")) < 10 else 10**9  # beyond the end is the last page

    def clean_measure(self) -> str:
        return self._choice("measure", CHART_MEASURES, DEFAULT_MEASURE, _("Unknown measure."))

    def clean_compare(self) -> bool:
        return self._flag("compare", default=False)

    def clean_zero(self) -> bool:
        return self._flag("zero", default=True)

    def clean_chart(self) -> str:
        return self._choice("chart", ["table", "bars"], "bars", _("Must be table, or left out."))

    def clean(self) -> dict[str, Any]:
        days = self._days()
        if not self.errors and days:
            self.cleaned_data["state"] = self._state(days)
            self.cleaned_data["selection"] = self.cleaned_data["state"].selection
        return self.cleaned_data

    def _state(self, days: Days) -> PageState:
        get = self.cleaned_data.__getitem__
        start, end = days.instants(app_settings.time_zone)
        selection = Selection(
            start=start,
            end=end,
            days=days,
            providers=tuple(get("provider")),
            repos=tuple(get("repo")),
            include_no_repo=get("include_no_repo"),
            person=get("q"),
        )
        return PageState(
            selection=selection,
            preset=None if get("start") else get("range"),
            order=get("o"),
            page=get("p"),
            measure=get("measure"),
            is_compared=get("compare"),
            is_chart_table=get("chart") == "table",
            hides_idle=not get("zero"),
        )

    def _flag(self, name: str, default: bool) -> bool:
        return self._choice(name, ["1", "0"], "1" if default else "0", _("Must be 1 or 0.")) == "1"


class PageFilters(SelectionFilters):
    """The parameters of the organization page."""

    range = RawFilter()
    start = RawFilter()
    end = RawFilter()
    provider = RepeatedFilter()
    repo = RepeatedFilter()
    include_no_repo = RawFilter()
    q = RawFilter()
    o = RawFilter()
    p = RawFilter()
    measure = RawFilter()
    compare = RawFilter()
    zero = RawFilter()
    chart = RawFilter()

    class Meta(SelectionFilters.Meta):
        form = PageForm

    @property
    def errors_by_field(self) -> Mapping[str, str]:
        """The messages, by parameter."""
        return {name: " ".join(messages) for name, messages in self.form.errors.items()}

    @property
    def state(self) -> PageState:
        """What was asked for; only after `is_valid()`."""
        state: PageState = self.form.cleaned_data["state"]
        return state


def to_date(text: str) -> date | None:
    """The day of a text like 2026-01-31, within the years that are taken."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    return day if day and FIRST_DATE <= day <= LAST_DATE else None
