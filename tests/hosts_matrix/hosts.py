"""The kinds of hosts that are tried: what each brings along."""

from .project import Host

MEMBERS = {
    "members/__init__.py": "",
    "members/migrations/__init__.py": "",
    "members/models.py": """
import uuid
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

class Member(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    contact = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_staff = models.BooleanField(default=False)
    USERNAME_FIELD = EMAIL_FIELD = "contact"
    objects = BaseUserManager()
""",
}
JWT = """
INSTALLED_APPS += ["rest_framework_simplejwt"]
SIMPLE_JWT = {"SIGNING_KEY": "k" * 64}
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [
    "rest_framework.authentication.BasicAuthentication",
    "rest_framework.authentication.SessionAuthentication",
    "rest_framework_simplejwt.authentication.JWTAuthentication",
]}
"""
PLAIN = Host("plain")
# With packages that the test dependencies have: these are tried by the suite.
SMALL = (
    PLAIN,
    Host("script_name", settings='FORCE_SCRIPT_NAME = "/stats"\n'),
    Host(
        "uuid_user",
        settings='INSTALLED_APPS = ["members", *INSTALLED_APPS]\nAUTH_USER_MODEL = "members.Member"\n',
        files=MEMBERS,
    ),
    Host(
        "manifest_storage",
        settings="""
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
""",
    ),
    Host(
        "simplejwt",
        ("djangorestframework-simplejwt",),
        settings=JWT,
    ),
    Host(
        "spectacular",
        ("drf-spectacular",),
        settings="""
INSTALLED_APPS += ["drf_spectacular"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
""",
        # Fields that are named like ours, with other values, and the API a second time.
        urls="""
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from org_analytics.urls import api_urlpatterns
from rest_framework import serializers, views
class Usage(serializers.Serializer):
    status = serializers.ChoiceField(["open", "closed"])
    provider = serializers.ChoiceField(["mail", "post"])
    interval = serializers.ChoiceField(["hour", "year"])
class HostView(views.APIView):
    @extend_schema(responses=Usage)
    def get(self, request): ...
urlpatterns += [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("host", HostView.as_view()),
    path("again/", include((api_urlpatterns, "again"))),
]
""",
    ),
    Host(
        "csp",
        ("django-csp",),
        settings="""
from csp.constants import SELF
MIDDLEWARE += ["csp.middleware.CSPMiddleware"]
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": [SELF]}}
""",
    ),
)

HOST_BASE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{% block title %}{% endblock %} · Acme</title>
<style>body { margin: 0; font: 16px/1.5 Georgia, serif } header { background: #234; color: white; padding: 1em }</style>
{% block extrastyle %}{% endblock %}{% block extrahead %}{% endblock %}</head>
<body><header>Acme intranet</header><main>{% block content %}{% endblock %}</main></body></html>
"""
# With themes and larger packages: only `make hosts` installs these.
LARGE = (
    Host(
        "unfold",
        ("django-unfold",),
        settings='INSTALLED_APPS = ["unfold", *INSTALLED_APPS]\n',
    ),
    Host(
        "jazzmin",
        ("django-jazzmin",),
        settings='INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]\n',
    ),
    Host(
        "jazzmin_manifest",
        ("django-jazzmin",),
        settings="""
INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]
# The theme names files that it does not have: its own admin fails with this storage.
HAS_WORKING_ADMIN = False
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
""",
    ),
    Host(
        "grappelli",
        ("django-grappelli",),
        settings='INSTALLED_APPS = ["grappelli", *INSTALLED_APPS]\n',
        urls='urlpatterns += [path("grappelli/", include("grappelli.urls"))]\n',
    ),
    Host(
        "allauth",
        ("django-allauth",),
        settings="""
INSTALLED_APPS += ["allauth", "allauth.account"]
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend",
                           "allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/accounts/login/"
""",
        urls='urlpatterns += [path("accounts/", include("allauth.urls"))]\n',
    ),
    Host("host_base", files={"templates/org_analytics/base.html": HOST_BASE}),
)
DJANGOS_OWN_CSP = Host(
    "own_csp",
    settings="""
from django.utils.csp import CSP
MIDDLEWARE += ["django.middleware.csp.ContentSecurityPolicyMiddleware"]
SECURE_CSP = {"default-src": [CSP.SELF]}
""",
)
# Python, Django, and the hosts that are tried there: themes follow new releases of Django later than we do.
PAIRS = (
    ("3.11", "5.2", (*SMALL, *LARGE)),
    ("3.12", "6.0", (*SMALL, DJANGOS_OWN_CSP)),
    ("3.13", "6.1", (*SMALL, DJANGOS_OWN_CSP)),
)
