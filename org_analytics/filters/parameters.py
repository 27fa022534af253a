"""Shared parts of the API's and the page's filters."""

from collections.abc import Iterator
from string import whitespace
from typing import Any

import django_filters
from django import forms
from django.http import HttpRequest

from ..limits import MAX_VALUES
from ..models import CodingSession, Repo
from ..reporting.members import parse_user_id
from ..reporting.selection import NONE, Selection
from ..reporting.snapshots import snapshot
from ..reporting.teams import is_team_name, team_names


class FirstValue(forms.TextInput):
    """Use the first value of a repeated parameter; a QueryDict would give the last one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        values = data.getlist(name)
        return values[0] if values else ""


class AllValues(forms.SelectMultiple):
    """Use every value of a repeated parameter, as it was sent."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        values: list[str] = data.getlist(name)
        return values


class RawField(forms.Field):
    """A parameter as it was sent. The form's `clean()` parses all of them, in the contract's order."""

    widget: type[forms.Widget] = FirstValue

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False)


class RawFilter(django_filters.Filter):
    """A parameter of the query string that is not a lookup."""

    field_class = RawField


class RawListField(RawField):
    """A parameter that may be repeated."""

    widget = AllValues


class RawListFilter(RawFilter):
    """A parameter of the query string that is not a lookup and may be repeated."""

    field_class = RawListField


class SelectionFilters(django_filters.FilterSet):
    """A filter set whose result is a `Selection`. It filters no queryset, as whole days come from the roll-up."""

    class Meta:
        model = CodingSession
        fields: list[str] = []

    @property
    def selection(self) -> Selection:
        """The selection; only after `is_valid()`."""
        selection: Selection = self.form.cleaned_data["selection"]
        return selection


def parse_people(texts: list[str]) -> tuple[int | str, ...]:
    """The ids in a parameter that may be repeated, hold a comma-separated list, or both.

    Raises ValueError if one cannot be the id of a user, or if there are more than are allowed.
    """
    ids = [parse_user_id(item) for text in texts for item in _items(text)]
    people = tuple(dict.fromkeys(pk for pk in ids if pk is not None))
    if None in ids or len(ids) > MAX_VALUES:
        raise ValueError
    return people


def parse_teams(texts: list[str]) -> tuple[str, ...]:
    """The names of teams in a parameter that may be repeated, hold a comma-separated list, or both.

    A text that is the name of a team is not split at its commas. Raises ValueError if one cannot be the name of a team,
    or if there are more than are allowed.
    """
    names = team_names() if any("," in text for text in texts) else frozenset()
    teams = [item for text in texts for item in ([text.strip()] if text.strip() in names else _items(text))]
    if len(teams) > MAX_VALUES or not all(name == NONE or is_team_name(name) for name in teams):
        raise ValueError
    return tuple(dict.fromkeys(teams))


def parse_repos(texts: list[str]) -> list[str]:
    """The paths of repositories in a parameter that may be repeated, hold a comma-separated list, or both.

    A text that is the path of a repository is not split at its commas. A path can end in a space that is not ASCII.
    """
    texts = [text.strip(whitespace) for text in texts]
    whole = _repos_among([text for text in texts if "," in text and "\0" not in text])
    parts = (part.strip(whitespace) for text in texts for part in ([text] if text in whole else text.split(",")))
    return list(dict.fromkeys(filter(None, parts)))


def _repos_among(texts: list[str]) -> set[str]:
    """Those of the texts that are the path of a repository."""
    if not texts:
        return set()
    with snapshot() as using:
        return Repo.objects.using(using).paths_among(texts)


def _items(text: str) -> Iterator[str]:
    """The items of a comma-separated list, without the empty ones."""
    return filter(None, map(str.strip, text.split(",")))


def read_as_utf8(request: HttpRequest) -> None:
    """Decode the query string as UTF-8, whatever charset the client names for the body.

    Other charsets could bring in lone surrogates. Raises SuspiciousOperation on more parameters than Django accepts.
    """
    request.encoding = "utf-8"
