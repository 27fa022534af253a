"""Whose sessions: users found by e-mail address, or made."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
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


def make_user(email: str) -> Any:
    """A new user with this address and an unusable password. Raises ValidationError where the model wants more."""
    model: Any = get_user_model()
    manager = model._default_manager
    address = manager.normalize_email(email) if hasattr(manager, "normalize_email") else email
    user = model(**{model.get_email_field_name(): address, model.USERNAME_FIELD: address})
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise ValidationError(
            [f"No user can be made: {name}: {text}" for name, texts in error.message_dict.items() for text in texts]
        ) from error
    user.save()
    return user
