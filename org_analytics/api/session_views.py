"""The REST endpoints about single sessions. What the caller may not see is answered as what does not exist."""

from django.db import transaction
from django.http import JsonResponse
from django.utils.decorators import method_decorator
from rest_framework import exceptions
from rest_framework.request import Request

from ..logs import access_log
from ..logs.access_log import View
from ..reporting.session_cursor import InvalidCursorError, read_cursor
from ..reporting.session_detail import find_session
from ..reporting.session_list import SessionListing, list_sessions
from ..reporting.session_order import NEWEST_FIRST
from ..reporting.session_urls import session_url
from ..reporting.snapshots import snapshot
from ..reporting.visibility import visible_owner
from .base import OrgAPIViewSet
from .filters import SessionsFilters, validated
from .session_responses import session_response, sessions_response


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SingleSessionsViewSet(OrgAPIViewSet):
    """The sessions of a person, and one session. Errors in this order: … → 400 → 404 (unknown or not visible)."""

    failure_messages = {"of_person": "Failed to list sessions", "session": "Failed to read the session"}
    error_responses = ((InvalidCursorError, 400, "Invalid cursor"), *OrgAPIViewSet.error_responses)

    def of_person(self, request: Request, id: str) -> JsonResponse:
        """Return the sessions of a person, newest first, 50 at a time."""
        filterset = validated(SessionsFilters, request)
        if filterset.cursor_text:
            read_cursor(filterset.cursor_text, NEWEST_FIRST)
        with snapshot():
            owner = visible_owner(id, request.user)
            if owner is None:
                raise exceptions.NotFound
            part = list_sessions(SessionListing(owner, filterset.selection), filterset.cursor_text)
        access_log.record(
            request.user,
            View.API_PERSON_SESSIONS,
            selection=filterset.selection,
            owner=owner,
            row_count=len(part.sessions),
        )
        return JsonResponse(sessions_response(part))

    def session(self, request: Request, id: str) -> JsonResponse:
        """Return one session with its usage by model and its recap."""
        detail = find_session(id, request.user)
        if detail is None:
            raise exceptions.NotFound
        access_log.record(request.user, View.API_SESSION, owner=detail.owner, session_id=detail.stored.pk, row_count=1)
        # `_request`: see `validated`.
        return JsonResponse(session_response(detail, session_url(detail.stored, request._request)))
