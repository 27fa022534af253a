"""The organization page."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control

from . import analytics
from .analytics import PersonUsage, Usage
from .conf import app_settings
from .fields import average
from .filters import PageFilters
from .gates import PageGate
from .periods import DEFAULT_PRESET
from .rows import Provider

PRESET_LABELS = {
    "this-week": _("This week"),
    "last-week": _("Last week"),
    "7d": _("Last 7 days"),
    "this-month": _("This month"),
    "last-month": _("Last month"),
    "30d": _("Last 30 days"),
    "90d": _("Last 90 days"),
}


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of the table as numbers; None = nothing known."""

    sessions: int
    cost: Decimal | None
    is_partly_unpriced: bool
    duration: int | None
    assistant: int | None
    user_time: int | None
    avg_cost: Decimal | None
    avg_duration: int | None
    avg_assistant: int | None
    avg_user: int | None


COLUMNS = {
    "user": _("User"),
    "sessions": _("Sessions"),
    "cost": _("Est. cost"),
    "duration": _("Total duration"),
    "assistant": _("Assistant time"),
    "user_time": _("User time"),
    "avg_cost": _("Avg cost"),
    "avg_duration": _("Avg duration"),
    "avg_assistant": _("Avg assistant"),
    "avg_user": _("Avg user"),
}
DEFAULT_ORDER = "-cost"


@method_decorator(cache_control(no_store=True), name="dispatch")
class OrganizationView(PageGate):
    """One row per person, "Everyone" first."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        data = request.GET.copy()
        filters = PageFilters(data, queryset=None)
        is_valid = filters.is_valid()
        if not is_valid:
            filters, errors = PageFilters(QueryDict(), queryset=None), filters.form.errors
            filters.is_valid()
        else:
            errors = {}
        selection = filters.selection
        order = data.get("o") if data.get("o", "").removeprefix("-") in COLUMNS else DEFAULT_ORDER
        report = analytics.report(selection)
        context = {
            **admin.site.each_context(request),
            "title": _("Organization"),
            "is_nav_sidebar_enabled": False,
            "selection": selection,
            "zone": app_settings.time_zone,
            "errors": errors,
            "report": report,
            "everyone": cells(report.totals),
            "rows": [(row.person, cells(row.usage)) for row in ordered(report.people, order)],
            "columns": columns(data, order),
            "order": order,
            "presets": [(name, label, name == self._preset(data, filters)) for name, label in PRESET_LABELS.items()],
            "providers": [
                (value, Provider(value).label, value in selection.providers)
                for value in sorted({*report.providers_present, *selection.providers})
            ],
            "repos": sorted({*analytics.repos(selection), *selection.repos}),
            "preset": self._preset(data, filters),
            "query": data,
        }
        return render(request, "org_analytics/organization.html", context, status=400 if errors else 200)

    def _preset(self, data: QueryDict, filters: PageFilters) -> str | None:
        has_dates = bool(filters.form.cleaned_data.get("start"))
        return None if has_dates else filters.form.cleaned_data.get("range", DEFAULT_PRESET)


def cells(usage: Usage) -> Cells:
    """What is shown of a usage."""
    has_cost = usage.cost_count or not usage.session_count
    return Cells(
        sessions=usage.session_count,
        cost=usage.cost_usd if has_cost else None,
        is_partly_unpriced=bool(has_cost and usage.unpriced_count),
        duration=usage.duration_ms if usage.duration_count else None,
        assistant=usage.assistant_ms if usage.assistant_count else None,
        user_time=usage.user_ms if usage.user_count else None,
        avg_cost=average(usage.cost_usd, usage.cost_count) if usage.cost_count else None,
        avg_duration=usage.duration_ms // usage.duration_count if usage.duration_count else None,
        avg_assistant=usage.assistant_ms // usage.assistant_count if usage.assistant_count else None,
        avg_user=usage.user_ms // usage.user_count if usage.user_count else None,
    )


def ordered(rows: tuple[PersonUsage, ...], order: str) -> list[PersonUsage]:
    """Sorted by a column; ties by name, then id (the report's order); unknown last both ways."""
    name, is_descending = order.removeprefix("-"), order.startswith("-")
    if name == "user":
        return list(reversed(rows)) if is_descending else list(rows)
    values = [(getattr(cells(row.usage), name), row) for row in rows]
    known = sorted((pair for pair in values if pair[0] is not None), key=lambda pair: pair[0], reverse=is_descending)
    return [row for _value, row in known] + [row for value, row in values if value is None]


def columns(data: QueryDict, order: str) -> list[dict[str, Any]]:
    """The table's head: labels, links that sort, `aria-sort`."""
    head = []
    for name, label in COLUMNS.items():
        is_sorted, is_descending = order.removeprefix("-") == name, order.startswith("-")
        first = name if name == "user" else f"-{name}"
        toggled = name if is_descending else f"-{name}"
        link = data.copy()
        link["o"] = toggled if is_sorted else first
        head.append(
            {
                "name": name,
                "label": label,
                "url": f"?{link.urlencode()}",
                "sort": ("descending" if is_descending else "ascending") if is_sorted else "",
            }
        )
    return head
