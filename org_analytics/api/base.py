"""The base of the API views. It pins what the contract promises; authentication and throttling are the host's."""

import re
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import JsonResponse, QueryDict
from django.http.response import HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.datastructures import MultiValueDict

# Undocumented: Django's own handler logs failed requests with it. Same signature in Django 5.2, 6.0 and 6.1.
from django.utils.log import log_response
from rest_framework import exceptions, status
from rest_framework.negotiation import BaseContentNegotiation

# DataAndFiles is undocumented, but DRF's own parsers of forms return it. Tried with DRF 3.16 and 3.17.
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from ..access import AccessDenied, access_denied, is_enabled
from ..conf import app_settings
from ..logs.request_log import logged
from ..reporting.replicas import ReadDatabaseUnavailableError
from ..reporting.snapshots import QueryTimeoutError
from ..throttling import retry_after, throttles_for
from .schema.host_schema import HostSchema

_OFFERS_BASIC = re.compile(r"(?:^|,)\s*basic\b", re.IGNORECASE)
# Exception → status and message; None: the exception's own text. The first match counts.
ErrorResponses = tuple[tuple[type[Exception] | tuple[type[Exception], ...], int, str | None], ...]


class InvalidQueryError(Exception):
    """A query string that breaks a rule; the text is the answer."""


class CSRFFailedError(exceptions.PermissionDenied):
    """A session login with an unsafe method and without a valid CSRF token."""

    default_detail = "CSRF verification failed"


class CanReadOrg(BasePermission):
    """Allow the users who may read the organization's numbers."""

    def has_permission(self, request: Request, view: Any) -> bool:
        denied = access_denied(request.user)
        if denied is AccessDenied.NOT_AUTHENTICATED:
            raise exceptions.NotAuthenticated
        if denied is not None:
            raise exceptions.PermissionDenied(denied.value)
        return True


class NullParser(BaseParser):
    """Keep DRF from reading the body: SessionAuthentication would parse a form to find a CSRF token."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return DataAndFiles(QueryDict(), MultiValueDict())


class JSONOnlyNegotiation(BaseContentNegotiation):
    """Answer in JSON, whatever `Accept` or `?format=` says."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class OrgAPIViewSet(ViewSet):
    """Answer 404 (off) → 401 → 403 → 429 → 405 → 400 in this order, each as `{"error": …}`, never cached.

    The views return Django's JsonResponse; `renderer_classes` only keeps a host's renderers out of the negotiation.
    """

    permission_classes = [CanReadOrg]
    parser_classes = [NullParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = JSONOnlyNegotiation
    versioning_class = None
    metadata_class = None
    schema = HostSchema()
    failure_messages: ClassVar[dict[str, str]] = {}
    error_responses: ClassVar[ErrorResponses] = (
        (exceptions.NotFound, 404, "Not found"),
        ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), 401, AccessDenied.NOT_AUTHENTICATED.value),
        (exceptions.PermissionDenied, 403, None),
        (exceptions.Throttled, 429, "Rate limit exceeded"),
        (exceptions.MethodNotAllowed, 405, "Method not allowed"),
        (InvalidQueryError, 400, None),
        (SuspiciousOperation, 400, "Too many parameters"),
        (QueryTimeoutError, 503, "Query took too long"),
        (ReadDatabaseUnavailableError, 503, "Database unavailable"),
    )

    @logged
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # dispatch() would answer in HTML, and super() would authenticate before we say that the feature is off.
        if not is_enabled():
            raise exceptions.NotFound
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except exceptions.PermissionDenied:
            # Authenticators forbid for one reason only.
            raise CSRFFailedError from None

    def get_throttles(self) -> list[Any]:
        return [*super().get_throttles(), *throttles_for(self.request.method)]

    def get_authenticate_header(self, request: Request) -> str:
        """What each authenticator asks for, so that a client can choose; without Basic.

        Browsers answer Basic with a login box of their own.
        """
        headers = [authenticator.authenticate_header(request) for authenticator in self.get_authenticators()]
        wanted = dict.fromkeys(header for header in headers if header and not _OFFERS_BASIC.search(header))
        return ", ".join(wanted) or "Session"

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = HttpResponse()
        del response.headers["Content-Type"]
        return response

    def handle_exception(self, exc: Exception) -> JsonResponse:  # type: ignore[override]
        code, message = self._error(exc)
        response = JsonResponse({"error": message}, status=code)
        if code == status.HTTP_401_UNAUTHORIZED:
            response["WWW-Authenticate"] = self.get_authenticate_header(self.request)
            if url := _token_url():
                response["Link"] = f'<{url}>; rel="help"'
        if isinstance(exc, exceptions.Throttled):
            response["Retry-After"] = retry_after(exc)
        if code == status.HTTP_500_INTERNAL_SERVER_ERROR:
            # `_request` is private, but DRF has had it since 3.0 and documents no other way to the Django request.
            request = self.request._request
            got_request_exception.send(sender=type(self), request=request)
            log_response("Internal Server Error: %s", request.path, response=response, request=request, exception=exc)
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response

    def _error(self, exc: Exception) -> tuple[int, str]:
        """The status and the message of an exception."""
        for types, code, message in self.error_responses:
            if isinstance(exc, types):
                return code, _text(exc) if message is None else message
        return 500, self.failure_messages.get(self.action or "", "Internal server error")


def _token_url() -> str | None:
    try:
        return app_settings.token_url
    except ImproperlyConfigured:
        return None  # a system check names it; a refusal is no less clear without the address


def _text(exc: Exception) -> str:
    return str(exc.detail) if isinstance(exc, exceptions.APIException) else str(exc)
