"""Callables for `ORG_ANALYTICS_TEAMS` that are ready to use."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured

from .reporting.snapshots import read_database


def from_groups() -> list[tuple[Any, str]]:
    """Django's groups as teams: a pair (user id, name of the group) for each membership. One query."""
    model = get_user_model()
    try:
        model._meta.get_field("groups")
    except FieldDoesNotExist as error:
        raise ImproperlyConfigured(
            f"ORG_ANALYTICS_TEAMS: users of the model {model._meta.label} have no groups. Write a callable of your "
            "own that returns (user id, team name) pairs."
        ) from error
    members_of_groups = model._base_manager.using(read_database()).filter(groups__isnull=False)
    return list(members_of_groups.order_by().values_list("pk", "groups__name"))
