"""The common part of all pages: access, the parameters, one language, no caching, and the frame."""

from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled

from ..access import PageAccessMixin
from ..conf import app_settings
from ..filters.parameters import read_as_utf8
from ..logs.request_log import logged
from ..reporting.replicas import ReadDatabaseUnavailableError
from ..reporting.selection import Selection
from ..reporting.snapshots import QueryTimeoutError
from ..throttling import retry_after
from . import header
from .cards import make_cards
from .chart import Chart
from .controls import Controls
from .data import Overview
from .filters import BasePageFilters, PageFilters
from .formats import format_days
from .frame import is_htmx, render_in_frame
from .languages import is_right_to_left, numbers_in, page_language
from .messages import FIELDS_OF_FILTERS, list_errors
from .repositories import list_repos
from .state import PageState

# One message, so that nothing tells apart what is not there and what the reader may not see.
NOT_FOUND = "Not found"
State = TypeVar("State", bound=PageState)


class BasePageView(PageAccessMixin, Generic[State]):
    """The common part of pages and downloads: the parameters, one language, and no caching."""

    filterset_class: type[BasePageFilters] = PageFilters
    http_method_names = ["get", "head", "options"]

    def head(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # View.setup() stores self.get as self.head, a reference cycle that would keep the whole report alive until the
        # next garbage collection.
        return self.get(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise NotImplementedError

    @logged
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = page_language(self.asked_language)
        with translation.override(language), numbers_in(self.asked_language):
            try:
                response = super().dispatch(request, *args, **kwargs)
            except ReadDatabaseUnavailableError:
                response = self.unavailable(_("The database does not answer. Try again in a minute."))
            except QueryTimeoutError:
                response = self.unavailable(_("Counting took too long. Try a shorter date range."))
            except Throttled as error:
                response = self.unavailable(_("You have sent too many requests. Try again in a minute."), status=429)
                response["Retry-After"] = retry_after(error)
            except SuspiciousOperation:
                # More parameters than Django reads. Django would answer 400 too, and log a stack trace.
                text = _("The address has too many parameters.")
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
    def filterset(self) -> BasePageFilters:
        """The parameters as given. Raises SuspiciousOperation on more parameters than Django accepts."""
        read_as_utf8(self.request)
        return self.filterset_class(self.request.GET, queryset=None)

    @cached_property
    def errors(self) -> dict[str, str]:
        """The messages by parameter."""
        return dict(self.filterset.field_errors)

    @property
    def state(self) -> State:
        """The view to show: every valid value, and the default for each other one."""
        state: State = self.filterset.state
        return state


class PageView(BasePageView[State]):
    """A page; for htmx without the frame around it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if "HX-Request" not in request.headers or response.status_code != 302:
            return response
        # A login page must not be swapped into this one. A history request is refused: the browser then loads the page.
        kept = {name: response[name] for name in ("Cache-Control", "Vary")}
        refused = HttpResponse(status=204 if is_htmx(request) else 403, headers=kept)
        refused["HX-Redirect"] = response["Location"]
        return refused

    @property
    def page_url(self) -> str:
        """The address of the page without parameters."""
        return reverse("org_analytics:organization")

    @property
    def heading(self) -> str:
        """The title of the page."""
        return _("Organization")

    def unavailable(self, message: str, status: int = 503) -> HttpResponse:
        return self.render("org_analytics/unavailable.html", {"message": message}, status=status)

    def render(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Return the page; to htmx it says the address to show."""
        shared = {
            "heading": self.heading,
            "title": f"{self.heading} · {header.period_label(self.state)}",
            "page_url": self.page_url,
            "organization_url": reverse("org_analytics:organization"),
        }
        is_mirrored = is_right_to_left(self.asked_language) and not translation.get_language_bidi()
        response = render_in_frame(
            self.request, template, {**shared, **context}, status=status, is_mirrored=is_mirrored
        )
        if is_htmx(self.request) and status == 200:
            response["HX-Push-Url"] = self.page_url + self.state.query()
        return response


class FiguresView(PageView[State]):
    """A page with filters, totals and a chart."""

    @property
    def wants_repositories(self) -> bool:
        """Whether only the list of repositories is wanted, because somebody searches it."""
        return is_htmx(self.request) and self.request.headers.get("HX-Target") == "repository-options"

    def repositories(self, selection: Selection) -> HttpResponse:
        """Return the list of repositories alone."""
        repos = list_repos(selection, self.state.repo_search)
        context = {"state": self.state, "controls": Controls(self.state, (), repos, self.errors, {})}
        return render(self.request, "org_analytics/includes/repository_options.html", context)

    def raw_value(self, name: str) -> str:
        """Return the first value of a parameter as it was sent, for a field with an error."""
        return (self.request.GET.getlist(name) or [""])[0]

    def figures_context(self, overview: Overview) -> dict[str, Any]:
        """Return the filters, the texts at the top, the cards and the chart."""
        state, zone = self.state, app_settings.time_zone
        is_unfinished = timezone.now() < state.selection.end
        raw_values = {name: self.raw_value(name) for name in ("start", "end", "repo_q")}
        return {
            "state": state,
            "selection": state.selection,
            "errors": self.errors,
            "other_errors": list_errors(self.errors, with_field=FIELDS_OF_FILTERS),
            "controls": Controls(state, overview.providers_present, overview.repos, self.errors, raw_values),
            "preset_label": header.preset_label(state),
            "days_label": format_days(state.selection.days),
            "zone": zone,
            "coverage_notes": header.coverage_notes(
                overview.coverage,
                zone,
                is_zone_current=overview.is_zone_current,
                replica_lag=overview.replica_lag,
            ),
            "totals": overview.totals,
            "no_repo_count": overview.no_repo_count,
            "is_new": not overview.has_sessions,
            "cards": make_cards(overview.totals, overview.previous_total, overview.previous.days, is_unfinished),
            "chart": Chart(state.measure, overview.series, overview.previous_series),
        }
