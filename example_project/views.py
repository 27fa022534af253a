"""The example's own pages: the user's sessions, their weekly totals, and their API token."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncWeek
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.authtoken.models import Token

PAGE_SIZE = 25
WEEKS = 12


@require_safe
@never_cache
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Show the user's own sessions, latest first."""
    own = request.user.coding_sessions.select_related("repo").order_by("-started_at", "-pk")
    page = Paginator(own, PAGE_SIZE).get_page(request.GET.get("p"))
    return render(request, "example_project/sessions.html", {"page": page})


@require_safe
@never_cache
@login_required
def trends(request: HttpRequest) -> HttpResponse:
    """Show the user's last twelve weeks. Counts analyzed sessions, as the organization page does."""
    weeks = weekly_totals(request.user)
    busiest = max(week["sessions"] for week in weeks)
    return render(request, "example_project/trends.html", {"weeks": weeks, "busiest": busiest})


def weekly_totals(user: Any) -> list[dict[str, Any]]:
    """Total each week from Monday, oldest first, empty ones included.

    Keys: monday, sessions, cost (USD), unpriced, duration (ms).
    """
    today = timezone.localdate()
    mondays = [today - timedelta(days=today.weekday(), weeks=weeks) for weeks in reversed(range(WEEKS))]
    start = timezone.make_aware(datetime.combine(mondays[0], time()))
    rows = (
        user.coding_sessions.filter(started_at__gte=start, analyzed_at__isnull=False)
        .annotate(week=TruncWeek("started_at"))
        .values("week")
        .order_by("week")
        .annotate(
            sessions=Count("pk"),
            cost=Sum("cost_usd"),
            unpriced=Count("pk", filter=Q(cost_usd=None) | Q(cost_complete=False)),
            duration=Sum("duration_ms"),
        )
    )
    found = {row["week"].date(): row for row in rows}
    empty = {"sessions": 0, "cost": None, "unpriced": 0, "duration": None}
    return [{**empty, **found.get(monday, {}), "monday": monday} for monday in mondays]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def token(request: HttpRequest) -> HttpResponse:
    """Create or revoke the user's API token. It is shown once, in the response to the request that created it."""
    if request.method != "POST":
        made = Token.objects.filter(user=request.user).values_list("created", flat=True).first()
        return render(request, "example_project/token.html", {"made": made})
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
