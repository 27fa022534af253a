"""Shared parts of the API's and the page's filters."""

from typing import Any

import django_filters
from django import forms
from django.http import HttpRequest

from .models import CodingSession
from .reporting.selection import Selection


class FirstValue(forms.TextInput):
    """Use the first value of a repeated parameter; a QueryDict would give the last one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        values = data.getlist(name)
        return values[0] if values else ""


class RawField(forms.Field):
    """A parameter as it was sent. The form's `clean()` parses all of them, in the contract's order."""

    widget = FirstValue

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False)


class RawFilter(django_filters.Filter):
    """A parameter of the query string that is not a lookup."""

    field_class = RawField


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


def read_as_utf8(request: HttpRequest) -> None:
    """Decode the query string as UTF-8, whatever charset the client names for the body.

    Other charsets could bring in lone surrogates. Raises SuspiciousOperation on more parameters than Django accepts.
    """
    request.encoding = "utf-8"
