"""System checks of settings."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.urls import NoReverseMatch, reverse

from ..conf import app_settings, is_email_domain
from ..ingest.price_overrides import parse_overrides
from ..limits import MAX_ACCESS_LOG_DAYS, MAX_STATEMENT_TIMEOUT

_API, _PAGE = "api-analytics", "organization"
# App → the id of its check, and the URLs that need it.
_NEEDED_APPS = {
    "rest_framework": ("org_analytics.E003", {_API}),
    "django_filters": ("org_analytics.E004", {_API, _PAGE}),
    "django.contrib.admin": ("org_analytics.E005", {_PAGE}),
}
_WRITE_MODES = {"IMMEDIATE", "EXCLUSIVE"}
MEANT_AS_TRUE = {"true", "1", "yes", "on", "y", "t", "enabled"}


def check_email_domains(**kwargs: Any) -> list[CheckMessage]:
    """E001: an entry is not a domain."""
    return [
        Error(
            f"ALLOWED_EMAIL_DOMAINS: {entry!r} is not a domain and matches nobody.",
            hint="Use domains such as 'example.com', without '@' or '*'. Leave it empty to allow every domain.",
            id="org_analytics.E001",
        )
        for entry in app_settings.email_domain_entries
        if not is_email_domain(entry)
    ]


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """E002: the feature is on, but neither the API nor the page is included."""
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
    """E003-E005: an app that the included URLs need is not installed."""
    included = _included_urls()
    return [
        Error(
            f"org_analytics needs {name}, which is not installed.",
            hint=f"Add '{name}' to INSTALLED_APPS.",
            id=check_id,
        )
        for name, (check_id, urls) in _NEEDED_APPS.items()
        if included & urls and not apps.is_installed(name)
    ]


def _included_urls() -> set[str]:
    """Return the names of those of API and page that the site includes."""
    return {name for name in (_API, _PAGE) if _is_included(name)}


def _is_included(name: str) -> bool:
    try:
        return bool(getattr(settings, "ROOT_URLCONF", None) and reverse(f"org_analytics:{name}"))
    except NoReverseMatch:
        return False


def check_time_zone(**kwargs: Any) -> list[CheckMessage]:
    """E006: the reporting time zone is unknown."""
    try:
        app_settings.time_zone  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Use a name such as 'Europe/Berlin'. On Windows, also install the package tzdata.",
                id="org_analytics.E006",
            )
        ]
    return []


def check_members(**kwargs: Any) -> list[CheckMessage]:
    """E007: the callable that returns the members cannot be used."""
    try:
        app_settings.members  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Set it to the path of a callable that returns a QuerySet of users. Until then nobody has access.",
                id="org_analytics.E007",
            )
        ]
    return []


def check_use_tz(**kwargs: Any) -> list[CheckMessage]:
    """E008: Django does not use time zones."""
    if settings.USE_TZ:
        return []
    return [
        Error("org_analytics needs USE_TZ = True.", hint="Set USE_TZ = True in the settings.", id="org_analytics.E008")
    ]


def check_flag(**kwargs: Any) -> list[CheckMessage]:
    """W001: the value looks like "on", but the feature is off."""
    value = app_settings.enabled_value
    if app_settings.enabled or str(value).strip().lower() not in MEANT_AS_TRUE:
        return []
    return [
        Warning(
            f"ENABLE_ORG_ANALYTICS is {value!r}, so the feature is off.",
            hint="Use True or the exact text 'true' to turn it on, or False to turn it off.",
            id="org_analytics.W001",
        )
    ]


def check_sqlite_transactions(**kwargs: Any) -> list[CheckMessage]:
    """W002: concurrent writers would find the SQLite database locked. Reads the settings, not the database."""
    alias = router.db_for_write(apps.get_model("org_analytics", "CodingSession"))
    connection = connections[alias]
    # `settings_dict` is undocumented: DATABASES with Django's defaults. Tried with Django 5.2, 6.0 and 6.1.
    mode = connection.settings_dict.get("OPTIONS", {}).get("transaction_mode", "")
    if connection.vendor != "sqlite" or str(mode).upper() in _WRITE_MODES:
        return []
    return [
        Warning(
            f"Transactions of the SQLite database {alias!r} do not begin as immediate, so concurrent writers can fail.",
            hint="Set OPTIONS = {'transaction_mode': 'IMMEDIATE', 'timeout': 20, "
            "'init_command': 'PRAGMA journal_mode=WAL'} for it. Concurrent writers then wait for each other.",
            id="org_analytics.W002",
        )
    ]


def check_statement_timeout(**kwargs: Any) -> list[CheckMessage]:
    """E009: the time limit for queries is not a number of seconds."""
    try:
        app_settings.statement_timeout  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint=f"Set it to a number of seconds from 0 to {MAX_STATEMENT_TIMEOUT}, or None for no limit.",
                id="org_analytics.E009",
            )
        ]
    return []


def check_read_database(**kwargs: Any) -> list[CheckMessage]:
    """E010: the database to read from does not exist."""
    try:
        app_settings.read_database  # noqa: B018
    except ImproperlyConfigured as error:
        aliases = ", ".join(map(repr, settings.DATABASES))
        return [
            Error(
                str(error),
                hint=f"Set it to one of {aliases}, or remove the setting to let the routers decide.",
                id="org_analytics.E010",
            )
        ]
    return []


def check_read_fallback(**kwargs: Any) -> list[CheckMessage]:
    """E024: whether to fall back from the replica is neither True nor False."""
    try:
        app_settings.read_fallback  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Use True to read the default database while the replica does not answer, or False to answer 503.",
                id="org_analytics.E024",
            )
        ]
    return []


def check_throttle_rates(**kwargs: Any) -> list[CheckMessage]:
    """E014: the rate limits cannot be read, so every request would fail."""
    try:
        app_settings.throttle_rates  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Use rates such as {'read': '1200/min', 'write': '240/min'}, or None for no limit.",
                id="org_analytics.E014",
            )
        ]
    return []


def check_token_url(**kwargs: Any) -> list[CheckMessage]:
    """E011: the address of the token page cannot be shown to people who have no token."""
    try:
        app_settings.token_url  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Set it to the address of the page where people make tokens, such as '/account/token', or None.",
                id="org_analytics.E011",
            )
        ]
    return []


def check_prices(**kwargs: Any) -> list[CheckMessage]:
    """E015: the prices by model cannot be read."""
    try:
        parse_overrides(app_settings.prices)
    except ValueError as error:
        return [
            Error(
                f"ORG_ANALYTICS_PRICES: {error}",
                hint="Use {'model': {'input': '1.25', 'output': '10'}}, in USD per million tokens.",
                id="org_analytics.E015",
            )
        ]
    return []


def check_access_log(**kwargs: Any) -> list[CheckMessage]:
    """E021: a setting of the access log cannot be read, so nothing would be logged or deleted."""
    messages: list[CheckMessage] = []
    hints = {
        "access_log": "Set it to True or False.",
        "access_log_days": f"Set it to a whole number of days from 1 to {MAX_ACCESS_LOG_DAYS}.",
    }
    for name, hint in hints.items():
        try:
            getattr(app_settings, name)
        except ImproperlyConfigured as error:
            messages.append(Error(str(error), hint=hint, id="org_analytics.E021"))
    return messages


def check_new_repos_per_day(**kwargs: Any) -> list[CheckMessage]:
    """E022: the limit of new repositories cannot be read, so no session could be sent."""
    try:
        app_settings.new_repos_per_day  # noqa: B018
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Set it to the number of new repositories that a person may add a day, or None for no limit.",
                id="org_analytics.E022",
            )
        ]
    return []
