"""The REST endpoints. What the contract promises is pinned here; authentication and throttling are the host's."""

import math
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import JsonResponse, QueryDict
from django.http.response import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.decorators import method_decorator
from django.utils.log import log_response
from rest_framework import exceptions, status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from . import analytics
from .conf import app_settings
from .fields import MoneyOverflow
from .filters import ApiFilters, ReposFilters, Selection, SeriesFilters
from .gates import Refusal, is_enabled, read_as_utf8, refusal
from .reading import QueryTimeout
from .serializers import analytics_answer, repos_answer, series_answer

_Filters = TypeVar("_Filters", bound=ReposFilters)


class BadQuery(Exception):
    """A query string that breaks a rule; the message is the answer."""


class CsrfFailed(exceptions.PermissionDenied):
    """A session login and an unsafe method without its token."""

    default_detail = "CSRF verification failed"


class MayRead(BasePermission):
    """The gates, as DRF asks for them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        refused = refusal(request.user)
        if refused is Refusal.NOT_AUTHENTICATED:
            raise exceptions.NotAuthenticated
        if refused is not None:
            raise exceptions.PermissionDenied(refused.value)
        return True


class Unread(BaseParser):
    """No form is read for DRF, not even in search of a CSRF token: bodies are JSON, and read with limits of ours."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return DataAndFiles(QueryDict(), MultiValueDict())


class AlwaysJson(BaseContentNegotiation):
    """JSON, whatever `Accept` or `?format=` says."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class GatedViewSet(ViewSet):
    """404 (off) → 401 → 403 → 429 → 405 → 400, each `{"error": …}` as JSON, nothing cached."""

    permission_classes = [MayRead]
    parser_classes = [Unread]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    versioning_class = None
    metadata_class = None
    failure: ClassVar[dict[str | None, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Here and not in dispatch(), which would answer HTML; before super(), which would ask who it is.
        if not is_enabled():
            raise exceptions.NotFound
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except exceptions.PermissionDenied:
            raise CsrfFailed from None  # the only reason an authenticator has to forbid

    def get_authenticate_header(self, request: Request) -> str:
        header = super().get_authenticate_header(request)
        # Basic makes browsers pop up a box of their own.
        return header if header and not header.lower().startswith("basic") else "Session"

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = HttpResponse()
        del response.headers["Content-Type"]
        return response

    def handle_exception(self, exc: Exception) -> JsonResponse:  # type: ignore[override]
        code, message = self._error(exc)
        response = JsonResponse({"error": message}, status=code)
        if code == status.HTTP_401_UNAUTHORIZED:
            response["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        if isinstance(exc, exceptions.Throttled):
            response["Retry-After"] = str(max(1, math.ceil(getattr(exc, "wait", None) or 1)))
        if code == status.HTTP_500_INTERNAL_SERVER_ERROR:
            request = self.request._request
            got_request_exception.send(sender=type(self), request=request)
            log_response("Internal Server Error: %s", request.path, response=response, request=request, exception=exc)
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def _error(self, exc: Exception) -> tuple[int, str]:
        match exc:
            case exceptions.NotFound():
                return 404, "Not found"
            case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
                return 401, Refusal.NOT_AUTHENTICATED.value
            case exceptions.PermissionDenied():
                return 403, str(exc.detail)
            case exceptions.Throttled():
                return 429, "Rate limit exceeded"
            case exceptions.MethodNotAllowed():
                return 405, "Method not allowed"
            case BadQuery():
                return 400, str(exc)
            case SuspiciousOperation():
                return 400, "Too many parameters"
            case QueryTimeout():
                return 503, "Query took too long"
            case MoneyOverflow():
                return 503, "Total cost exceeds what can be summed"
        return 500, self.failure.get(self.action, "Internal server error")


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class OrgViewSet(GatedViewSet):
    """What the organization did."""

    failure = {
        "analytics": "Failed to compute org analytics",
        "repos": "Failed to list org repos",
        "series": "Failed to compute org series",
    }

    def analytics(self, request: Request) -> HttpResponseBase:
        """Usage per person, of everyone, and what it covers."""
        selection = _selection(ApiFilters, request)
        return JsonResponse(analytics_answer(analytics.report(selection), selection, timezone.now()))

    def repos(self, request: Request) -> HttpResponseBase:
        """The root repositories worked on."""
        selection = _selection(ReposFilters, request)
        return JsonResponse(repos_answer(analytics.repos(selection), selection, timezone.now()))

    def series(self, request: Request) -> HttpResponseBase:
        """Usage by day or week and provider."""
        query = _valid(SeriesFilters, request)
        selection, interval = query.selection, query.interval_asked
        series = analytics.series(selection, interval)
        return JsonResponse(series_answer(series, selection, interval, app_settings.time_zone, timezone.now()))


def _selection(filters: type[ReposFilters], request: Request) -> Selection:
    return _valid(filters, request).selection


def _valid(filters: type[_Filters], request: Request) -> _Filters:
    read_as_utf8(request._request)
    query = filters(request.query_params, queryset=None)
    if not query.is_valid():
        raise BadQuery(query.error)
    return query
