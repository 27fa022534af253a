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
from rest_framework.exceptions import Throttled

from ..access import PageAccessMixin
from ..conf import app_settings
from ..filters import read_as_utf8
from ..periods import previous_period
from ..reporting import reports
from ..reporting.reports import Report
from ..reporting.selection import Selection
from ..reporting.snapshots import QueryTimeoutError, snapshot
from ..rollup import maintenance
from ..throttling import retry_after
from . import table
from .chart import Chart
from .controls import Controls, period_name
from .downloads import csv_lines, file_name, json_chunks
from .figures import FIGURE_COLUMNS, Figures
from .filters import PageFilters
from .state import PageState


class OrganizationBaseView(PageAccessMixin):
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
        except QueryTimeoutError:
            response = self.unavailable(_("Counting took too long. A shorter range may work."))
        except Throttled as error:
            response = self.unavailable(_("You have sent too many requests. Try again in a minute."), status=429)
            response["Retry-After"] = retry_after(error)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        return response

    def unavailable(self, message: str, status: int = 503) -> HttpResponse:
        """An answer without numbers that says why."""
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")

    @cached_property
    def asked(self) -> PageFilters:
        """The address as it was given. Raises SuspiciousOperation on more parameters than Django accepts."""
        read_as_utf8(self.request)
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
        return reports.report(self.state.selection)

    @cached_property
    def table(self) -> list[table.TableRow]:
        """All rows of the view, in its order."""
        return table.rows(self.report.people, self.state)


class OrganizationView(OrganizationBaseView):
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

    def unavailable(self, message: str, status: int = 503) -> HttpResponse:
        context = {**self._frame(), "message": message}
        return render(self.request, "org_analytics/unavailable.html", context, status=status)

    def context(self) -> dict[str, Any]:
        """Numbers, each asked for once, all from one state of the database."""
        state, before = self.state, self._selection_before()
        with snapshot() as using:
            is_zone_current = maintenance.zone_is_current(using)
            report, controls = self.report, self._controls()
            series = reports.series(state.selection, measures=FIGURE_COLUMNS[state.measure])
            series_before = reports.series(before) if state.is_compared else None
            total_before = series_before.total if series_before else reports.total(before)
            is_new = not report.totals.session_count and not reports.has_sessions()
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
            "cards": table.cards(report.totals, total_before),
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
        repos = reports.repos(self.state.selection)
        return Controls(self.state, self.report.providers_present, repos, self.errors, given)

    def _selection_before(self) -> Selection:
        selection = self.state.selection
        days, start, end = previous_period(selection.days, app_settings.time_zone, timezone.now())
        return replace(selection, days=days, start=start, end=end)

    def _table(self) -> dict[str, Any]:
        shown = Paginator(self.table, table.PAGE_SIZE).get_page(self.state.page)
        largest = table.largest(self.table, self.state)
        return {
            "columns": table.columns(self.state),
            "everyone": table.cells(Figures(self.report.totals), self.state, 0),
            "page": shown,
            "previous_page": self.state.query(p=str(shown.number - 1) if shown.number > 2 else ""),
            "next_page": self.state.query(p=str(shown.number + 1)),
            "rows": [(row, table.cells(row.figures, self.state, largest)) for row in shown],
        }


class DownloadView(OrganizationBaseView):
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
