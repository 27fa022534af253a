"""Find users by e-mail address, or create them."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.db.models import Q


def user_by_email(email: Any) -> Any:
    """The one user with this address in any case, or None.

    Raises ValidationError on no address, several users, or a user model without addresses.
    """
    if not isinstance(email, str) or not email or not email.isprintable():
        raise ValidationError("Must be an e-mail address.")
    model: Any = get_user_model()
    field = model.get_email_field_name()
    try:
        model._meta.get_field(field)
    except FieldDoesNotExist:
        raise ValidationError("The user model has no e-mail field.") from None
    # Some databases fold the case of ASCII letters alone; Python folds the others.
    spellings = Q.create([(f"{field}__iexact", text) for text in (email, email.lower(), email.upper())], connector=Q.OR)
    users = list(model._default_manager.filter(spellings)[:2])
    if len(users) > 1:
        raise ValidationError("Several users have this e-mail address.")
    return users[0] if users else None


def require_user(email: str) -> Any:
    """The one user with this address. Raises CommandError if there is none, or several."""
    try:
        user = user_by_email(email)
    except ValidationError as error:
        raise CommandError(f"{email}: {' '.join(error.messages)}") from None
    if user is None:
        raise CommandError(f"{email}: no user has this e-mail address.")
    return user


def make_user(email: str, *, name: str = "", is_active: bool = True) -> Any:
    """A new user with this address and an unusable password. Raises ValidationError where the model wants more.

    The name and whether the user is active are set where the model has fields for them.
    """
    model: Any = get_user_model()
    manager = model._default_manager
    address = manager.normalize_email(email) if hasattr(manager, "normalize_email") else email
    user = model(**{model.get_email_field_name(): address, model.USERNAME_FIELD: address, **_names(model, name)})
    if _max_length(model, "is_active") is not None:
        user.is_active = is_active
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise ValidationError(
            [f"No user can be made: {name}: {text}" for name, texts in error.message_dict.items() for text in texts]
        ) from error
    user.save()
    return user


def _names(model: Any, name: str) -> dict[str, str]:
    """The name in the model's own fields: a field `name`, else the first word and the rest."""
    text = " ".join(name.split())
    first, _space, rest = text.partition(" ")
    parts = {"name": text} if _max_length(model, "name") is not None else {"first_name": first, "last_name": rest}
    lengths = {field: _max_length(model, field) for field in parts}
    return {field: value[: lengths[field] or None] for field, value in parts.items() if lengths[field] is not None}


def _max_length(model: Any, name: str) -> int | None:
    """The length of a field; 0: without a limit, None: no such field."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return (fields[name].max_length or 0) if name in fields else None
