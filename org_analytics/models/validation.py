"""Validation of the rows that the write API takes. Plain functions: DRF serializers would be the slowest part of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from ..choices import PROVIDER_SPELLINGS, Provider
from ..fields import MoneyField
from ..limits import (
    END_OF_STARTS,
    FIRST_START,
    MAX_COST_USD,
    MAX_COUNT,
    MAX_EXTERNAL_ID,
    MAX_MODEL,
    MAX_MODELS,
    MAX_MS,
    MAX_NAMED,
    MAX_TITLE,
)
from ..money import from_nanos, to_nanos
from ..repo_paths import GitPaths, paths_from_git_info

NO_GIT = GitPaths()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The usage of one model in a session. The four token classes are disjoint.

    A count of None is unknown; a cost of None means unpriced.
    """

    model: str
    requests: int | None
    input_tokens: int | None
    output_tokens: int | None
    cache_write_tokens: int | None
    cache_read_tokens: int | None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A validated row: the keywords of `CodingSession.objects.record()`, with `git_info` reduced to its paths.

    `models` is None where the caller did not give it: the stored usage stays.
    """

    user: Model
    provider: str
    external_id: str
    started_at: datetime
    ended_at: datetime | None = None
    title: str = ""
    git_info: GitPaths = NO_GIT
    cost_usd: Decimal | None = None
    cost_complete: bool = True
    duration_ms: int | None = None
    assistant_ms: int | None = None
    user_ms: int | None = None
    analyzed: bool = True
    models: tuple[UsageRow, ...] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The unique key of a session. The user's id is text, so that keys of any type sort."""
        return str(self.user.pk), self.provider, self.external_id


def clean_row(given: Mapping[str, Any]) -> SessionRow:
    """Validate a row. Raises ValidationError with all bad fields by name; a message never repeats a value."""
    cleaned, errors = _cleaned(given, _CLEANERS, _REQUIRED)
    started, ended = cleaned.get("started_at"), cleaned.get("ended_at")
    if started and ended and ended < started:
        errors["ended_at"] = [_("Must not be before started_at.")]
    if cleaned.get("models") is not None and "cost_usd" not in errors:
        try:
            cleaned["cost_usd"] = _total_cost(cleaned["models"], cleaned.get("cost_usd"))
        except ValidationError as error:
            errors["cost_usd"] = error.messages
        # A caller may say False about a part of the cost that no model has; True does not price a model.
        priced = all(usage.cost_usd is not None for usage in cleaned["models"])
        cleaned["cost_complete"] = priced and cleaned.get("cost_complete", True)
    if errors:
        raise ValidationError(errors)
    return SessionRow(**cleaned)


