"""System checks of the settings about single sessions and recaps."""

from collections.abc import Callable
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from ..conf import app_settings
from .settings import MEANT_AS_TRUE


def check_session_url(**kwargs: Any) -> list[CheckMessage]:
    """E017: the callable that returns the address of a session's page cannot be imported."""
    return _check(
        lambda: app_settings.session_url_callable,
        hint="Set it to the path of a callable (session, request) that returns an address or None.",
        check_id="org_analytics.E017",
    )


def check_recap_generator(**kwargs: Any) -> list[CheckMessage]:
    """E018: the callable that makes recaps cannot be imported."""
    return _check(
        lambda: app_settings.recap_generator,
        hint="Set it to the path of a callable (session) that returns a recap or None.",
        check_id="org_analytics.E018",
    )


def check_recaps_per_month(**kwargs: Any) -> list[CheckMessage]:
    """E019: the monthly limit of recaps is not a number."""
    return _check(
        lambda: app_settings.recaps_per_month,
        hint="Set it to the number of recaps that a person may get in a month, or None for no limit.",
        check_id="org_analytics.E019",
    )


def check_sharing(**kwargs: Any) -> list[CheckMessage]:
    """E020: the value looks like "on", but sessions are not shared."""
    value = app_settings.sharing_value
    if app_settings.shares_sessions or str(value).strip().lower() not in MEANT_AS_TRUE:
        return []
    return [
        Error(
            f"SHARE_ALL_SESSIONS_TO_AUTHENTICATED is {value!r}, so sessions are visible to their owner only.",
            hint="Use True or the exact text 'true' to show everybody's sessions to every reader, or False.",
            id="org_analytics.E020",
        )
    ]


def _check(read: Callable[[], Any], hint: str, check_id: str) -> list[CheckMessage]:
    try:
        read()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=hint, id=check_id)]
    return []
