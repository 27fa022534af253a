"""Breakdowns: the usage of a selection by person, team, repository, provider, model, day or week."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models.functions import Coalesce

from ..choices import Provider
from ..models import Repo
from ..periods import Interval
from .aggregates import Key, Who, by_key
from .grouped_sums import Group
from .members import Person
from .model_aggregates import by_model
from .people import selected_user_ids
from .reports import Report, Summary, report, summarize, total
from .selection import NONE, Selection
from .snapshots import snapshot
from .teams import memberships
from .usage import ModelSums, Usage

# SQLite limits the parameters of a statement.
_MOST_IDS = 1_000


class Grouping(StrEnum):
    """The groups that a selection can be broken down by; weeks begin on Monday."""

    PERSON = "person"
    TEAM = "team"
    REPO = "repo"
    PROVIDER = "provider"
    MODEL = "model"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """The usage of one group.

    `key` is the id of a person (in the form that JSON shows), the name of a team, the path of a root repository, a
    provider, a model, or the ISO date of a day or Monday. It is None for people without a team, sessions without a
    repository, and costs that are not broken down by model; `label` is then empty, as the words depend on the reader.
    """

    key: int | str | None
    label: str
    usage: Usage
    model_sums: ModelSums | None = None


@dataclass(frozen=True, slots=True)
class Breakdown(Summary):
    """The rows of a grouping. Totals, coverage and providers are those of the report for the same selection.

    By person, each member is a row; else each group with a counted session, in the order of the keys.

    By model, a session counts whole in each of its models, with its times; costs are the model's own. What the costs of
    sessions have beyond those of their models, or less, is a row without a key and without sessions, so that the costs
    of all rows add up to the total.
    """

    rows: tuple[BreakdownRow, ...]

    @classmethod
    def of(cls, summary: Summary, rows: tuple[BreakdownRow, ...]) -> "Breakdown":
        return cls(summary.totals, summary.coverage, summary.providers_present, rows)


@dataclass(frozen=True, slots=True)
class PersonReport(Summary):
    """The usage of one member by repository, provider and model. `providers_present` are the member's own."""

    person: Person
    repos: tuple[BreakdownRow, ...]
    providers: tuple[BreakdownRow, ...]
    models: tuple[BreakdownRow, ...]


def breakdown(selection: Selection, grouping: Grouping) -> Breakdown:
    """The usage by group, with totals and coverage."""
    with snapshot():
        if grouping in (Grouping.PERSON, Grouping.TEAM):
            found = report(selection)
            return Breakdown.of(found, _of_people(found, selection, grouping))
        groups = by_key(selection, _KEYS[grouping], selected_user_ids(selection), with_others=True)
        selected, others = groups[Who.SELECTED], groups[Who.OTHER_MEMBERS]
        summary = summarize(selection, selected, [*selected, *others], groups[Who.NON_MEMBERS])
        if grouping is Grouping.MODEL:
            return Breakdown.of(summary, _by_model(selection, summary.totals))
        return Breakdown.of(summary, _of_groups(selected, grouping))


def breakdown_rows(selection: Selection, grouping: Grouping) -> tuple[BreakdownRow, ...]:
    """The rows alone, which is faster for a few people."""
    with snapshot():
        if grouping in (Grouping.PERSON, Grouping.TEAM):
            return _of_people(report(selection), selection, grouping)
        if grouping is Grouping.MODEL:
            return _by_model(selection, total(selection))
        groups = by_key(selection, _KEYS[grouping], selected_user_ids(selection), with_others=False)
        return _of_groups(groups[Who.SELECTED], grouping)


def person_report(selection: Selection, person: Person) -> PersonReport:
    """The usage of this member, whatever people are selected.

    Where teams are selected and the member is in none of them, nothing is counted.
    """
    selection = replace(selection, people=(person.id,))
    with snapshot():
        groups = by_key(selection, Key.PROVIDER, selected_user_ids(selection), with_others=False)[Who.SELECTED]
        summary = summarize(selection, groups, groups, [])
        return PersonReport(
            summary.totals,
            summary.coverage,
            summary.providers_present,
            person,
            repos=breakdown_rows(selection, Grouping.REPO),
            providers=_of_groups(groups, Grouping.PROVIDER),
            models=_by_model(selection, summary.totals),
        )


def _of_people(found: Report, selection: Selection, grouping: Grouping) -> tuple[BreakdownRow, ...]:
    if grouping is Grouping.TEAM:
        return _by_team(found, selection)
    return tuple(
        BreakdownRow(row.person.id, row.person.name or row.person.email or str(row.person.id), row.usage)
        for row in found.people
    )


def _by_team(found: Report, selection: Selection) -> tuple[BreakdownRow, ...]:
    """A row for each team, or for each selected team. People in two teams count in both."""
    teams_by_user, selected = memberships(), selection.teams
    no_team = frozenset({NONE})
    return _merged(
        (None if team == NONE else team, row.usage)
        for row in found.people
        for team in teams_by_user.get(row.person.id, no_team)
        if not selected or team in selected
    )


def _by_model(selection: Selection, totals: Usage) -> tuple[BreakdownRow, ...]:
    groups = [group for group in by_model(selection, selected_user_ids(selection)) if group.usage.session_count]
    rows = [BreakdownRow(group.model, group.model, group.usage, group.sums) for group in groups]
    left = totals.cost_nanos - sum(group.usage.cost_nanos for group in groups)
    if left:
        rows.append(BreakdownRow(None, "", Usage(cost_nanos=left)))
    return tuple(rows)


def _of_groups(groups: list[Group], grouping: Grouping) -> tuple[BreakdownRow, ...]:
    key_of = _key_function(groups, grouping)
    rows = _merged((key_of(group.key), group.usage) for group in groups)
    if grouping is not Grouping.PROVIDER:
        return rows
    return tuple(BreakdownRow(row.key, str(Provider(row.label).label), row.usage) for row in rows)


def _key_function(groups: list[Group], grouping: Grouping) -> Callable[[Any], str | None]:
    """A function from the key of the database to the key of the row."""
    if grouping is Grouping.REPO:
        return _root_paths([group.key for group in groups]).get
    if grouping is Grouping.PROVIDER:
        return str
    interval = Interval.WEEK if grouping is Grouping.WEEK else Interval.DAY
    return lambda day: interval.first_day(as_date(day)).isoformat()


def _root_paths(repo_ids: list[int]) -> dict[int, str]:
    """The path of each repository's root; one query."""
    with snapshot() as using:
        repos = Repo.objects.using(using)
        if len(repo_ids) <= _MOST_IDS:
            repos = repos.filter(pk__in=repo_ids)
        return dict(repos.values_list("pk", Coalesce("root__path", "path")))


def as_date(day: date | str) -> date:
    """SQLite returns days as text."""
    return date.fromisoformat(day) if isinstance(day, str) else day


def _merged(usages: Iterable[tuple[str | None, Usage]]) -> tuple[BreakdownRow, ...]:
    """A row for each key with a counted session, in the order of the keys, None last."""
    found: dict[str | None, Usage] = {}
    for key, usage in usages:
        found[key] = found[key] + usage if key in found else usage
    keys = sorted(
        (key for key, usage in found.items() if usage.session_count), key=lambda key: (key is None, key or "")
    )
    return tuple(BreakdownRow(key, key or "", found[key]) for key in keys)


_KEYS = {
    Grouping.REPO: Key.REPO,
    Grouping.PROVIDER: Key.PROVIDER,
    Grouping.MODEL: Key.PROVIDER,  # for the totals
    Grouping.DAY: Key.DAY,
    Grouping.WEEK: Key.DAY,
}
