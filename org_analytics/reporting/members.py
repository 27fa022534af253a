"""The members: who they are, their order and the search for them."""

import unicodedata
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache, partial
from itertools import filterfalse
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from ..conf import app_settings
from ..limits import MAX_USER_ID
from .snapshots import read_database


class Person(NamedTuple):
    """A member: `id` in the form that JSON shows, `name` None if there is none."""

    id: int | str
    email: str
    name: str | None

    @property
    def order(self) -> tuple[Any, ...]:
        """The sort key: named people by name, then e-mail; then people without a name by e-mail; then id.

        Computed in Python, so that the order is the same on every database.
        """
        return self.name is None, *self.collated_name, *_collated(self.email), self.id

    @property
    def collated_name(self) -> tuple[str, ...]:
        """The sort key of the name."""
        return _collated(self.name or "")

    def matches(self, text: str) -> bool:
        """Whether the name or the e-mail address contains the text, ignoring case, accents and other letter marks."""
        wanted = searchable(" ".join(text.split()))
        return not wanted or wanted in searchable(self.name or "") or wanted in searchable(self.email)


def members(ids: Collection[int | str] = ()) -> tuple[Person, ...]:
    """The members, or those of them with these ids, in their order."""
    rows = tuple(_read_members(ids))
    return _in_order(rows) if ids else _all_in_order(rows)


def _read_members(ids: Collection[int | str]) -> Iterator[tuple[Any, str | None, str | None]]:
    """Id, e-mail address and name of these members. Reads names as columns unless the user model computes them."""
    model = get_user_model()
    email = model.get_email_field_name()
    names = {field.name for field in model._meta.get_fields()}
    users = app_settings.members.using(read_database()).order_by()
    if ids:
        users = users.filter(pk__in=ids)
    if hasattr(model, "get_full_name") and not _has_plain_full_name(model, names):
        for user in users:
            yield user.pk, getattr(user, email, ""), user.get_full_name()
        return
    columns = ["first_name", "last_name"] if hasattr(model, "get_full_name") else ["name"] if "name" in names else []
    emails = [email] if email in names else []
    for pk, *values in users.values_list("pk", *emails, *columns):
        yield pk, values.pop(0) if emails else "", " ".join(map(str, filter(None, values)))


def _in_order(rows: tuple[tuple[Any, str | None, str | None], ...]) -> tuple[Person, ...]:
    return tuple(sorted((_person(*row) for row in rows), key=lambda person: person.order))


_all_in_order = lru_cache(maxsize=1)(_in_order)  # every report sorts the same people; other rows are sorted again


def person_of(user: Any) -> Person:
    """The user as a person. They may not be a member, and not even have a row in the user table."""
    name = user.get_full_name() if hasattr(user, "get_full_name") else getattr(user, "name", "")
    return _person(user.pk, getattr(user, get_user_model().get_email_field_name(), ""), name)


def member_ids() -> QuerySet[Any]:
    """The ids of the members, as a subquery."""
    return app_settings.members.using(read_database()).order_by().values("pk")


def _has_plain_full_name(model: Any, names: set[str]) -> bool:
    is_plain: bool = getattr(model, "get_full_name", None) is AbstractUser.get_full_name
    return is_plain and {"first_name", "last_name"} <= names


def _person(pk: Any, email: str | None, name: str | None) -> Person:
    return Person(json_id(pk), email or "", (name or "").strip() or None)


def json_id(pk: Any) -> int | str:
    """The primary key in the form that JSON shows: an integer or text."""
    return pk if isinstance(pk, int) else str(pk)


def parse_user_id(value: object) -> int | str | None:
    """The id in the form that JSON shows, of a key or its text; None if no user can have it."""
    return user_id_parser()(value)


def user_id_parser() -> Callable[[object], int | str | None]:
    """`parse_user_id` for many values: finding the user model takes longer than parsing."""
    return partial(_parsed_user_id, get_user_model()._meta.pk.to_python)


def _parsed_user_id(to_python: Callable[[object], Any], value: object) -> int | str | None:
    if not isinstance(value, int | str | UUID) or isinstance(value, bool) or "\0" in str(value):
        return None
    try:
        pk = to_python(value)
    except (ValidationError, ValueError):
        return None
    # An integer has one spelling only: not "007", "1_0" or "+7".
    is_canonical = not isinstance(pk, int) or (str(pk) == str(value) and abs(pk) <= MAX_USER_ID)
    return json_id(pk) if is_canonical and pk not in (None, "") else None


@lru_cache(maxsize=2**17)  # every report sorts the same people
def _collated(text: str) -> tuple[str, str, str]:
    folded = text.casefold()
    return folded if text.isascii() else _bare(text), folded, text


def _bare(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():
        return text.casefold()
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text))).casefold()


# Letters whose mark is not a combining character, so normalization does not separate it. In lower case, because
# casefold() comes first.
_UNMARKED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


def searchable(text: str) -> str:
    """Return the text as people without these letters on their keyboard type it: `Łukasz Øst` is `lukasz ost`."""
    return text.casefold() if text.isascii() else _bare(text).translate(_UNMARKED)