def _cleaned(
    given: Mapping[str, Any], cleaners: Mapping[str, Callable[[Any], Any]], required: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The cleaned values and the errors, both by name. Reports the first `MAX_NAMED` unknown fields."""
    cleaned: dict[str, Any] = {}
    errors: dict[str, list[Any]] = {name: [_("This field is required.")] for name in required if name not in given}
    unknown = (name for name in given if name not in cleaners)
    errors.update((name, [_("Unknown field.")]) for name in islice(unknown, MAX_NAMED))
    for name in filter(given.__contains__, cleaners):
        try:
            cleaned[name] = cleaners[name](given[name])
        except ValidationError as error:
            errors[name] = error.messages
    return cleaned, errors


def _user(value: Any) -> Model:
    if not isinstance(value, get_user_model()) or value.pk is None:
        raise ValidationError(_("Must be a saved user."))
    return value


def _provider(value: Any) -> str:
    if not isinstance(value, str) or value not in PROVIDER_SPELLINGS:
        raise ValidationError(_("Must be one of %(providers)s."), params={"providers": ", ".join(Provider.values)})
    return PROVIDER_SPELLINGS[value]


def _models(value: Any) -> tuple[UsageRow, ...]:
    """The usage of each model, sorted by name. Raises ValidationError naming index and field of the first bad ones."""
    if not isinstance(value, list | tuple) or len(value) > MAX_MODELS:
        raise ValidationError(_("Must be a list of at most %(maximum)d models."), params={"maximum": MAX_MODELS})
    rows: dict[str, UsageRow] = {}
    errors: list[ValidationError] = []
    for index, given in enumerate(value):
        try:
            usage = _usage(given)
            if usage.model in rows:
                raise ValidationError({"model": [_("Duplicate model.")]})
            rows[usage.model] = usage
        except ValidationError as error:
            errors += _indexed(index, error)
        if len(errors) >= MAX_NAMED:
            break
    if errors:
        raise ValidationError(errors)
    return tuple(rows[model] for model in sorted(rows))


def _usage(given: Any) -> UsageRow:
    if not isinstance(given, Mapping):
        raise ValidationError(_("Must be an object."))
    cleaned, errors = _cleaned(given, _USAGE_CLEANERS, _USAGE_REQUIRED)
    if errors:
        raise ValidationError(errors)
    return UsageRow(**cleaned)


def _indexed(index: int, error: ValidationError) -> list[ValidationError]:
    texts = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return [
        ValidationError("%(place)s: %(text)s", params={"place": f"[{index}].{name}".rstrip("."), "text": message})
        for name, messages in texts.items()
        for message in messages
    ]


def _total_cost(usage: Sequence[UsageRow], given: Decimal | None) -> Decimal | None:
    """The sum of the models' costs as stored; None if nothing is priced. Raises if the caller gave another value."""
    costs = [row.cost_usd for row in usage]
    known = [to_nanos(amount) for amount in costs if amount is not None]
    total = None if costs and not known else from_nanos(sum(known))
    if given is not None and given != total:
        raise ValidationError(_("Must equal the sum of the models' costs."))
    return None if total is None else cost(total)


# Also lone surrogates: JSON can carry them, UTF-8 and so the database cannot.
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


_money = MoneyField()


def text(value: Any, shortest: int, longest: int) -> str:
    """Text of `shortest` to `longest` characters that the databases can store."""
    if not isinstance(value, str):
        raise ValidationError(_("Must be text."))
    if not shortest <= len(value) <= longest:
        raise ValidationError(
            _("Must have %(shortest)d to %(longest)d characters."), params={"shortest": shortest, "longest": longest}
        )
    if _UNSTORABLE.search(value):
        raise ValidationError(_("Must not contain control characters."))
    return value


def instant(value: Any) -> datetime:
    """A datetime or ISO 8601 text with a time zone, in UTC."""
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
        raise ValidationError(_("Must be between the years 2000 and 2100."))
    return value.astimezone(UTC)


def cost(value: Any) -> Decimal:
    """Dollars, rounded to nano-dollars."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float) or value == "":
        raise ValidationError(_("Must be an amount of dollars, such as 12.50."))
    # Compare an integer before it is turned into text: Python refuses to convert thousands of digits.
    amount = None if isinstance(value, int) and not 0 <= value <= MAX_COST_USD else _money.to_python(value)
    if amount is None or not 0 <= amount <= MAX_COST_USD:
        raise ValidationError(_("Must be between 0 and %(maximum)s."), params={"maximum": MAX_COST_USD})
    return from_nanos(to_nanos(amount))


def milliseconds(value: Any) -> int:
    """A length of time, at most 366 days."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError(_("Must be a whole number of milliseconds."))
    if not 0 <= value <= MAX_MS:
        raise ValidationError(_("Must be between 0 and 366 days."))
    return value


def count(value: Any) -> int:
    """A whole number that is exact in JSON."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise ValidationError(_("Must be a whole number from 0 to 2^53 - 1."))
    return value


def flag(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValidationError(_("Must be true or false."))
    return value


def or_none(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same validator, but None is allowed."""
    return lambda value: None if value is None else clean(value)


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "user": _user,
    "provider": _provider,
    "external_id": partial(text, shortest=1, longest=MAX_EXTERNAL_ID),
    "started_at": instant,
    "ended_at": or_none(instant),
    "title": partial(text, shortest=0, longest=MAX_TITLE),
    "git_info": paths_from_git_info,
    "cost_usd": or_none(cost),
    "cost_complete": flag,
    "duration_ms": or_none(milliseconds),
    "assistant_ms": or_none(milliseconds),
    "user_ms": or_none(milliseconds),
    "analyzed": flag,
    "models": or_none(_models),
}
_REQUIRED = ("user", "provider", "external_id", "started_at")
_USAGE_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "model": partial(text, shortest=1, longest=MAX_MODEL),
    "requests": or_none(count),
    "input_tokens": or_none(count),
    "output_tokens": or_none(count),
    "cache_write_tokens": or_none(count),
    "cache_read_tokens": or_none(count),
    "cost_usd": or_none(cost),
}
_USAGE_REQUIRED = tuple(field.name for field in fields(UsageRow) if field.name != "cost_usd")
