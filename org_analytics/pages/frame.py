"""The frame around the page: the admin's base template in whatever theme, or our own where that one fails."""

import logging
import re
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

logger = logging.getLogger("org_analytics")

_BASE = "org_analytics/base.html"
_STANDALONE = "org_analytics/standalone.html"
_PARTIAL = "org_analytics/partial.html"
_HTML_TAG = re.compile(rb"<html\b[^>]*>", re.IGNORECASE)
_DIRECTION = re.compile(rb"\s+dir=(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_LOG_OUT_VIEWS = ("logout", "account_logout", "admin:logout")


def is_htmx(request: HttpRequest) -> bool:
    """Whether only the content is wanted. Going back in history wants the whole page."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def render_in_frame(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int, is_mirrored: bool
) -> HttpResponse:
    """Render a template in the frame, for htmx without it; `is_mirrored`: from right to left."""
    context = {
        **_admin_context(request),
        "is_nav_sidebar_enabled": False,
        "is_mirrored": is_mirrored,
        **context,
    }
    if is_htmx(request):
        return render(request, template, {**context, "layout": _PARTIAL}, status=status)
    try:
        response = render(request, template, {**context, "layout": _BASE}, status=status)
    except Exception:
        # A theme's base may name static files or views that the host does not have. The page needs none of them.
        logger.warning("The base template could not be rendered; the page is shown without it.", exc_info=True)
        response = render(request, template, {**context, "layout": _STANDALONE}, status=status)
    if is_mirrored:
        response.content = _HTML_TAG.sub(_mirrored_tag, response.content, count=1)
    return response


def account_context(request: HttpRequest) -> dict[str, Any]:
    """Return the reader's name and links: to the site, the admin and the log-out."""
    user: Any = request.user
    is_staff = getattr(user, "is_staff", False)
    log_out_views = _LOG_OUT_VIEWS if is_staff else _LOG_OUT_VIEWS[:-1]
    return {
        "reader_name": _reader_name(user),
        "site_url": _site_url(request),
        "admin_url": _url_or_empty("admin:index") if is_staff else "",
        "log_out_url": next(filter(None, map(_url_or_empty, log_out_views)), ""),
    }


def _reader_name(user: Any) -> str:
    name = user.get_full_name() if hasattr(user, "get_full_name") else getattr(user, "name", "")
    return (name or "").strip() or str(user.get_username())


def _url_or_empty(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


def _admin_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the admin's templates.

    Django's own site is asked only for its users: for others it would look for models that they do not see.
    A theme's site is asked for everybody, because its colours are in this context.
    """
    plain = {"site_url": _site_url(request)}
    is_themed = admin.site.__class__ is not AdminSite  # type() would see the lazy object around it
    if not is_themed and not admin.site.has_permission(request):
        return plain
    try:
        return admin.site.each_context(request)
    except NoReverseMatch:  # the admin is installed for its templates, its pages are not served
        return plain


def _site_url(request: HttpRequest) -> str:
    return request.META.get("SCRIPT_NAME") or admin.site.site_url or ""


def _mirrored_tag(match: re.Match[bytes]) -> bytes:
    """Return the tag with `dir="rtl"`: a base template derives its direction from the language of the text."""
    return _DIRECTION.sub(b"", match[0])[:-1] + b' dir="rtl">'
