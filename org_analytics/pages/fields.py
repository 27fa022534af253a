"""Fields that only the pages' forms have."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from ..conf import app_settings
from ..filters.fields import OptionField
from ..filters.parameters import FirstValue
from ..limits import MAX_SEARCH
from ..reporting.groups import Grouping

# A page number beyond the last one: the paginator shows the last.
_LAST_PAGE = 10**9


class GroupingField(OptionField):
    """What a row of the table is. Teams only on a site that has them."""

    def __init__(self) -> None:
        super().__init__(list(Grouping), initial=Grouping.PERSON, message=_("Unknown grouping."))

    def clean(self, value: Any) -> Grouping:
        grouping = Grouping(super().clean(value))
        if grouping is Grouping.TEAM and not app_settings.has_teams:
            raise forms.ValidationError(self.error_messages["invalid_choice"])
        return grouping


class PageNumberField(forms.RegexField):
    """A page number of any length; empty means the first page."""

    widget = FirstValue

    def __init__(self) -> None:
        message = _("Must be a page number, 1 or higher.")
        super().__init__(r"\A0*[1-9][0-9]*\Z", required=False, initial=1, error_messages={"invalid": message})

    def clean(self, value: Any) -> int:
        digits = super().clean(value).lstrip("0")
        return min(int(digits[:10] or self.initial), _LAST_PAGE)  # ten digits are beyond the last page, as are more


class SearchField(forms.CharField):
    """A text to search for."""

    widget = FirstValue

    def __init__(self) -> None:
        validator = MaxLengthValidator(MAX_SEARCH, _("At most 200 characters."))
        super().__init__(required=False, initial="", validators=[validator])

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())
