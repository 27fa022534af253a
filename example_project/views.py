"""The example's own pages: sessions, one session, trends, and the user's API token.

Sessions and trends are those of the user, and those of everybody where SHARE_ALL_SESSIONS_TO_AUTHENTICATED is on. Both
have the filters of the organization page, and their numbers equal the organization page's for the same filters.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.authtoken.models import Token

from org_analytics.filters import SessionFilterSet
from org_analytics.models import CodingSession
from org_analytics.reporting.visibility import visible_sessions

from .trends import make_trends

PAGE_SIZE = 25


@require_safe
@never_cache
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Show the sessions that the user may see, latest first."""
    filters = filters_of(request, "30d")
    found = filters.qs.with_root().select_related("repo", "user").order_by("-started_at", "-pk")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("p"))
    has_others = any(session.user_id != request.user.pk for session in page)
    context = {
        "filters": filters,
        "page": page,
        "has_others": has_others,
        "query": query_without_page(request),
        "zone": get_current_timezone(),
    }
    return render(request, "example_project/sessions.html", context)


@require_safe
@never_cache
@login_required
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one session. A real site would show its transcript here."""
    found = get_object_or_404(visible_sessions(request.user).with_root().select_related("repo", "user"), pk=pk)
    return render(request, "example_project/session.html", {"session": found, "zone": get_current_timezone()})


@require_safe
@never_cache
@login_required
def trends(request: HttpRequest) -> HttpResponse:
    """Show what the sessions that the user may see add up to. Counts analyzed sessions."""
    filters = filters_of(request, "90d")
    context = {"filters": filters, "trends": make_trends(filters, request.user)}
    return render(request, "example_project/trends.html", context)


def filters_of(request: HttpRequest, default_range: str) -> SessionFilterSet:
    """Read the filters from the address, with this range where it has none."""
    data = request.GET.copy()
    if not {"range", "start", "end"} & data.keys():
        data["range"] = default_range
    return SessionFilterSet(data, visible_sessions(request.user))


def query_without_page(request: HttpRequest) -> str:
    """Return the address's parameters but the page number, ready for another one."""
    data = request.GET.copy()
    data.pop("p", None)
    return f"{data.urlencode()}&" if data else ""


def session_url(session: CodingSession, request: HttpRequest) -> str:
    """Return the address of the example's page about a session: see ORG_ANALYTICS_SESSION_URL."""
    return reverse("session", args=[session.pk])


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def token(request: HttpRequest) -> HttpResponse:
    """Create or revoke the user's API token. It is shown once, in the response to the request that created it."""
    if request.method != "POST":
        made = Token.objects.filter(user=request.user).values_list("created", flat=True).first()
        return render(request, "example_project/token.html", {"made": made, "zone": get_current_timezone()})
    new = replace_token(request.user, is_revoked=request.POST.get("action") == "revoke")
    if new is None:
        return redirect("token")
    return render(request, "example_project/token.html", {"made": new.created, "key": new.key})


@transaction.atomic
def replace_token(user: Any, *, is_revoked: bool) -> Token | None:
    """Delete the user's token, and create a new one unless it is revoked. A double click waits for the first click."""
    get_user_model().objects.select_for_update().get(pk=user.pk)
    Token.objects.filter(user=user).delete()
    return None if is_revoked else Token.objects.create(user=user)
