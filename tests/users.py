"""One way to make users of whichever user model the settings name."""

from typing import Any

from django.contrib.auth import get_user_model


def create_user(email: str, name: str | None = None, **fields: Any) -> Any:
    """A user with that e-mail and display name; `fields` (is_active, is_staff, …) go to the model."""
    model: Any = get_user_model()
    if model.USERNAME_FIELD == "email":
        return model.objects.create_user(email, name=name or "", **fields)
    first_name, _, last_name = (name or "").partition(" ")
    return model.objects.create_user(
        email or f"nobody-{model.objects.count()}", email, first_name=first_name, last_name=last_name, **fields
    )
