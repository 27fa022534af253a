"""What the Trends page shows: weeks by provider, cost by model, the costliest sessions, and a usual session's cost."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from org_analytics.choices import Provider
from org_analytics.filters import SessionFilterSet
from org_analytics.models import CodingSession
from org_analytics.periods import Interval
from org_analytics.reporting.groups import BreakdownRow, Grouping, breakdown
from org_analytics.reporting.reports import Bucket, series, total
from org_analytics.reporting.usage import Usage
from org_analytics.reporting.visibility import visible_selection

COSTLIEST = 5


@dataclass(frozen=True)
class Bar:
    """The part of a week's bar that one provider has, in percent of the busiest week."""

    provider: str
    start: float
    width: float


@dataclass(frozen=True)
class Week:
    """One week of the range, and its bar of sessions by provider."""

    monday: date
    total: Usage
    bars: list[Bar]


@dataclass(frozen=True)
class Trends:
    """All that the page shows. Costs are in dollars."""

    total: Usage
    weeks: list[Week]
    providers: list[tuple[str, str]]
    models: list[BreakdownRow]
    costliest: list[CodingSession]
    median_cost: Decimal | None
    ninth_decile_cost: Decimal | None


def make_trends(filters: SessionFilterSet, user: Any) -> Trends:
    """Sum up the sessions that the user may see, with the filters."""
    selection = visible_selection(filters.selection, user)
    weeks = series(selection, Interval.WEEK)
    priced = filters.qs.analyzed().filter(cost_usd__isnull=False)
    costs = sorted(priced.values_list("cost_usd", flat=True))
    costliest = priced.with_root().select_related("repo", "user").order_by("-cost_usd", "-pk")
    busiest = max((bucket.total.session_count for bucket in weeks.buckets), default=0)
    return Trends(
        total=total(selection),
        weeks=[make_week(bucket, weeks.providers, busiest) for bucket in weeks.buckets],
        providers=[(name, str(Provider(name).label)) for name in weeks.providers],
        models=costliest_first(breakdown(selection, Grouping.MODEL).rows),
        costliest=list(costliest[:COSTLIEST]),
        median_cost=percentile(costs, 50),
        ninth_decile_cost=percentile(costs, 90),
    )


def costliest_first(models: tuple[BreakdownRow, ...]) -> list[BreakdownRow]:
    """Sort models by cost. What is not broken down by model comes last."""
    return sorted(models, key=lambda row: (row.key is None, -row.usage.cost_nanos))


def make_week(bucket: Bucket, providers: tuple[str, ...], busiest: int) -> Week:
    """One line of the chart."""
    bars, start = [], 0.0
    for provider in providers:
        width = 100 * bucket.usage[provider].session_count / busiest if busiest else 0.0
        bars.append(Bar(provider, round(start, 3), round(width, 3)))
        start += width
    return Week(Interval.WEEK.first_day(bucket.day), bucket.total, bars)


def percentile(values: list[Decimal], percent: int) -> Decimal | None:
    """The smallest value that this percentage of the sorted values does not exceed; None of none."""
    return values[max(math.ceil(len(values) * percent / 100), 1) - 1] if values else None
