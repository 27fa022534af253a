"""The bodies of the API's answers, with keys in the order of the contract (section 7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from ..money import format_cents, format_exact
from ..periods import local_rfc3339, rfc3339
from ..reporting.groups import Breakdown, BreakdownRow, Grouping, PersonReport
from ..reporting.members import Person
from ..reporting.reports import Coverage, Report, Series
from ..reporting.selection import Selection
from ..reporting.usage import ModelSums, Usage

# In English in every locale, as is all that the API says.
_LABELS_WITHOUT_KEY = {
    Grouping.TEAM: "No team",
    Grouping.REPO: "No repository",
    Grouping.MODEL: "Not broken down",
}
_MODEL_SUMS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")


def analytics_response(report: Report, selection: Selection, computed_at: datetime) -> dict[str, Any]:
    """The body of `GET /api/v1/org/analytics`."""
    return {
        **_head(selection, computed_at),
        "providers_present": list(report.providers_present),
        "users": [{"user": user_response(row.person), **_usage(row.usage)} for row in report.people],
        "totals": _usage(report.totals),
        "coverage": _coverage(report.coverage),
    }


def breakdown_response(
    found: Breakdown, grouping: Grouping, selection: Selection, computed_at: datetime
) -> dict[str, Any]:
    """The body of `GET /api/v1/org/breakdown`."""
    return {
        **_head(selection, computed_at),
        "group_by": grouping.value,
        "rows": _rows(found.rows, grouping),
        "totals": _usage(found.totals),
        "coverage": _coverage(found.coverage),
    }


def person_response(report: PersonReport, selection: Selection, computed_at: datetime) -> dict[str, Any]:
    """The body of `GET /api/v1/org/people/{id}`."""
    return {
        **_head(selection, computed_at),
        "user": user_response(report.person),
        "totals": _usage(report.totals),
        "repos": _rows(report.repos, Grouping.REPO),
        "providers": _rows(report.providers, Grouping.PROVIDER),
        "models": _rows(report.models, Grouping.MODEL),
        "coverage": _coverage(report.coverage),
    }


def repos_response(repos: list[str], selection: Selection, computed_at: datetime) -> dict[str, Any]:
    """The body of `GET /api/v1/org/repos`."""
    return {**_head(selection, computed_at), "repos": repos}


def series_response(
    series: Series, selection: Selection, interval: str, zone: ZoneInfo, computed_at: datetime
) -> dict[str, Any]:
    """The body of `GET /api/v1/org/series`. Costs are unrounded."""
    return {
        **_head(selection, computed_at),
        "time_zone": zone.key,
        "interval": interval,
        "providers_present": list(series.providers_present),
        "buckets": [
            {
                "start": local_rfc3339(bucket.start, zone),
                "end": local_rfc3339(bucket.end, zone),
                "providers": {provider: _sums(usage) for provider, usage in bucket.usage.items()},
            }
            for bucket in series.buckets
        ],
    }


def prices_response(prices: Mapping[str, Mapping[str, Any]], computed_at: datetime) -> dict[str, Any]:
    """The body of `GET /api/v1/org/prices`: USD per million tokens, as decimal texts."""
    return {
        "computed_at": rfc3339(computed_at),
        "prices": {
            model: {key: str(price) for key, price in prices_of_model.items() if price is not None}
            for model, prices_of_model in prices.items()
        },
    }


def recording_response(outcomes: Sequence[str | ValidationError]) -> dict[str, Any]:
    """The body of `POST /api/v1/org/sessions`: the outcome of each row, in order."""
    return {"results": [_result(index, outcome) for index, outcome in enumerate(outcomes)]}


def _result(index: int, outcome: str | ValidationError) -> dict[str, Any]:
    if isinstance(outcome, ValidationError):
        return {"index": index, "status": "invalid", "errors": outcome.message_dict}
    return {"index": index, "status": outcome}


def _head(selection: Selection, computed_at: datetime) -> dict[str, Any]:
    return {
        "computed_at": rfc3339(computed_at),
        "date_range": {
            "start_date": selection.days.first.isoformat(),
            "end_date": selection.days.last.isoformat(),
        },
    }


def user_response(person: Person) -> dict[str, Any]:
    """A member as answers show them."""
    user = {"id": person.id, "email": person.email}
    return user if person.name is None else {**user, "name": person.name}


def _rows(rows: Sequence[BreakdownRow], grouping: Grouping) -> list[dict[str, Any]]:
    return [
        {
            "key": row.key,
            "label": _LABELS_WITHOUT_KEY[grouping] if row.key is None else row.label,
            **_usage(row.usage),
            **(_model_sums(row.model_sums) if grouping is Grouping.MODEL else {}),
        }
        for row in rows
    ]


def _model_sums(sums: ModelSums | None) -> dict[str, int | None]:
    """The requests and tokens of a model; null if none of them is known."""
    return {name: sums and sums.known(name) for name in _MODEL_SUMS}


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "pending_sessions": coverage.pending_sessions,
        "unpriced_sessions": coverage.unpriced_sessions,
        "inactive_user_sessions": coverage.inactive_user_sessions,
        "latest_session_at": coverage.latest_session_at and rfc3339(coverage.latest_session_at),
    }


def _sums(usage: Usage) -> dict[str, Any]:
    return {
        "session_count": usage.session_count,
        "total_cost_usd": format_exact(usage.cost_usd),
        "total_duration_ms": usage.duration_ms,
        "total_assistant_time_ms": usage.assistant_ms,
        "total_user_time_ms": usage.user_ms,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    answer = {
        "session_count": usage.session_count,
        "total_cost_usd": format_cents(usage.cost_nanos),
        "total_duration_ms": usage.duration_ms,
        "total_assistant_time_ms": usage.assistant_ms,
        "total_user_time_ms": usage.user_ms,
        "avg_cost_usd": format_cents(usage.cost_nanos, usage.cost_count),
    }
    if usage.duration_count:
        answer["avg_duration_ms"] = usage.duration_ms // usage.duration_count
    if usage.assistant_count:
        answer["avg_assistant_time_ms"] = usage.assistant_ms // usage.assistant_count
    if usage.user_count:
        answer["avg_user_time_ms"] = usage.user_ms // usage.user_count
    return answer
