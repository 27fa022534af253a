"""The organization page and its downloads."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, Throttled

from ..access import PageAccessMixin
from ..conf import app_settings
from ..filters import read_as_utf8
from ..reporting import reports
from ..reporting.snapshots import QueryTimeoutError
from ..throttling import retry_after
from . import header, table
from .cards import make_cards
from .chart import Chart
from .controls import Controls
from .data import PageData, read_page
from .downloads import csv_lines, file_name, json_chunks, stream_async
from .figures import Figures
from .filters import PageFilters
from .formats import format_days
from .frame import is_htmx, render_in_frame
from .languages import is_right_to_left, numbers_in, page_language
from .state import PageState


class OrganizationBaseView(PageAccessMixin):
    """The common part of the page and its downloads: the parameters, one language, and no caching."""

    http_method_names = ["get", "head", "options"]

    def head(self, request: HttpRequest) -> HttpResponseBase:
        # View.setup() stores self.get as self.head, a reference cycle that would keep the whole report alive until the
        # next garbage collection.
        return self.get(request)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = page_language(self.asked_language)
        with translation.override(language), numbers_in(self.asked_language):
            try:
                response = super().dispatch(request, *args, **kwargs)
            except QueryTimeoutError:
                response = self.unavailable(_("Counting took too long. Try a shorter date range."))
            except Throttled as error:
                response = self.unavailable(_("You have sent too many requests. Try again in a minute."), status=429)
                response["Retry-After"] = retry_after(error)
            except SuspiciousOperation:
                # More parameters than Django reads. Django would answer 400 too, and log a stack trace.
                text = str(ParseError.default_detail)
                response = HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        response.headers.setdefault("Content-Language", language)
        patch_cache_control(response, no_store=True)
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        return response

    def unavailable(self, message: str, status: int = 503) -> HttpResponse:
        """Return an answer without figures that says why."""
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")

    @cached_property
    def asked_language(self) -> str | None:
        """The language that the host found for the reader, translated or not."""
        return translation.get_language()

    @cached_property
    def filterset(self) -> PageFilters:
        """The parameters as given. Raises SuspiciousOperation on more parameters than Django accepts."""
        read_as_utf8(self.request)
        return PageFilters(self.request.GET, queryset=None)

    @cached_property
    def errors(self) -> dict[str, str]:
        """The messages by parameter."""
        return dict(self.filterset.field_errors)

    @property
    def state(self) -> PageState:
        """The view to show: every valid value, and the default for each other one."""
        return self.filterset.state


class OrganizationView(OrganizationBaseView):
    """The page; for htmx without the frame around it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if "HX-Request" not in request.headers or response.status_code != 302:
            return response
        # A login page must not be swapped into this one. A history request is refused: the browser then loads the page.
        kept = {name: response[name] for name in ("Cache-Control", "Vary")}
        refused = HttpResponse(status=204 if is_htmx(request) else 403, headers=kept)
        refused["HX-Redirect"] = response["Location"]
        return refused

    def get(self, request: HttpRequest) -> HttpResponse:
        data = read_page(self.state)
        context = {**self._summary_context(data), **self._controls_context(data), **self._table_context(data)}
        response = self._render("org_analytics/organization.html", context, status=400 if self.errors else 200)
        if is_htmx(request) and not self.errors:
            response["HX-Push-Url"] = reverse("org_analytics:organization") + self.state.query()
        return response

    def unavailable(self, message: str, status: int = 503) -> HttpResponse:
        return self._render("org_analytics/unavailable.html", {"message": message}, status=status)

    def _render(self, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        title = f"{_('Organization')} · {header.period_label(self.state)}"
        is_mirrored = is_right_to_left(self.asked_language) and not translation.get_language_bidi()
        return render_in_frame(
            self.request, template, {"title": title, **context}, status=status, is_mirrored=is_mirrored
        )

    def _summary_context(self, data: PageData) -> dict[str, Any]:
        """Return the texts at the top, the cards and the chart."""
        state, zone = self.state, app_settings.time_zone
        is_unfinished = timezone.now() < state.selection.end
        return {
            "preset_label": header.preset_label(state),
            "days_label": format_days(state.selection.days),
            "zone": zone,
            "coverage_notes": header.coverage_notes(data.report, zone, data.is_zone_current),
            "report": data.report,
            "is_new": not data.has_sessions,
            "cards": make_cards(data.report.totals, data.previous_total, data.previous.days, is_unfinished),
            "chart": Chart(state.measure, data.series, data.previous_series),
        }

    def _controls_context(self, data: PageData) -> dict[str, Any]:
        """Return the state of the controls."""
        state, query = self.state, self.request.GET
        raw_values = {name: (query.getlist(name) or [""])[0] for name in ("start", "end", "q")}
        return {
            "state": state,
            "selection": state.selection,
            "errors": self.errors,
            "no_repo_count": data.no_repo_count,
            "controls": Controls(state, data.report.providers_present, data.repos, self.errors, raw_values),
        }

    def _table_context(self, data: PageData) -> dict[str, Any]:
        """Return one page of the table of people."""
        state = self.state
        rows = table.make_rows(data.report.people, state)
        page = Paginator(rows, table.PAGE_SIZE).get_page(state.page_number)
        largest = table.largest_value(rows, state)
        return {
            "columns": table.make_columns(state),
            "total_cells": table.make_cells(Figures(data.report.totals), state, 0),
            "rows": [(row, table.make_cells(row.figures, state, largest)) for row in page],
            "summary": header.results_summary(data.report, len(rows)),
            "page_obj": page,
            "page_label": table.page_label(page),
            "previous_page": state.query(p=str(page.number - 1) if page.number > 2 else ""),
            "next_page": state.query(p=str(page.number + 1)),
        }


class DownloadView(OrganizationBaseView):
    """The rows of a view as a file."""

    extension: str
    content_type: str

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if self.errors:
            text = "\n".join(f"{name}: {message}" for name, message in self.errors.items())
            return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        report = reports.report(self.state.selection)
        chunks = self.chunks(table.make_rows(report.people, self.state), report)
        name = file_name(self.state, self.extension)
        return StreamingHttpResponse(
            stream_async(chunks) if isinstance(request, ASGIRequest) else chunks,
            content_type=self.content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
        )

    def chunks(self, rows: list[table.TableRow], report: reports.Report) -> Iterator[str]:
        """Return the file in pieces."""
        raise NotImplementedError


class CsvView(DownloadView):
    """The rows as CSV."""

    extension = "csv"
    content_type = "text/csv; charset=utf-8"

    def chunks(self, rows: list[table.TableRow], report: reports.Report) -> Iterator[str]:
        return csv_lines(rows)


class JsonView(DownloadView):
    """The rows as JSON."""

    extension = "json"
    content_type = "application/json"

    def chunks(self, rows: list[table.TableRow], report: reports.Report) -> Iterator[str]:
        return json_chunks(rows, report.totals, self.state, timezone.now())
