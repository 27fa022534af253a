"""The organization page and its downloads."""

from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from . import analytics, page, rollup
from .analytics import Report
from .chart import Chart
from .conf import app_settings
from .controls import Controls, period_name
from .downloads import csv_lines, file_name, json_chunks
from .fields import MoneyOverflow
from .figures import MEASURED, Figures
from .filters import Selection
from .gates import PageGate
from .page_filters import PageFilters
from .page_state import PageState
from .periods import previous_period
from .reading import QueryTimeout, snapshot


class AddressView(PageGate):
    """What the page and its downloads share: the address, read, and nothing kept by caches."""

    http_method_names = ["get", "head", "options"]

    @abstractmethod
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""

    def head(self, request: HttpRequest) -> HttpResponseBase:
        # Django would keep `self.get` on the view: a circle, in which all people's numbers wait for a collection.
        return self.get(request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except QueryTimeout:
            response = self.unavailable(_("Counting took too long. A shorter range may work."))
        except MoneyOverflow:
            response = self.unavailable(_("The costs in this range are beyond what can be summed."))
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        return response

    def unavailable(self, message: str) -> HttpResponse:
        """There are no numbers, and why."""
        return HttpResponse(message, status=503, content_type="text/plain; charset=utf-8")

    @cached_property
    def asked(self) -> PageFilters:
        """The address as it was given."""
        return PageFilters(self.request.GET, queryset=None)

    @cached_property
    def errors(self) -> dict[str, str]:
        """The messages by parameter; with any of them the default view is shown."""
        return {} if self.asked.is_valid() else dict(self.asked.errors_by_field)

    @cached_property
    def state(self) -> PageState:
        if not self.errors:
            return self.asked.state
        default = PageFilters(QueryDict(), queryset=None)
        default.is_valid()
        return default.state

    @cached_property
    def report(self) -> Report:
        return analytics.report(self.state.selection)

    @cached_property
    def table(self) -> list[page.Row]:
        """All rows of the view, in its order."""
        return page.rows(self.report.people, self.state)


class OrganizationView(AddressView):
    """The page; for htmx without the frame around it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if "HX-Request" not in request.headers or response.status_code != 302:
            return response
        # A login page must not be put into ours. History asks for nothing but pages: refused, it loads the page anew.
        kept = {name: response[name] for name in ("Cache-Control", "Vary")}
        refused = HttpResponse(status=204 if _is_htmx(request) else 403, headers=kept)
        refused["HX-Redirect"] = response["Location"]
        return refused

    def get(self, request: HttpRequest) -> HttpResponse:
        status = 400 if self.errors else 200
        response = render(request, "org_analytics/organization.html", self.context(), status=status)
        if _is_htmx(request) and not self.errors:
            response["HX-Push-Url"] = request.path + self.state.query()
        return response

    def unavailable(self, message: str) -> HttpResponse:
        context = {**self._frame(), "message": message}
        return render(self.request, "org_analytics/unavailable.html", context, status=503)

    def context(self) -> dict[str, Any]:
        """Numbers, each asked for once, all from one state of the database."""
        state, before = self.state, self._selection_before()
        with snapshot() as using:
            is_zone_current = rollup.zone_is_current(using)
            report, controls = self.report, self._controls()
            series = analytics.series(state.selection, measures=MEASURED[state.measure])
            series_before = analytics.series(before) if state.is_compared else None
            total_before = series_before.total if series_before else analytics.total(before)
            is_new = not report.totals.session_count and not analytics.has_sessions()
        return {
            **self._frame(),
            **self._table(),
            "zone": app_settings.time_zone,
            "is_zone_current": is_zone_current,
            "is_new": is_new,
            "state": state,
            "selection": state.selection,
            "before": before,
            "is_unfinished": timezone.now() < state.selection.end,
            "errors": self.errors,
            "report": report,
            "controls": controls,
            "cards": page.cards(report.totals, total_before),
            "chart": Chart(state.measure, series, series_before),
        }

    def _frame(self) -> dict[str, Any]:
        return {
            **_admin_context(self.request),
            "title": f"{_('Organization')} · {period_name(self.state)}",
            "is_nav_sidebar_enabled": False,
            "layout": "org_analytics/fragment.html" if _is_htmx(self.request) else "org_analytics/base.html",
        }

    def _controls(self) -> Controls:
        given = {name: self.request.GET.get(name, "") for name in self.errors | dict.fromkeys(["start", "end"])}
        repos = analytics.repos(self.state.selection)
        return Controls(self.state, self.report.providers_present, repos, self.errors, given)

    def _selection_before(self) -> Selection:
        selection = self.state.selection
        days, start, end = previous_period(selection.days, app_settings.time_zone, timezone.now())
        return replace(selection, days=days, start=start, end=end)

    def _table(self) -> dict[str, Any]:
        shown = Paginator(self.table, page.PAGE_SIZE).get_page(self.state.page)
        largest = page.largest(self.table, self.state)
        return {
            "columns": page.columns(self.state),
            "everyone": page.cells(Figures(self.report.totals), self.state, 0),
            "page": shown,
            "previous_page": self.state.query(p=str(shown.number - 1) if shown.number > 2 else ""),
            "next_page": self.state.query(p=str(shown.number + 1)),
            "rows": [(row, page.cells(row.figures, self.state, largest)) for row in shown],
        }


class DownloadView(AddressView):
    """The view's rows as a file."""

    extension = ""
    _FORMATS = {"csv": ("text/csv; charset=utf-8", csv_lines), "json": ("application/json", json_chunks)}

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if self.errors:
            text = "\n".join(f"{name}: {message}" for name, message in self.errors.items())
            return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        content_type, chunks = self._FORMATS[self.extension]
        body = chunks(self.table, self.report, self.state, timezone.now())
        name = file_name(self.state, self.extension)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return StreamingHttpResponse(body, content_type=content_type, headers=headers)


def _is_htmx(request: HttpRequest) -> bool:
    """Whether only the page's inside is wanted; going back in history wants the whole."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def _admin_context(request: HttpRequest) -> dict[str, Any]:
    """What the admin's templates want. Others than its users have no apps there: nothing is asked for them."""
    plain = {"site_url": request.META["SCRIPT_NAME"] or admin.site.site_url}
    try:
        return admin.site.each_context(request) if admin.site.has_permission(request) else plain
    except NoReverseMatch:  # the admin is installed for its clothes, its pages are not served
        return plain
