"""Whose session a row is: `user`, a user, or `user_id`, a user's primary key."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _


def user_pk(value: Any, model: type[Model] | None = None) -> Any:
    """Validate a `user` and return its primary key."""
    if not isinstance(value, model or get_user_model()) or value.pk is None:
        raise ValidationError(_("Must be a saved user."))
    return value.pk


def user_id(value: Any) -> Any:
    """Validate a `user_id` and return it in the type of the key's field. Whether the user exists is not checked."""
    field: Any = get_user_model()._meta.pk
    while field.remote_field:  # a user model that extends another one
        field = field.target_field
    try:
        if isinstance(value, bool) or not isinstance(value, int | str | UUID) or not str(value).isprintable():
            raise TypeError
        pk = field.to_python(value)
        field.run_validators(pk)
    except (TypeError, ValueError, ValidationError):
        raise ValidationError(_("Must be the primary key of a user.")) from None
    return pk


def missing_users(ids: set[Any], using: str) -> set[Any]:
    """The ids that no user has."""
    if not ids:
        return set()
    users = get_user_model()._base_manager.using(using)
    return ids - set(users.filter(pk__in=ids).values_list("pk", flat=True))
