"""The names of people, teams and providers as people read them."""

from django.utils.translation import gettext as _

from ..choices import Provider
from ..reporting.members import Person
from ..reporting.selection import NONE


def person_label(person: Person) -> str:
    """Return the name; the e-mail address of a person without one; the id where there is neither."""
    return person.name or person.email or str(person.id)


def team_label(name: str) -> str:
    """Return the name of a team."""
    return _("No team") if name == NONE else name


def provider_label(provider: str) -> str:
    """Return the name of a provider."""
    return str(Provider(provider).label)
