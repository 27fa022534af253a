"""The usage by model, computed the slow and obvious way: every row of model usage in Python."""

from collections import defaultdict
from typing import Any

from org_analytics.models import CodingSession, ModelUsage
from org_analytics.models.usage import COUNTS
from org_analytics.money import to_nanos
from org_analytics.reporting.daily import Measure, daily_values
from org_analytics.reporting.groups import BreakdownRow, Grouping, breakdown, breakdown_rows
from org_analytics.reporting.model_aggregates import ModelGroup
from org_analytics.reporting.selection import Selection
from org_analytics.reporting.usage import ModelSums, Usage
from tests.brute_force import BruteForce, by_day, usage, value_of


def by_model(selection: Selection) -> list[ModelGroup]:
    """The members' usage of each model in the selection."""
    return _of_sessions(BruteForce(selection).counted)


def _of_sessions(sessions: list[CodingSession]) -> list[ModelGroup]:
    counted = {session.pk: session for session in sessions}
    rows = defaultdict(list)
    for row in ModelUsage.objects.filter(session__in=list(counted)):
        rows[row.model].append(row)
    return [
        ModelGroup(model, _usage(rows[model], [counted[row.session_id] for row in rows[model]]), _sums(rows[model]))
        for model in sorted(rows)
    ]


def assert_model_breakdown_exact(selection: Selection) -> None:
    """The breakdown by model is what it must be, and its costs add up."""
    expected, found = BruteForce(selection), breakdown(selection, Grouping.MODEL)
    rows = [BreakdownRow(group.model, group.model, group.usage, group.sums) for group in by_model(selection)]
    left = expected.totals().cost_nanos - sum(row.usage.cost_nanos for row in rows)
    assert list(found.rows) == rows + ([BreakdownRow(None, "", Usage(cost_nanos=left))] if left else [])
    assert breakdown_rows(selection, Grouping.MODEL) == found.rows
    assert (found.totals, found.coverage) == (expected.totals(), expected.coverage())
    assert found.providers_present == expected.providers_present()


def assert_daily_model_values_exact(selection: Selection, measure: Measure) -> None:
    """The numbers of each day and model are what they must be."""
    expected: dict[Any, dict[Any, int | None]] = {}
    for day, sessions in by_day(BruteForce(selection).counted).items():
        for group in _of_sessions(sessions):
            expected.setdefault(group.model, {})[day] = value_of(group.usage, measure)
    keys = [*expected, None]
    assert daily_values(selection, Grouping.MODEL, keys, measure) == {**expected, None: {}}


def _usage(rows: list[Any], sessions: list[Any]) -> Usage:
    costs = [to_nanos(row.cost_usd) for row in rows if row.cost_usd is not None]
    return usage(sessions)._replace(unpriced_count=len(rows) - len(costs), cost_nanos=sum(costs), cost_count=len(costs))


def _sums(rows: list[Any]) -> ModelSums:
    found = {}
    for name in COUNTS:
        known = [value for row in rows if (value := getattr(row, name)) is not None]
        found |= {name: sum(known), f"{name}_count": len(known)}
    return ModelSums(**found)
