"""Access: the flag, the login, the domain list and membership. Page, API and nav item use only this module."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from .conf import app_settings
from .throttling import check_throttles


class AccessDenied(Enum):
    """Why a user has no access, in the order of the checks."""

    NOT_AUTHENTICATED = "Authentication required"
    DOMAIN = "Email domain not permitted"
    NOT_A_MEMBER = "Not a member"


def is_enabled() -> bool:
    """Whether the feature is on now."""
    return app_settings.enabled


def access_denied(user: Any) -> AccessDenied | None:
    """Why this user has no access; None if they have. Queries only if `ORG_ANALYTICS_MEMBERS` is set."""
    if not getattr(user, "is_authenticated", False) or not getattr(user, "is_active", True):
        return AccessDenied.NOT_AUTHENTICATED
    if not _has_permitted_domain(user):
        return AccessDenied.DOMAIN
    return None if _is_member(user) else AccessDenied.NOT_A_MEMBER


def may_read(request: HttpRequest | None) -> bool:
    """Whether the feature is on and the request's user has access. Does not look at the user while it is off."""
    return is_enabled() and access_denied(getattr(request, "user", None)) is None


def full_path(request: HttpRequest) -> str:
    """The path and query as the browser sent them.

    `request.path` lacks the host's `FORCE_SCRIPT_NAME` under ASGI where a proxy strips it.
    """
    return get_script_prefix().rstrip("/") + request.get_full_path_info()


def _has_permitted_domain(user: Any) -> bool:
    domains = app_settings.email_domains
    if domains is None:
        return True
    email = str(getattr(user, get_user_model().get_email_field_name(), "") or "")
    return email.partition("@")[2].lower() in domains


def _is_member(user: Any) -> bool:
    try:
        return app_settings.members_callable is None or app_settings.members.filter(pk=user.pk).exists()
    except ImproperlyConfigured:
        return False  # a setting that cannot be read gives nobody access; a system check names it


class PageAccessMixin(View):
    """A page: the host's 404 while off, a login and back for the anonymous, 403 for others without access.

    Raises DRF's Throttled over the rate limit.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        # Return 404 before LoginRequiredMiddleware or CsrfViewMiddleware act, so that a feature that is off is
        # invisible. Pages only read. The view itself is marked: a subclass with its own dispatch() would lose the
        # marks on ours.
        view = super().as_view(**initkwargs)
        return csrf_exempt(login_not_required(transaction.non_atomic_requests(view)))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Before Django's own handling of OPTIONS and 405.
        if not is_enabled():
            raise Http404
        user = getattr(request, "user", None)
        denied = access_denied(user)
        if denied is AccessDenied.NOT_AUTHENTICATED:
            if getattr(user, "is_authenticated", False):
                # Login views redirect a signed-in user back here, so a redirect to them would never end.
                raise PermissionDenied("Account is not active")
            return redirect_to_login(full_path(request))
        if denied is not None:
            raise PermissionDenied(denied.value)
        check_throttles(request, self)
        return super().dispatch(request, *args, **kwargs)
