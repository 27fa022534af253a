"""One log line for each request that failed, was refused or took long. It contains nothing about the reader.

`event=slow view=api-analytics method=GET status=200 ms=1834`: the view is the name of its URL, because the path and the
query can contain ids, addresses and search texts.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from ..conf import app_settings
from ..limits import SLOW_REQUEST_MS

logger = logging.getLogger("org_analytics.requests")

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"})
# What Django answers if a view raises one of these; to all others it answers 500.
_STATUSES = ((Http404, 404), (PermissionDenied, 403), (SuspiciousOperation, 400))

Response = TypeVar("Response", bound=HttpResponseBase)


def logged(dispatch: Callable[..., Response]) -> Callable[..., Response]:
    """Log the requests of a view; a decorator for its `dispatch()`."""

    @wraps(dispatch)
    def logged_dispatch(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        started = time.monotonic()
        try:
            response = dispatch(view, request, *args, **kwargs)
        except Exception as error:
            _log(request, next((status for kind, status in _STATUSES if isinstance(error, kind)), 500), started)
            raise
        _log(request, response.status_code, started)
        return response

    return logged_dispatch


def _log(request: HttpRequest, status: int, started: float) -> None:
    if not app_settings.enabled:
        return  # a feature that is off leaves no trace
    milliseconds = round((time.monotonic() - started) * 1000)
    if status >= 500:
        level, event = logging.ERROR, "failed"
    elif status >= 400:
        level, event = logging.INFO, "refused"
    elif milliseconds >= SLOW_REQUEST_MS:
        level, event = logging.WARNING, "slow"
    else:
        return
    match = request.resolver_match
    view = match.url_name if match else None
    method = request.method if request.method in _METHODS else "other"
    logger.log(level, "event=%s view=%s method=%s status=%d ms=%d", event, view, method, status, milliseconds)
