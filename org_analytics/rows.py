"""What a session's row may hold: providers, limits, and the one place that cleans what a caller gives."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from .fields import MoneyField, from_nanos, to_nanos
from .remotes import GitPaths, git_paths

MAX_COST_USD = Decimal(100_000)
MAX_MS = 366 * 86_400_000
MAX_EXTERNAL_ID = 512
MAX_TITLE = 255
FIRST_START = datetime(2000, 1, 1, tzinfo=UTC)
END_OF_STARTS = datetime(2101, 1, 1, tzinfo=UTC)

# Also lone surrogates: JSON can carry them, UTF-8 and so the database cannot.
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_money = MoneyField()
_NO_PATHS = GitPaths()


class Provider(models.TextChoices):
    """The agents whose sessions are counted, in the order in which the API's messages name them."""

    CLAUDE_CODE = "claude-code", "Claude Code"
    CODEX = "codex", "Codex"
    OPENCODE = "opencode", "OpenCode"
    CURSOR = "cursor", "Cursor"


_PROVIDERS = {**{value: value for value in Provider.values}, "Claude Code": Provider.CLAUDE_CODE.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A cleaned row: the keywords of `CodingSession.objects.record()`, `git_info` reduced to its paths."""

    user: models.Model
    provider: str
    external_id: str
    started_at: datetime
    ended_at: datetime | None = None
    title: str = ""
    git_info: GitPaths = _NO_PATHS
    cost_usd: Decimal | None = None
    cost_complete: bool = True
    duration_ms: int | None = None
    assistant_ms: int | None = None
    user_ms: int | None = None
    analyzed: bool = True

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a session unique; the user's id as text, so that keys of any kind sort."""
        return str(self.user.pk), self.provider, self.external_id


def clean_row(given: Mapping[str, Any]) -> SessionRow:
    """The cleaned row. Raises ValidationError with all bad fields by name; a message never repeats a value."""
    errors: dict[str, list[Any]] = {name: [_("Unknown field.")] for name in given if name not in _CLEANERS}
    cleaned: dict[str, Any] = {}
    for field in fields(SessionRow):
        if field.name not in given:
            if field.name in _REQUIRED:
                errors[field.name] = [_("This field is required.")]
            continue
        try:
            cleaned[field.name] = _CLEANERS[field.name](given[field.name])
        except ValidationError as error:
            errors[field.name] = error.messages
    started, ended = cleaned.get("started_at"), cleaned.get("ended_at")
    if started and ended and ended < started:
        errors["ended_at"] = [_("Ends before it starts.")]
    if errors:
        raise ValidationError(errors)
    return SessionRow(**cleaned)


def _user(value: Any) -> models.Model:
    if not isinstance(value, get_user_model()) or value.pk is None:
        raise ValidationError(_("Must be a saved user."))
    return value


def _provider(value: Any) -> str:
    if not isinstance(value, str) or value not in _PROVIDERS:
        raise ValidationError(_("Must be one of %(providers)s."), params={"providers": ", ".join(Provider.values)})
    return _PROVIDERS[value]


def _text(value: Any, shortest: int, longest: int) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("Must be text."))
    if not shortest <= len(value) <= longest:
        raise ValidationError(
            _("Must have %(shortest)d to %(longest)d characters."), params={"shortest": shortest, "longest": longest}
        )
    if _UNSTORABLE.search(value):
        raise ValidationError(_("Must not hold control characters."))
    return value


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = parse_datetime(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise ValidationError(_("Must be a date and time, such as 2026-01-31T12:00:00Z."))
    if value.utcoffset() is None:
        raise ValidationError(_("Must have a time zone."))
    if not FIRST_START <= value < END_OF_STARTS:
        raise ValidationError(_("Must lie in the years 2000 to 2100."))
    return value.astimezone(UTC)


def _cost(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float) or value == "":
        raise ValidationError(_("Must be an amount of dollars, such as 12.50."))
    amount = _money.to_python(value)
    if amount is None or not 0 <= amount <= MAX_COST_USD:
        raise ValidationError(_("Must lie between 0 and %(maximum)s."), params={"maximum": MAX_COST_USD})
    return from_nanos(to_nanos(amount))


def _milliseconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError(_("Must be a whole number of milliseconds."))
    if not 0 <= value <= MAX_MS:
        raise ValidationError(_("Must lie between 0 and 366 days."))
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(_("Must be true or false."))
    return value


def _or_none(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else clean(value)


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "user": _user,
    "provider": _provider,
    "external_id": lambda value: _text(value, 1, MAX_EXTERNAL_ID),
    "started_at": _instant,
    "ended_at": _or_none(_instant),
    "title": lambda value: _text(value, 0, MAX_TITLE),
    "git_info": git_paths,
    "cost_usd": _or_none(_cost),
    "cost_complete": _flag,
    "duration_ms": _or_none(_milliseconds),
    "assistant_ms": _or_none(_milliseconds),
    "user_ms": _or_none(_milliseconds),
    "analyzed": _flag,
}
_REQUIRED = {"user", "provider", "external_id", "started_at"}
