"""The page's parameters: a `PageState`, and what is wrong with each value that cannot be used."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..conf import app_settings
from ..filters import AllValues, FirstValue, SelectionFilters, parse_people, parse_teams
from ..limits import FIRST_DATE, LAST_DATE, MAX_DAYS, MAX_REPO_BYTES, MAX_SEARCH, MAX_VALUES
from ..periods import DEFAULT_PRESET, PRESETS, Days
from ..reporting.selection import Selection
from .state import CHART_MEASURES, DEFAULT_MEASURE, DEFAULT_ORDER, TABLE_COLUMNS, PageState

# A page number beyond the last one: the paginator shows the last.
_LAST_PAGE = 10**9
_ORDERS = [*TABLE_COLUMNS, *(f"-{name}" for name in TABLE_COLUMNS)]
_DATE_MESSAGE = _("Enter a date from 2000-01-01 to 2100-12-31, as YYYY-MM-DD.")


class ListInput(forms.SelectMultiple):
    """A parameter that may be repeated, hold a comma-separated list, or both. Empty items are dropped."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        items = [item.strip() for text in data.getlist(name) for item in text.split(",")]
        return list(dict.fromkeys(filter(None, items)))


class OptionField(forms.ChoiceField):
    """One of some values; empty means `initial`."""

    widget = FirstValue

    def __init__(self, options: Collection[str], *, initial: Any, message: Any) -> None:
        choices = [(option, option) for option in options]
        super().__init__(choices=choices, required=False, initial=initial, error_messages={"invalid_choice": message})

    def clean(self, value: Any) -> Any:
        return super().clean((value or "").strip()) or self.initial


class FlagField(OptionField):
    """Yes or no, in the two spellings that the API takes."""

    _VALUES = {"1": True, "true": True, "0": False, "false": False}

    def __init__(self, *, initial: bool) -> None:
        super().__init__(self._VALUES, initial=initial, message=_("Must be 1 or 0."))

    def clean(self, value: Any) -> bool:
        initial: bool = self.initial
        return self._VALUES.get(super().clean(value), initial)


class DayField(forms.DateField):
    """A day within the years that the page knows."""

    widget = FirstValue

    def __init__(self) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d"],
            validators=[MinValueValidator(FIRST_DATE, _DATE_MESSAGE), MaxValueValidator(LAST_DATE, _DATE_MESSAGE)],
            error_messages={"invalid": _DATE_MESSAGE},
        )


class PageNumberField(forms.RegexField):
    """A page number of any length; empty means the first page."""

    widget = FirstValue

    def __init__(self) -> None:
        message = _("Must be a page number, 1 or higher.")
        super().__init__(r"\A0*[1-9][0-9]*\Z", required=False, initial=1, error_messages={"invalid": message})

    def clean(self, value: Any) -> int:
        digits = super().clean(value).lstrip("0")
        return min(int(digits[:10] or self.initial), _LAST_PAGE)  # ten digits are beyond the last page, as are more


class PersonField(forms.CharField):
    """A text to search people for."""

    widget = FirstValue

    def __init__(self) -> None:
        validator = MaxLengthValidator(MAX_SEARCH, _("At most 200 characters."))
        super().__init__(required=False, initial="", validators=[validator])

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class ProvidersField(forms.MultipleChoiceField):
    """Providers by their names in any case."""

    widget = ListInput

    def __init__(self) -> None:
        message = _("Unknown provider.")
        super().__init__(choices=Provider.choices, required=False, error_messages={"invalid_choice": message})

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(item.lower() for item in super().to_python(value)))

    def valid_items(self, value: list[str]) -> list[str]:
        """Return the known providers of a list that has others too."""
        return list(filter(self.valid_value, self.to_python(value)))


