"""Database aggregates by model. Whole days come from the roll-up by model, partial days from the sessions."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from ..rollup.sums import BILLION, DAILY_MODEL_USAGE, NANOS
from .selection import Selection
from .snapshots import snapshot
from .split_ranges import SplitRange, sums_of_days, sums_of_sessions
from .usage import ModelSums, Usage

_SUMS_OF_DAYS, _SUMS_OF_SESSIONS = sums_of_days(DAILY_MODEL_USAGE), sums_of_sessions(DAILY_MODEL_USAGE)


class ModelGroup(NamedTuple):
    """The usage of one model.

    A session counts whole in each of its models, with its times. Costs, and what is unpriced, are the model's own, so
    that costs of models add up exactly.
    """

    model: str
    usage: Usage
    sums: ModelSums


def by_model(selection: Selection, user_ids: Collection[Any] | QuerySet[Any]) -> list[ModelGroup]:
    """Usage of these users per model with the selected providers, in the order of the models' names. One statement."""
    groups: dict[str, tuple[Usage, ModelSums]] = {}
    with snapshot() as using:
        parts = SplitRange.load(selection, using)
        for model, *values in _by_model(parts, selection, user_ids):
            sums = dict(zip(DAILY_MODEL_USAGE.sums, values, strict=True))
            usage, model_sums = groups.get(model, (Usage(), ModelSums()))
            groups[model] = usage + _usage(sums), model_sums + _model_sums(sums)
    return [ModelGroup(model, *groups[model]) for model in sorted(groups)]


def _by_model(parts: SplitRange, selection: Selection, user_ids: Any) -> Any:
    """Rows of a model and its sums."""
    sessions: Any = parts.sessions
    sessions = sessions.analyzed().of_providers(selection.providers).filter(model_usage__isnull=False)
    days = parts.model_days
    if selection.providers:
        days = days.filter(provider__in=selection.providers)
    return parts.union(
        lambda: days.filter(user__in=user_ids).values("model").annotate(**_SUMS_OF_DAYS),
        lambda: sessions.filter(user__in=user_ids).values(model=F("model_usage__model")).annotate(**_SUMS_OF_SESSIONS),
        ("model", *_SUMS_OF_DAYS),
    )


def _usage(sums: dict[str, int]) -> Usage:
    cost = sums["cost_dollars"] * NANOS + sums["cost_nanos"]
    return Usage(**{"cost_nanos": cost, **{name: sums[name] for name in Usage._fields if name != "cost_nanos"}})


def _model_sums(sums: dict[str, int]) -> ModelSums:
    return ModelSums(*(_count(sums, name) for name in ModelSums._fields))


def _count(sums: dict[str, int], name: str) -> int:
    if name.endswith("_count"):
        return sums[name]
    return sums[f"{name}_billions"] * BILLION + sums[f"{name}_rest"]
