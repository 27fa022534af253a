"""`POST /api/v1/org/sessions`: the sessions of developers' machines, sent by those who held them."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import JsonResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from rest_framework import exceptions
from rest_framework.request import Request

from .api import GatedViewSet
from .bodies import BadBody, BodyTooLarge, UnsupportedBody, json_body
from .models import CodingSession
from .serializers import recorded_answer

MAX_ROWS = 500


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SessionsViewSet(GatedViewSet):
    """404 (off) → 401 → 403 → 429 → 405 → 415 → 413 → 400, then one outcome for each row."""

    failure = {"record": "Failed to record sessions"}

    def record(self, request: Request) -> JsonResponse:
        """Write the caller's sessions, up to 500, in one transaction; a bad row does not stop the others."""
        rows = _rows(json_body(request._request))
        with translation.override("en"):  # a protocol, not a page: the texts are the same in every locale
            cleaned = [_own(row, request.user) for row in rows]
            written = iter(_written([row for row in cleaned if isinstance(row, dict)], request.user))
            return JsonResponse(recorded_answer([next(written) if isinstance(row, dict) else row for row in cleaned]))

    def _error(self, exc: Exception) -> tuple[int, str]:
        match exc:
            case UnsupportedBody():
                return 415, str(exc)
            case BodyTooLarge():
                return 413, "Request body too large"
            case BadBody():
                return 400, str(exc)
        return super()._error(exc)


def _rows(body: Any) -> list[Any]:
    if not isinstance(body, dict) or body.keys() != {"sessions"} or not isinstance(body["sessions"], list):
        raise BadBody('Body must be an object with one key, "sessions": a list')
    if len(body["sessions"]) > MAX_ROWS:
        raise BadBody(f"sessions exceeds maximum of {MAX_ROWS} rows")
    return body["sessions"]


def _own(row: Any, user: Any) -> dict[str, Any] | ValidationError:
    """The row with its user, who is always the caller."""
    if not isinstance(row, dict):
        return ValidationError({"row": ["Must be an object."]})
    if "user" in row:
        return ValidationError({"user": ["Unknown field: the sessions are the caller's."]})
    return {**row, "user": user}


def _written(rows: list[dict[str, Any]], user: Any) -> list[str | ValidationError]:
    try:
        return CodingSession.objects.record_many(rows, batch_size=MAX_ROWS, skip_invalid=True)
    except IntegrityError:
        if get_user_model()._default_manager.filter(pk=user.pk).exists():
            raise
        raise exceptions.NotAuthenticated from None  # the account went while its sessions were written
