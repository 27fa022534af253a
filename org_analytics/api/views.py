"""The REST endpoints: reports about the organization, and the write API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import JsonResponse
from django.urls import get_script_prefix
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from rest_framework import exceptions
from rest_framework.request import Request

from ..conf import app_settings
from ..limits import MAX_ROWS
from ..logs import access_log
from ..logs.access_log import View
from ..models import CodingSession, UserDeletedError
from ..reporting import groups, reports
from ..reporting.selection import Selection
from ..reporting.snapshots import snapshot
from ..reporting.visibility import find_person
from .base import OrgAPIViewSet
from .filters import AnalyticsFilters, BreakdownFilters, ReposFilters, SeriesFilters, validated
from .request_body import BodyTooLargeError, InvalidBodyError, UnsupportedMediaTypeError, read_json_body
from .responses import (
    analytics_response,
    breakdown_response,
    person_response,
    prices_response,
    recording_response,
    repos_response,
    series_response,
)
from .schema.document import openapi_document
from .schema.site import SCHEMA


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class OrgViewSet(OrgAPIViewSet):
    """Reports about the organization."""

    failure_messages = {
        "analytics": "Failed to compute org analytics",
        "repos": "Failed to list org repos",
        "series": "Failed to compute org series",
        "breakdown": "Failed to compute org breakdown",
        "person": "Failed to compute the usage of a person",
        "prices": "Failed to list prices",
        "openapi": "Failed to describe the API",
    }

    def analytics(self, request: Request) -> JsonResponse:
        """Return the usage of each member, the totals and the coverage."""
        selection = _selection(AnalyticsFilters, request)
        report = reports.report(selection)
        people = report.people
        access_log.record(request.user, View.API_ANALYTICS, selection=selection, people=people, row_count=len(people))
        return JsonResponse(analytics_response(report, selection, timezone.now()))

    def repos(self, request: Request) -> JsonResponse:
        """Return the paths of the root repositories with sessions in range."""
        selection = _selection(ReposFilters, request)
        repos = reports.repos(selection)
        access_log.record(request.user, View.API_REPOS, selection=selection, row_count=len(repos))
        return JsonResponse(repos_response(repos, selection, timezone.now()))

    def series(self, request: Request) -> JsonResponse:
        """Return the usage by provider for each day or week."""
        filterset = validated(SeriesFilters, request)
        selection, interval = filterset.selection, filterset.chosen_interval
        series = reports.series(selection, interval)
        access_log.record(request.user, View.API_SERIES, selection=selection, row_count=len(series.buckets))
        return JsonResponse(series_response(series, selection, interval, app_settings.time_zone, timezone.now()))

    def breakdown(self, request: Request) -> JsonResponse:
        """Return the usage by person, team, repository, provider, model, day or week."""
        filterset = validated(BreakdownFilters, request)
        selection, grouping = filterset.selection, filterset.grouping
        found = groups.breakdown(selection, grouping)
        access_log.record(request.user, View.API_BREAKDOWN, selection=selection, row_count=len(found.rows))
        return JsonResponse(breakdown_response(found, grouping, selection, timezone.now()))

    def person(self, request: Request, id: str) -> JsonResponse:
        """Return the usage of one member by repository, provider and model."""
        selection = _selection(AnalyticsFilters, request)
        with snapshot():
            person = find_person(id, request.user)
            if person is None:
                raise exceptions.NotFound
            report = groups.person_report(selection, person)
        access_log.record(request.user, View.API_PERSON, selection=selection, owner=person, row_count=1)
        return JsonResponse(person_response(report, selection, timezone.now()))

    def prices(self, request: Request) -> JsonResponse:
        """Return the prices that the administrator has set, for clients that derive costs."""
        return JsonResponse(prices_response(app_settings.prices, timezone.now()))

    def openapi(self, request: Request) -> JsonResponse:
        """Return the OpenAPI document of these endpoints, as they are mounted in this site."""
        mount = f"{get_script_prefix().rstrip('/')}{request.path_info}".removesuffix(SCHEMA.path)
        return JsonResponse(openapi_document(mount or "/"))


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SessionsViewSet(OrgAPIViewSet):
    """The write API. Errors in this order: 404 (off) → 401 → 403 → 429 → 405 → 415 → 413 → 400."""

    failure_messages = {"record": "Failed to record sessions"}
    error_responses = (
        (UnsupportedMediaTypeError, 415, None),
        (BodyTooLargeError, 413, "Request body too large"),
        (InvalidBodyError, 400, None),
        *OrgAPIViewSet.error_responses,
    )

    def record(self, request: Request) -> JsonResponse:
        """Write up to 500 sessions of the caller in one transaction. An invalid row does not stop the others."""
        rows = _rows(read_json_body(request._request))
        with translation.override("en"):  # the messages of a protocol are the same in every locale
            checked = [_with_user(row, request.user) for row in rows]
            outcomes = iter(_record([row for row in checked if isinstance(row, dict)]))
            results = [next(outcomes) if isinstance(row, dict) else row for row in checked]
            return JsonResponse(recording_response(results))


def _selection(filters: type[ReposFilters], request: Request) -> Selection:
    return validated(filters, request).selection


def _rows(body: Any) -> list[Any]:
    if not isinstance(body, dict) or body.keys() != {"sessions"} or not isinstance(body["sessions"], list):
        raise InvalidBodyError('Body must be an object with one key, "sessions": a list')
    if len(body["sessions"]) > MAX_ROWS:
        raise InvalidBodyError(f"sessions exceeds maximum of {MAX_ROWS} rows")
    return body["sessions"]


def _with_user(row: Any, user: Any) -> dict[str, Any] | ValidationError:
    """The row with the caller as its user, or the reason why it cannot have one."""
    if not isinstance(row, dict):
        return ValidationError({"row": ["Must be an object."]})
    for name in ("user", "user_id"):
        if name in row:
            return ValidationError({name: ["Unknown field: the sessions are the caller's."]})
    return {**row, "user": user}


def _record(rows: list[dict[str, Any]]) -> list[str | ValidationError]:
    outcomes = CodingSession.objects.record_many(
        rows, batch_size=MAX_ROWS, skip_invalid=True, new_repos_per_day=app_settings.new_repos_per_day
    )
    if any(isinstance(outcome, UserDeletedError) for outcome in outcomes):
        # Somebody deleted the account while its sessions were written.
        raise exceptions.NotAuthenticated
    return outcomes
