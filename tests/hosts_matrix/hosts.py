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
        urls="""
from drf_spectacular.views import SpectacularAPIView
urlpatterns += [path("schema", SpectacularAPIView.as_view(), name="schema")]
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
