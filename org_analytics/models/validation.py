"""Validation of the rows that the write API takes. Plain functions: DRF serializers would be the slowest part of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..choices import PROVIDER_SPELLINGS, Provider
from ..limits import MAX_EXTERNAL_ID, MAX_MODEL, MAX_MODELS, MAX_NAMED, MAX_TITLE
from ..money import from_nanos, to_nanos
from ..repo_paths import GitPaths, paths_from_git_info
from .named_values import Cleaners, clean_named, indexed
from .owners import user_id, user_pk
from .recap_validation import RecapRow, clean_recap, session_digest
from .values import cost, count, flag, instant, milliseconds, or_none, text

NO_GIT = GitPaths()


class UsageRow(NamedTuple):
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


class SessionRow(NamedTuple):
    """A validated row: the keywords of `CodingSession.objects.record()`, with `git_info` reduced to its paths.

    `models` and `recap` are None where the caller did not give them: the stored ones stay.
    """

    user_id: Any
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
    recap: RecapRow | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The unique key of a session. The user's id is text, so that keys of any type sort."""
        return str(self.user_id), self.provider, self.external_id


def clean_rows(batch: Iterable[Mapping[str, Any]]) -> list[SessionRow | ValidationError]:
    """Validate rows: each as `clean_row()` returns it, or the error that it raises."""
    # Looked up once per batch: the user model, and the paths of repositories, which rows often share. The paths are
    # not kept longer, because remote URLs may contain credentials.
    cleaners: Cleaners = {
        **_CLEANERS,
        "user": partial(user_pk, model=get_user_model()),
        "git_info": partial(_git_paths, {}),
    }
    return [_row_or_error(fields, cleaners) for fields in batch]


def _row_or_error(fields: Mapping[str, Any], cleaners: Cleaners) -> SessionRow | ValidationError:
    try:
        return clean_row(fields, cleaners)
    except ValidationError as error:
        return error


def clean_row(fields: Mapping[str, Any], cleaners: Cleaners | None = None) -> SessionRow:
    """Validate a row. Raises ValidationError with all bad fields by name; a message never repeats a value."""
    cleaned, errors = clean_named(fields, cleaners or _CLEANERS, _REQUIRED)
    if "user" not in fields and "user_id" not in fields:
        errors["user"] = [_("This field is required.")]
    elif "user" in fields and "user_id" in fields:
        errors["user_id"] = [_("Give user or user_id, not both.")]
    started, ended = cleaned.get("started_at"), cleaned.get("ended_at")
    if started and ended and ended < started:
        errors["ended_at"] = [_("Must not be before started_at.")]
    if cleaned.get("models") is not None and "cost_usd" not in errors:
        try:
            cleaned["cost_usd"] = _total_cost(cleaned["models"], cleaned.get("cost_usd"))
        except ValidationError as error:
            errors["cost_usd"] = error.messages
        # False may be about a cost that belongs to no model. True does not give a model a price.
        priced = all(usage.cost_usd is not None for usage in cleaned["models"])
        cleaned["cost_complete"] = priced and cleaned.get("cost_complete", True)
    if errors:
        raise ValidationError(errors)
    if "user" in cleaned:
        cleaned["user_id"] = cleaned.pop("user")
    row = SessionRow(**cleaned)
    return row if row.recap is None else row._replace(recap=row.recap._replace(session_digest=session_digest(row)))


def _git_paths(known: dict[Any, GitPaths], git_info: Any) -> GitPaths:
    """The paths that `git_info` names, looked up in `known` where it can be a key: where it has no list of remotes."""
    try:
        key = frozenset(git_info.items())
        if key not in known:
            known[key] = paths_from_git_info(git_info)
    except (AttributeError, TypeError):
        return paths_from_git_info(git_info)
    return known[key]


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
    for index, fields in enumerate(value):
        try:
            usage = _usage(fields)
            if usage.model in rows:
                raise ValidationError({"model": [_("Duplicate model.")]})
            rows[usage.model] = usage
        except ValidationError as error:
            errors += indexed(index, error)
        if len(errors) >= MAX_NAMED:
            break
    if errors:
        raise ValidationError(errors)
    return tuple(rows[model] for model in sorted(rows))


def _usage(fields: Any) -> UsageRow:
    if not isinstance(fields, Mapping):
        raise ValidationError(_("Must be an object."))
    cleaned, errors = clean_named(fields, _USAGE_CLEANERS, _USAGE_REQUIRED)
    if errors:
        raise ValidationError(errors)
    return UsageRow(**cleaned)


def _total_cost(usage: Sequence[UsageRow], stated: Decimal | None) -> Decimal | None:
    """The sum of the models' costs as stored; None if nothing is priced. Raises if the caller gave another value."""
    costs = [row.cost_usd for row in usage]
    known = [to_nanos(amount) for amount in costs if amount is not None]
    total = None if costs and not known else from_nanos(sum(known))
    if stated is not None and stated != total:
        raise ValidationError(_("Must equal the sum of the models' costs."))
    return None if total is None else cost(total)


_CLEANERS: Cleaners = {
    "user": user_pk,
    "user_id": user_id,
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
    "recap": or_none(clean_recap),
}
_REQUIRED = ("provider", "external_id", "started_at")
_USAGE_CLEANERS: Cleaners = {
    "model": partial(text, shortest=1, longest=MAX_MODEL),
    "requests": or_none(count),
    "input_tokens": or_none(count),
    "output_tokens": or_none(count),
    "cache_write_tokens": or_none(count),
    "cache_read_tokens": or_none(count),
    "cost_usd": or_none(cost),
}
_USAGE_REQUIRED = tuple(name for name in UsageRow._fields if name != "cost_usd")