class ReposField(forms.MultipleChoiceField):
    """Paths of repositories: any text that a path may be."""

    widget = ListInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def validate(self, value: list[str]) -> None:
        usable = self.valid_items(value)
        if any("\0" in path for path in value):
            raise forms.ValidationError(_("Not the name of a repository."))
        if len(usable) < len(value):
            raise forms.ValidationError(_("At most 50 repositories of at most 512 bytes."))

    def valid_items(self, value: list[str]) -> list[str]:
        """Return the usable paths, at most as many as are allowed."""
        usable = [path for path in value if "\0" not in path and _byte_length(path) <= MAX_REPO_BYTES]
        return usable[:MAX_VALUES]


class TeamsField(forms.Field):
    """Names of teams, `-` for "no team". Ignored on a site without teams, as an unknown parameter is."""

    widget = AllValues

    def __init__(self) -> None:
        super().__init__(required=False, initial=())

    def clean(self, value: list[str]) -> tuple[str, ...]:
        if not app_settings.has_teams:
            return ()
        try:
            return parse_teams(value)
        except ValueError:
            raise forms.ValidationError(_("At most 50 names of teams.")) from None


class PeopleField(forms.Field):
    """Ids of people."""

    widget = AllValues

    def __init__(self) -> None:
        super().__init__(required=False, initial=())

    def clean(self, value: list[str]) -> tuple[int | str, ...]:
        try:
            return parse_people(value)
        except ValueError:
            raise forms.ValidationError(_("At most 50 ids of people.")) from None


class PageForm(forms.Form):
    """The page's parameters. A bad value is an error of its field and has its default; all others stay."""

    range = OptionField(PRESETS, initial=DEFAULT_PRESET, message=_("Unknown date range."))
    start = DayField()
    end = DayField()
    provider = ProvidersField()
    repo = ReposField()
    include_no_repo = FlagField(initial=True)
    q = PersonField()
    team = TeamsField()
    person = PeopleField()
    zero = FlagField(initial=True)
    compare = FlagField(initial=False)
    measure = OptionField(CHART_MEASURES, initial=DEFAULT_MEASURE, message=_("Unknown measure."))
    chart = OptionField(["table", "bars"], initial="bars", message=_("Must be table or empty."))
    o = OptionField(_ORDERS, initial=DEFAULT_ORDER, message=_("Unknown column to sort by."))
    p = PageNumberField()

    def clean(self) -> dict[str, Any]:
        for name in self.errors:
            self.cleaned_data[name] = self._default(name)
        dates = self._dates()
        days = dates or PRESETS[self.cleaned_data["range"]](_today())
        self.cleaned_data["state"] = self._state(days, None if dates else self.cleaned_data["range"])
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

    def _state(self, days: Days, preset: str | None) -> PageState:
        values = self.cleaned_data
        start, end = days.instants(app_settings.time_zone)
        selection = Selection(
            start=start,
            end=end,
            days=days,
            providers=tuple(values["provider"]),
            repos=tuple(values["repo"]),
            include_no_repo=values["include_no_repo"],
            person=values["q"],
            teams=values["team"],
            people=values["person"],
        )
        return PageState(
            selection=selection,
            preset=preset,
            order=values["o"],
            page_number=values["p"],
            measure=values["measure"],
            is_compared=values["compare"],
            is_chart_table=values["chart"] == "table",
            hides_idle=not values["zero"],
        )


class PageFilters(SelectionFilters):
    """The parameters of the page and of its downloads."""

    class Meta(SelectionFilters.Meta):
        form = PageForm

    @property
    def field_errors(self) -> Mapping[str, str]:
        """The messages by parameter, empty where every value is right."""
        return {name: " ".join(messages) for name, messages in self.form.errors.items()}

    @property
    def state(self) -> PageState:
        """The view: every valid value, and the default for each other one."""
        self.is_valid()
        state: PageState = self.form.cleaned_data["state"]
        return state


def _today() -> date:
    return timezone.now().astimezone(app_settings.time_zone).date()


def _byte_length(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
