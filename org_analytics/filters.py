"""Shared parts of the API's and the page's filters."""

from typing import Any

import django_filters
from django import forms
from django.http import HttpRequest

from .models import CodingSession
from .reporting.selection import Selection


class FirstValue(forms.TextInput):
    """Of a repeated parameter the first one counts; a QueryDict would give the last."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        values = data.getlist(name)
        return values[0] if values else ""


class RawField(forms.Field):
    """A parameter as it was sent: the form's `clean()` makes sense of it, in the contract's order."""

    widget = FirstValue

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False)


class RawFilter(django_filters.Filter):
    """A parameter of the query string that is no lookup by itself."""

    field_class = RawField


class SelectionFilters(django_filters.FilterSet):
    """A filter set whose whole result is one `Selection`. It narrows no query set: whole days come from the roll-up."""

    class Meta:
        model = CodingSession
        fields: list[str] = []

    @property
    def selection(self) -> Selection:
        """What was asked for; only after `is_valid()`."""
        selection: Selection = self.form.cleaned_data["selection"]
        return selection


def read_as_utf8(request: HttpRequest) -> None:
    """A query string is UTF-8, whatever charset a client gives for a body: some could smuggle lone surrogates in.

    Raises SuspiciousOperation on more parameters than Django takes.
    """
    request.encoding = "utf-8"
