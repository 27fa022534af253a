"""The bodies of the answers about single sessions. A key without a value is left out."""

from typing import Any

from ..models import SessionRecap
from ..models.recap_validation import LISTS
from ..models.validation import UsageRow
from ..money import format_exact
from ..periods import rfc3339
from ..reporting.session_detail import SessionDetail
from ..reporting.session_list import SessionPart
from ..reporting.session_rows import ShownSession
from .responses import user_response


def sessions_response(part: SessionPart) -> dict[str, Any]:
    """The body of `GET /api/v1/org/people/{id}/sessions`."""
    return {"sessions": [_without_unknown(_session(row)) for row in part.sessions], "next_cursor": part.next_cursor}


def session_response(detail: SessionDetail, url: str | None) -> dict[str, Any]:
    """The body of `GET /api/v1/org/sessions/{id}`. `url`: the session's page on the host's site."""
    session = _session(detail.session)
    answer = {
        "id": session.pop("id"),
        "user": user_response(detail.owner),
        **session,
        "url": url,
        "models": [_usage(row) for row in detail.models],
        "recap": detail.recap and _recap(detail.recap),
    }
    return _without_unknown(answer)


def _session(row: ShownSession) -> dict[str, Any]:
    return {
        "id": row.id,
        "provider": row.provider,
        "external_id": row.external_id,
        "title": row.title or None,
        "repo": row.repo,
        "root": row.root,
        "started_at": rfc3339(row.started_at),
        "ended_at": row.ended_at and rfc3339(row.ended_at),
        "duration_ms": row.duration_ms,
        "assistant_time_ms": row.assistant_ms,
        "user_time_ms": row.user_ms,
        "cost_usd": None if row.cost_usd is None else format_exact(row.cost_usd),
        "cost_complete": row.cost_complete,
        "analyzed": row.is_analyzed,
    }


def _usage(row: UsageRow) -> dict[str, Any]:
    """The usage of one model; an unknown count or cost is null."""
    return {**row._asdict(), "cost_usd": None if row.cost_usd is None else format_exact(row.cost_usd)}


def _recap(recap: SessionRecap) -> dict[str, Any]:
    answer = {
        "recap": recap.recap,
        **{name: getattr(recap, name) for name in LISTS},
        "model_used": recap.model_used or None,
        "computed_at": rfc3339(recap.computed_at),
    }
    return _without_unknown(answer)


def _without_unknown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}
