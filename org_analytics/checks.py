"""System checks: a misconfigured host is told what to do, before a user meets it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.urls import NoReverseMatch, reverse

from .conf import app_settings, is_email_domain
from .rollup import maintenance

_API, _PAGE = "api-analytics", "organization"
# Which app is needed where which of our URLs is included.
_NEEDED_APPS = {
    "rest_framework": ("org_analytics.E003", {_API}),
    "django_filters": ("org_analytics.E004", {_API, _PAGE}),
    "django.contrib.admin": ("org_analytics.E005", {_PAGE}),
}
_MEANT_AS_TRUE = {"true", "1", "yes", "on", "y", "t", "enabled"}


def check_email_domains(**kwargs: Any) -> list[CheckMessage]:
    """E001: an entry that can match nobody."""
    return [
        Error(
            f"ALLOWED_EMAIL_DOMAINS: {entry!r} is not a domain and matches nobody.",
            hint="Give domains such as 'example.com', without '@' or '*'; leave the setting empty for everybody.",
            id="org_analytics.E001",
        )
        for entry in app_settings.email_domain_entries
        if not is_email_domain(entry)
    ]


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """E002: the feature is on, but none of its URLs is there."""
    if not app_settings.enabled or _included_urls():
        return []
    return [
        Error(
            "ENABLE_ORG_ANALYTICS is on, but the app's URLs are not included.",
            hint="Add path('', include('org_analytics.urls')) to the root URL configuration.",
            id="org_analytics.E002",
        )
    ]


def check_installed_apps(**kwargs: Any) -> list[CheckMessage]:
    """E003-E005: an app that the API, the filters or the page's look need."""
    included = _included_urls()
    return [
        Error(
            f"{name} is not installed, which org_analytics needs.",
            hint=f"Add '{name}' to INSTALLED_APPS.",
            id=check_id,
        )
        for name, (check_id, urls) in _NEEDED_APPS.items()
        if included & urls and not apps.is_installed(name)
    ]


def _included_urls() -> set[str]:
    """Which of API and page the host serves; it may include one without the other."""
    return {name for name in (_API, _PAGE) if _is_included(name)}


def _is_included(name: str) -> bool:
    try:
        return bool(getattr(settings, "ROOT_URLCONF", None) and reverse(f"org_analytics:{name}"))
    except NoReverseMatch:
        return False


def check_time_zone(**kwargs: Any) -> list[CheckMessage]:
    """E006: a zone nobody knows."""
    try:
        app_settings.time_zone  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Give a name such as 'Europe/Berlin' (on Windows, install tzdata).",
                id="org_analytics.E006",
            )
        ]
    return []


def check_members(**kwargs: Any) -> list[CheckMessage]:
    """E007: nobody may read, as who is a member cannot be asked."""
    try:
        app_settings.members  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Give the dotted path of a callable that returns a queryset of users; until then nobody may read.",
                id="org_analytics.E007",
            )
        ]
    return []


def check_use_tz(**kwargs: Any) -> list[CheckMessage]:
    """E008: instants need time zones."""
    if settings.USE_TZ:
        return []
    return [Error("org_analytics needs USE_TZ.", hint="Set USE_TZ = True.", id="org_analytics.E008")]


def check_flag(**kwargs: Any) -> list[CheckMessage]:
    """W001: the feature is off, though somebody seems to want it on."""
    value = app_settings.enabled_value
    if app_settings.enabled or str(value).strip().lower() not in _MEANT_AS_TRUE:
        return []
    return [
        Warning(
            f"ENABLE_ORG_ANALYTICS is {value!r}, which is off.",
            hint="Only True and the exact text 'true' switch it on; any other value is off, False among them.",
            id="org_analytics.W001",
        )
    ]


def check_sqlite_transactions(**kwargs: Any) -> list[CheckMessage]:
    """W002: half of concurrent writers would find the database locked. Looks at settings, not at the database."""
    alias = router.db_for_write(apps.get_model("org_analytics", "CodingSession"))
    connection = connections[alias]
    mode = connection.settings_dict.get("OPTIONS", {}).get("transaction_mode", "")
    if connection.vendor != "sqlite" or str(mode).upper() in _WRITE_MODES:
        return []
    return [
        Warning(
            f"The SQLite database {alias!r} does not begin its transactions as immediate.",
            hint="Set OPTIONS = {'transaction_mode': 'IMMEDIATE', 'timeout': 20, "
            "'init_command': 'PRAGMA journal_mode=WAL'}: concurrent writers then wait instead of failing.",
            id="org_analytics.W002",
        )
    ]


def check_reading(**kwargs: Any) -> list[CheckMessage]:
    """E009: a database or a time limit for questions that is none."""
    problems: list[CheckMessage] = []
    for name in ("statement_timeout", "read_database"):
        try:
            getattr(app_settings, name)
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), hint="Give another value, or none at all.", id="org_analytics.E009"))
    return problems


def check_daily_usage(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """W003: days cut in another zone than is reported in. W004: triggers that are not there, or others.

    Warnings, as `migrate` asks first and may be about to put it right.
    """
    return [message for alias in databases or () for message in _daily_usage_of(alias)]


def _daily_usage_of(alias: str) -> Iterator[CheckMessage]:
    if not maintenance.is_supported(connections[alias].vendor) or not maintenance.is_installed(alias):
        return
    if not maintenance.zone_is_current(alias):
        yield Warning(
            f"The daily roll-up in database {alias!r} uses {maintenance.recorded_zone(alias)} day boundaries, "
            f"but the reporting time zone is {app_settings.time_zone.key}.",
            hint="Run manage.py rebuild_daily_usage; until then every day's numbers are summed from the sessions.",
            id="org_analytics.W003",
        )
    if names := maintenance.altered_triggers(connections[alias]):
        yield Warning(
            f"The database {alias!r} lacks triggers of the daily roll-up, or has others: {', '.join(names)}.",
            hint="Run manage.py rebuild_daily_usage: it puts them back and sums all sessions again.",
            id="org_analytics.W004",
        )


_WRITE_MODES = {"IMMEDIATE", "EXCLUSIVE"}

SETTINGS_CHECKS = [
    check_email_domains,
    check_urls,
    check_installed_apps,
    check_time_zone,
    check_members,
    check_use_tz,
    check_flag,
    check_sqlite_transactions,
    check_reading,
]
DATABASE_CHECKS = [check_daily_usage]
