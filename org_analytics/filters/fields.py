"""Fields of filter forms. Each says in words what is wrong with a value that it refuses."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..conf import app_settings
from ..limits import FIRST_DATE, LAST_DATE, MAX_REPO_BYTES, MAX_VALUES
from .parameters import AllValues, FirstValue, parse_people, parse_repos, parse_teams

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

    widget = AllValues

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> list[str]:
        return parse_repos(super().to_python(value))

    def validate(self, value: list[str]) -> None:
        if any("\0" in path for path in value):
            raise forms.ValidationError(_("Not the name of a repository."))
        if len(_usable(value)) < len(value):
            raise forms.ValidationError(_("At most 50 repositories of at most 512 bytes."))

    def valid_items(self, value: list[str]) -> list[str]:
        """Return the usable paths, at most as many as are allowed."""
        return _usable(self.to_python(value))


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


def _usable(paths: list[str]) -> list[str]:
    """Return the paths that a repository can have, at most as many as are allowed."""
    usable = [path for path in paths if "\0" not in path and _byte_length(path) <= MAX_REPO_BYTES]
    return usable[:MAX_VALUES]


def _byte_length(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
