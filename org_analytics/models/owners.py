"""Whose session a row is: `user`, a user, or `user_id`, a user's primary key."""

import zlib
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

# An arbitrary number: the class of the PostgreSQL advisory locks on users.
_USER_LOCK = 0x6F726775


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


def lock_users(ids: set[Any], using: str) -> None:
    """Let the writers of one user wait for each other until the transaction ends; SQLite has one writer anyway.

    New and changed rows are two statements, and each fires a trigger that locks the user's days in the roll-up. Two
    writers between their statements would wait for each other's days: a deadlock.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        keys = sorted(set(map(_lock_key, ids)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key", [_USER_LOCK, keys])


def _lock_key(user_id: Any) -> int:
    """A signed 32-bit integer for a user's key of any type. Users who share one only wait for each other."""
    return zlib.crc32(str(user_id).encode()) - 2**31
