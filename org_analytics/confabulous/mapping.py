"""From a session there to the keywords of `CodingSession.objects.record()`."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ..choices import PROVIDER_SPELLINGS, Provider
from ..limits import END_OF_STARTS, MAX_MS, MAX_TITLE
from .costs import CardUsage, clean_text, usage_of_card, usage_of_total
from .reading import SourceSession
from .recaps import recap_of_card

Key = tuple[Any, str, str]
# Raise it when the same row there becomes another row here: then every session is written again.
MAPPING_VERSION = 1
UPLOAD, TRANSCRIPT = "upload", "transcript"
ODD_DURATION = "{}: negative or longer than 366 days"
ODD_END = "ended_at: before the start, or out of range"
ODD_JSON = "{}: not readable as JSON"
_decoder = json.JSONDecoder(parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class MappedSession:
    """The keywords of `record()` without the user, a digest of them, and what was taken as unknown and why."""

    row: SourceSession
    user: Any
    values: dict[str, Any]
    digest: str
    notes: frozenset[str]

    @property
    def key(self) -> Key:
        """Which session of ours it is."""
        return self.user.pk, self.values["provider"], self.values["external_id"]

    @property
    def precedence(self) -> tuple[bool, float, str]:
        """Orders several sessions there that are one here; the greatest is taken."""
        return bool(self.values["analyzed"]), self.row.changed, str(self.row.id)


def provider_of(session_type: str) -> str | None:
    """Our name of the agent, None for one that we do not count."""
    return PROVIDER_SPELLINGS.get(session_type)


def map_session(row: SourceSession, user: Any, *, with_titles: bool, started_at: str) -> MappedSession:
    """The row as ours. A session is analyzed if both cards are there, of whatever version: the rule of their page."""
    notes: set[str] = set()
    duration_ms, assistant_ms, user_ms = (
        _milliseconds(name, getattr(row, name), notes) for name in ("duration_ms", "assistant_ms", "user_ms")
    )
    start = _start(row, duration_ms, started_at)
    usage = _usage(row, notes)
    recap = None if row.recap is None else recap_of_card(_parsed("recap", row.recap, notes), notes)
    values = {
        "provider": provider_of(row.session_type),
        "external_id": row.external_id,
        "started_at": start,
        "ended_at": _end(row, start, notes),
        "title": _title(row.titles) if with_titles else "",
        "git_info": _parsed("git_info", row.git_info, notes),
        "analyzed": row.has_tokens and row.has_conversation,
        "duration_ms": duration_ms,
        "assistant_ms": assistant_ms,
        "user_ms": user_ms,
        "models": usage.models if usage else None,
        "cost_complete": usage.is_complete if usage else True,
        # Left out if there is none: the digests of such sessions are those of versions that did not read recaps.
        **({"recap": recap} if recap else {}),
    }
    return MappedSession(row, user, values, digest_of(values), frozenset(notes))


def digest_of(values: object) -> str:
    """A hash that differs when the values do."""
    text = json.dumps([MAPPING_VERSION, values], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _usage(row: SourceSession, notes: set[str]) -> CardUsage | None:
    if not row.has_tokens:
        return None
    if row.tokens is None:
        usage = usage_of_total(row.cost)
    else:
        is_cursor = provider_of(row.session_type) == Provider.CURSOR
        data = _parsed("tokens card", row.tokens, notes)
        usage = usage_of_card(data, cursor_model=row.cursor_model, is_cursor=is_cursor)
    notes |= usage.notes
    return usage


def _parsed(name: str, text: str | None, notes: set[str]) -> Any:
    """The JSON; its numbers with a point are exact. PostgreSQL checked it, so only its depth and digits can be odd."""
    try:
        return None if text is None else _decoder.decode(text)
    except (ValueError, RecursionError, ArithmeticError):
        notes.add(ODD_JSON.format(name))
        return None


def _milliseconds(name: str, value: int | None, notes: set[str]) -> int | None:
    if value is None or 0 <= value <= MAX_MS:
        return value
    notes.add(ODD_DURATION.format(name))
    return None


def _start(row: SourceSession, duration: int | None, started_at: str) -> datetime | None:
    if started_at == TRANSCRIPT and row.last_message_at is not None and duration is not None:
        return row.last_message_at - timedelta(milliseconds=duration)
    return row.first_seen


def _end(row: SourceSession, start: datetime | None, notes: set[str]) -> datetime | None:
    end = row.last_message_at
    if end is not None and start is not None and not start <= end < END_OF_STARTS:
        notes.add(ODD_END)
        return None
    return end


def _title(candidates: Iterable[str | None]) -> str:
    """The first that says something."""
    return next((title for text in candidates if (title := clean_text(text or "", MAX_TITLE))), "")
