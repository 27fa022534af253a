"""What a host may bring along: its REST framework settings, middleware, authenticators and lists of members."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet
from rest_framework.authentication import BaseAuthentication
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

# What DRF's view reads from its settings when it is imported, and would not read again.
_READ_AT_IMPORT = {
    "authentication_classes": "DEFAULT_AUTHENTICATION_CLASSES",
    "content_negotiation_class": "DEFAULT_CONTENT_NEGOTIATION_CLASS",
    "metadata_class": "DEFAULT_METADATA_CLASS",
    "parser_classes": "DEFAULT_PARSER_CLASSES",
    "permission_classes": "DEFAULT_PERMISSION_CLASSES",
    "renderer_classes": "DEFAULT_RENDERER_CLASSES",
    "throttle_classes": "DEFAULT_THROTTLE_CLASSES",
    "versioning_class": "DEFAULT_VERSIONING_CLASS",
}
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
HOSTILE = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_VERSION": "v9",
    "ALLOWED_VERSIONS": ["v9"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 1,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.TemplateHTMLRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_METADATA_CLASS": "rest_framework.metadata.SimpleMetadata",
    "URL_FORMAT_OVERRIDE": "format",
    "EXCEPTION_HANDLER": "tests.hosts.teapot",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": None,
}


Host = Callable[[Any, pytest.MonkeyPatch], None]


def rest_framework(settings: Any, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """A host with these `REST_FRAMEWORK` settings."""
    settings.REST_FRAMEWORK = values
    for attribute, name in _READ_AT_IMPORT.items():
        monkeypatch.setattr(APIView, attribute, getattr(api_settings, name))


def plain(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of Django's and REST framework's defaults."""


def login_required(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host where each view asks for a login unless it says otherwise."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN_REQUIRED]


def hostile(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose global settings all differ from ours."""
    rest_framework(settings, monkeypatch, **HOSTILE)
    settings.LANGUAGE_CODE = "de"
    settings.APPEND_SLASH = True
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def teapot(exc: Exception, context: Any) -> Response:
    """An exception handler that answers 418 to every error."""
    return Response("teapot", status=418)


def nobody() -> QuerySet[Any]:
    return get_user_model()._default_manager.none()


def only_ann() -> QuerySet[Any]:
    return get_user_model()._default_manager.filter(email="ann@example.com")


def without_customers() -> QuerySet[Any]:
    return get_user_model()._default_manager.exclude(email__startswith="customer@")


not_callable = "a text"


def failing_teams() -> list[tuple[Any, str]]:
    raise RuntimeError("no directory")


def teams_of_a_missing_table() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, team FROM no_such_table")
        return cursor.fetchall()


class Throttled(BaseThrottle):
    """Refuses every request."""

    seconds: float | None = 41.2

    def allow_request(self, request: Any, view: Any) -> bool:
        return False

    def wait(self) -> float | None:
        return self.seconds


class ThrottledForever(Throttled):
    """Refuses every request without a time to wait."""

    seconds = None


class StatelessUser:
    """A user that exists only in a token, without a row in the user table."""

    is_authenticated = True
    pk = 1
    email = "ann@example.com"


class Stateless(BaseAuthentication):
    """Authenticates with the content of a token."""

    def authenticate(self, request: Any) -> tuple[Any, None]:
        return StatelessUser(), None


class Bearer(BaseAuthentication):
    """Authenticates nobody and asks for a bearer token."""

    def authenticate(self, request: Any) -> None:
        return None

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'


class OffersBasicToo(Bearer):
    """Names two schemes at once."""

    def authenticate_header(self, request: Any) -> str:
        return 'Negotiate, BASIC realm="api"'


class Letting(BaseAuthentication):
    """Lets a deactivated user in, as Django's `AllowAllUsersModelBackend` does."""

    def authenticate(self, request: Any) -> tuple[Any, None]:
        return get_user_model()(email="gone@example.com", is_active=False), None


class AnalyticsElsewhere:
    """A router that puts the app into a database of its own."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "analytics" if model._meta.app_label == "org_analytics" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == "org_analytics") == (db == "analytics")


class AnalyticsMigratedElsewhere:
    """A router that says only where tables are made."""

    allow_migrate = AnalyticsElsewhere.allow_migrate


class UsersOfAnotherSchema:
    """A router as of multi-tenant hosts, where this connection's schema has no users and refers to another's."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return app_label == "org_analytics"
