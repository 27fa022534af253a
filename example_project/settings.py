"""Settings of the example: development without any environment variable, production with DEBUG=false.

Environment variables: DEBUG, SECRET_KEY, ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, DATABASE_URL, TIME_ZONE,
BEHIND_TLS_PROXY, SECURE_SSL_REDIRECT, ENABLE_ORG_ANALYTICS, ALLOWED_EMAIL_DOMAINS,
SHARE_ALL_SESSIONS_TO_AUTHENTICATED.
"""

import os
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from .databases import database_from_url

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str, default: bool) -> bool:
    """Read an environment variable that is `true` or `false`."""
    value = os.environ.get(name, "").strip().lower()
    if value not in ("", "true", "false"):
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value == "true" if value else default


def required(name: str, purpose: str) -> str:
    """Read an environment variable that must be set in production."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"Set {name} ({purpose}), or DEBUG=true for development.")
    return value


def items(text: str) -> list[str]:
    """Split a comma-separated list."""
    return [item.strip() for item in text.split(",") if item.strip()]


DEBUG = flag("DEBUG", default=True)

if DEBUG:
    SECRET_KEY = os.environ.get("SECRET_KEY") or "for-development-only-" + "0" * 40
    ALLOWED_HOSTS = items(os.environ.get("ALLOWED_HOSTS", "")) or ["localhost", "127.0.0.1", "[::1]"]
else:
    SECRET_KEY = required("SECRET_KEY", "a long random text")
    ALLOWED_HOSTS = items(required("ALLOWED_HOSTS", "the host names served, separated by commas"))

INSTALLED_APPS = [
    "org_analytics",
    "example_project",  # before the admin, because it extends the admin's base_site.html
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_filters",
    "rest_framework",
    "rest_framework.authtoken",
]

MIDDLEWARE = [
    "example_project.headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}"
DATABASES = {"default": database_from_url(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "sessions"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = os.environ.get("TIME_ZONE") or "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = None if DEBUG else BASE_DIR / "staticfiles"
# After collectstatic: hashed file names, which browsers may cache for a year. Before: files straight from the apps.
WHITENOISE_USE_FINDERS = True
COLLECTED = STATIC_ROOT is not None and (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
}

# Organization analytics is on with ENABLE_ORG_ANALYTICS=true. Without a domain list, every signed-in user has access.
ENABLE_ORG_ANALYTICS = os.environ.get("ENABLE_ORG_ANALYTICS", "")
ALLOWED_EMAIL_DOMAINS = os.environ.get("ALLOWED_EMAIL_DOMAINS", "")
# The API and "org-analytics login" name this page to people who have no token.
ORG_ANALYTICS_TOKEN_URL = "/account/token"  # noqa: S105 (an address)
# Django's groups are the teams.
ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
# True shows everybody's single sessions to every reader; else people see their own.
SHARE_ALL_SESSIONS_TO_AUTHENTICATED = os.environ.get("SHARE_ALL_SESSIONS_TO_AUTHENTICATED", "")
ORG_ANALYTICS_SESSION_URL = "example_project.views.session_url"

if not DEBUG:
    # Errors go to the error stream, where a service manager or container collects them.
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }
    CSRF_TRUSTED_ORIGINS = items(os.environ.get("CSRF_TRUSTED_ORIGINS", ""))
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Whether to include subdomains and join browsers' preload lists is for the owner of the domain to decide.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    # Only behind a proxy that sets this header itself. Otherwise a client could use it to pretend that it used TLS.
    if flag("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
