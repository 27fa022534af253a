"""The lists of a recap, as the session page shows them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _


class RecapPart(NamedTuple):
    """One list of a recap: its heading and its items."""

    heading: str
    items: list[str]


def recap_parts(recap: Any) -> list[RecapPart]:
    """Return the lists that have items."""
    parts = (
        RecapPart(_("What went well"), _texts(recap.went_well)),
        RecapPart(_("What went badly"), _texts(recap.went_badly)),
        RecapPart(_("Suggestions for the person"), _texts(recap.suggestions_person)),
        RecapPart(_("Suggestions for the environment"), _texts(recap.suggestions_environment)),
        RecapPart(_("Suggestions for the default context"), _texts(recap.suggestions_context)),
    )
    return [part for part in parts if part.items]


def _texts(items: Iterable[dict[str, Any]]) -> list[str]:
    return [item["text"] for item in items]
