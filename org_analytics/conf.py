"""The app's settings: one typed property each, read on access, never cached. Only this module reads them."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch
from django.utils.encoding import iri_to_uri
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from .limits import MAX_ACCESS_LOG_DAYS, MAX_NEW_REPOS_PER_DAY, MAX_STATEMENT_TIMEOUT

DEFAULT_STATEMENT_TIMEOUT = 10
DEFAULT_ACCESS_LOG_DAYS = 90
DEFAULT_NEW_REPOS_PER_DAY = 200
DEFAULT_THROTTLE_RATES = {"read": "1200/min", "write": "240/min"}
_RATE = re.compile(r"[1-9][0-9]{0,8}/(?:s|sec|second|m|min|minute|h|hour|d|day)")
_LABEL = r"[^\W_](?:[^\W_]|-)*(?<!-)"
_PLAIN_URL = re.compile(r"https?://[^/?#@%]+(?:[/?#].*)?|/(?!/).*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


class AppSettings:
    """Each attribute is the current value of a setting."""

    @property
    def enabled_value(self) -> object:
        """`ENABLE_ORG_ANALYTICS`, unparsed: the Django setting, else the environment variable, else None."""
        return _setting_or_environment("ENABLE_ORG_ANALYTICS")

    @property
    def enabled(self) -> bool:
        """On only for `True` or the exact text `"true"`."""
        return _is_on(self.enabled_value)

    @property
    def sharing_value(self) -> object:
        """`SHARE_ALL_SESSIONS_TO_AUTHENTICATED`, unparsed, read as `ENABLE_ORG_ANALYTICS` is."""
        return _setting_or_environment("SHARE_ALL_SESSIONS_TO_AUTHENTICATED")

    @property
    def shares_sessions(self) -> bool:
        """Whether every reader may see everybody's single sessions: only for `True` or the exact text `"true"`."""
        return _is_on(self.sharing_value)

    @property
    def email_domain_entries(self) -> list[str]:
        """`ALLOWED_EMAIL_DOMAINS` split, trimmed and lower-cased, valid or not; empty means no limit."""
        value = _setting_or_environment("ALLOWED_EMAIL_DOMAINS")
        if not value:
            return []
        if isinstance(value, str):
            entries: Iterable[object] = value.split(",")
        else:
            entries = value if isinstance(value, Iterable) else [value]
        # An empty generator is still a setting: it must not mean "everybody".
        return [str(entry).strip().lower() for entry in entries] or [""]

    @property
    def email_domains(self) -> frozenset[str] | None:
        """The domains whose users have access. None means everybody; empty (set, but no valid entry) means nobody."""
        entries = self.email_domain_entries
        return frozenset(filter(is_email_domain, entries)) if entries else None

    @property
    def members_callable(self) -> Callable[[], Any] | None:
        """The callable that `ORG_ANALYTICS_MEMBERS` names, or None. Raises ImproperlyConfigured."""
        return _callable_of("ORG_ANALYTICS_MEMBERS")

    @property
    def members(self) -> QuerySet[Any]:
        """The members: active users, of all users or of those that the site's callable returns."""
        model = get_user_model()
        members_callable = self.members_callable
        users = members_callable() if members_callable else model._default_manager.all()
        if not isinstance(users, QuerySet):
            raise ImproperlyConfigured("ORG_ANALYTICS_MEMBERS: the callable must return a QuerySet of users.")
        return users.filter(is_active=True) if _has_field(model, "is_active") else users

    @property
    def has_teams(self) -> bool:
        """Whether `ORG_ANALYTICS_TEAMS` is set, whatever it names."""
        return bool(getattr(settings, "ORG_ANALYTICS_TEAMS", None))

    @property
    def teams_callable(self) -> Callable[[], Any] | None:
        """The callable that `ORG_ANALYTICS_TEAMS` names, or None. Raises ImproperlyConfigured.

        It returns (user id, team name) pairs.
        """
        return _callable_of("ORG_ANALYTICS_TEAMS")

    @property
    def session_url_callable(self) -> Callable[..., Any] | None:
        """The callable that `ORG_ANALYTICS_SESSION_URL` names, or None. Raises ImproperlyConfigured.

        It returns the address of a session's page on the host's site, or None: (session, request) → URL.
        """
        return _callable_of("ORG_ANALYTICS_SESSION_URL")

    @property
    def recap_generator(self) -> Callable[..., Any] | None:
        """The callable that `ORG_ANALYTICS_RECAP_GENERATOR` names, or None. Raises ImproperlyConfigured.

        It returns the recap of a session, as `record()` takes it, or None.
        """
        return _callable_of("ORG_ANALYTICS_RECAP_GENERATOR")

    @property
    def recaps_per_month(self) -> int | None:
        """`ORG_ANALYTICS_RECAPS_PER_MONTH`: how many recaps `generate_recaps` makes for a person; None: no limit."""
        value = getattr(settings, "ORG_ANALYTICS_RECAPS_PER_MONTH", None)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise ImproperlyConfigured(f"ORG_ANALYTICS_RECAPS_PER_MONTH: {value!r} is not a whole number or None.")
        return value

    @property
    def time_zone(self) -> ZoneInfo:
        """`ORG_ANALYTICS_TIME_ZONE`, default `TIME_ZONE`: the zone of day boundaries. Raises ImproperlyConfigured."""
        name = getattr(settings, "ORG_ANALYTICS_TIME_ZONE", None) or settings.TIME_ZONE
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
            raise ImproperlyConfigured(f"ORG_ANALYTICS_TIME_ZONE: unknown time zone {name!r}.") from error

    @property
    def statement_timeout(self) -> float:
        """`ORG_ANALYTICS_STATEMENT_TIMEOUT`: time limit of a query in seconds; 0 or None: no limit. Default 10."""
        value = getattr(settings, "ORG_ANALYTICS_STATEMENT_TIMEOUT", DEFAULT_STATEMENT_TIMEOUT)
        if value is None:
            return 0.0
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= MAX_STATEMENT_TIMEOUT:
            limits = f"a number of seconds from 0 to {MAX_STATEMENT_TIMEOUT}"
            raise ImproperlyConfigured(f"ORG_ANALYTICS_STATEMENT_TIMEOUT: {value!r} is not {limits}.")
        return float(value)

    @property
    def new_repos_per_day(self) -> int | None:
        """`ORG_ANALYTICS_NEW_REPOS_PER_DAY`: how many new repositories a person may add a day over the API.

        Default 200; None: no limit. Raises ImproperlyConfigured.
        """
        value = getattr(settings, "ORG_ANALYTICS_NEW_REPOS_PER_DAY", DEFAULT_NEW_REPOS_PER_DAY)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NEW_REPOS_PER_DAY:
            limits = f"None or a whole number from 0 to {MAX_NEW_REPOS_PER_DAY}"
            raise ImproperlyConfigured(f"ORG_ANALYTICS_NEW_REPOS_PER_DAY: {value!r} is not {limits}.")
        return value

    @property
    def access_log(self) -> bool:
        """`ORG_ANALYTICS_ACCESS_LOG`: whether to log who was shown whose numbers. Default True.

        Raises ImproperlyConfigured.
        """
        value = getattr(settings, "ORG_ANALYTICS_ACCESS_LOG", True)
        if not isinstance(value, bool):
            raise ImproperlyConfigured(f"ORG_ANALYTICS_ACCESS_LOG: {value!r} is not True or False.")
        return value

    @property
    def access_log_days(self) -> int:
        """`ORG_ANALYTICS_ACCESS_LOG_DAYS`: how many days entries are kept, 1 to 3,650. Default 90.

        Raises ImproperlyConfigured.
        """
        value = getattr(settings, "ORG_ANALYTICS_ACCESS_LOG_DAYS", DEFAULT_ACCESS_LOG_DAYS)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ACCESS_LOG_DAYS:
            limits = f"a whole number of days from 1 to {MAX_ACCESS_LOG_DAYS}"
            raise ImproperlyConfigured(f"ORG_ANALYTICS_ACCESS_LOG_DAYS: {value!r} is not {limits}.")
        return value

    @property
    def prices(self) -> Any:
        """`ORG_ANALYTICS_PRICES`: an administrator's prices by model, in USD per million tokens, unparsed.

        `{model: {"input", "output", "cache_read", "cache_write", "from"}}`; `ingest.price_overrides` reads them.
        """
        return getattr(settings, "ORG_ANALYTICS_PRICES", None) or {}

    @property
    def throttle_rates(self) -> dict[str, str] | None:
        """`ORG_ANALYTICS_THROTTLE_RATES`: requests per user as DRF rates, `{"read": …, "write": …}`; None: no limit.

        A rate that is left out keeps its default. Raises ImproperlyConfigured.
        """
        value = getattr(settings, "ORG_ANALYTICS_THROTTLE_RATES", DEFAULT_THROTTLE_RATES)
        if value is None:
            return None
        is_valid = isinstance(value, Mapping) and value.keys() <= DEFAULT_THROTTLE_RATES.keys()
        if not is_valid or not all(isinstance(rate, str) and _RATE.fullmatch(rate) for rate in value.values()):
            raise ImproperlyConfigured(
                f"ORG_ANALYTICS_THROTTLE_RATES: {value!r} is not a dict of rates such as {DEFAULT_THROTTLE_RATES}."
            )
        return {**DEFAULT_THROTTLE_RATES, **value}

    @property
    def read_database(self) -> str | None:
        """`ORG_ANALYTICS_READ_DATABASE`: the alias that reports read, such as a replica's; None: the routers decide."""
        alias = getattr(settings, "ORG_ANALYTICS_READ_DATABASE", None) or None
        if alias is not None and alias not in settings.DATABASES:
            raise ImproperlyConfigured(f"ORG_ANALYTICS_READ_DATABASE: {alias!r} is not in DATABASES.")
        return alias

    @property
    def read_fallback(self) -> bool:
        """`ORG_ANALYTICS_READ_FALLBACK`: whether reports read the routers' database while the replica does not answer.

        Default True. Raises ImproperlyConfigured.
        """
        value = getattr(settings, "ORG_ANALYTICS_READ_FALLBACK", True)
        if not isinstance(value, bool):
            raise ImproperlyConfigured(f"ORG_ANALYTICS_READ_FALLBACK: {value!r} is not True or False.")
        return value

    @property
    def token_url(self) -> str | None:
        """`ORG_ANALYTICS_TOKEN_URL`: the page where people make tokens, or None. Raises ImproperlyConfigured."""
        value = getattr(settings, "ORG_ANALYTICS_TOKEN_URL", None)
        try:
            if not value:
                return None
            url = iri_to_uri(value) if isinstance(value, str | Promise) else ""
        except NoReverseMatch as error:
            raise ImproperlyConfigured(f"ORG_ANALYTICS_TOKEN_URL: {error}") from error
        if not is_plain_url(url):
            # The value is not shown: it may hold a password.
            raise ImproperlyConfigured(
                "ORG_ANALYTICS_TOKEN_URL must begin with 'https://', 'http://' or '/', "
                "without a user name or a password."
            )
        return url


def is_email_domain(entry: str) -> bool:
    """Two or more dot-separated labels of letters, digits and inner hyphens."""
    return bool(_DOMAIN.fullmatch(entry))


def _callable_of(name: str) -> Callable[..., Any] | None:
    """The callable whose dotted path a setting holds; None where the setting is empty. Raises ImproperlyConfigured."""
    path = getattr(settings, name, None)
    if not path:
        return None
    try:
        found = import_string(path)
    except (ImportError, AttributeError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}: cannot import {path!r}.") from error
    if not callable(found):
        raise ImproperlyConfigured(f"{name}: {path!r} is not callable.")
    return found  # type: ignore[no-any-return]


def is_plain_url(url: str) -> bool:
    """Whether this is an address of http or https without a user name, or a path."""
    return bool(_PLAIN_URL.fullmatch(url))


def _is_on(value: object) -> bool:
    return value is True or value == "true"


def _has_field(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.get_fields())


def _setting_or_environment(name: str) -> Any:
    return getattr(settings, name) if hasattr(settings, name) else os.environ.get(name)


app_settings = AppSettings()
