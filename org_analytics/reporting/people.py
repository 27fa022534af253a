"""The people of a selection: the members who match its search, its teams and its list of people."""

from collections.abc import Iterable
from typing import Any

from .members import Person, member_ids, members
from .selection import NONE, Selection
from .snapshots import once_per_snapshot
from .teams import memberships


def select_people(selection: Selection, people: Iterable[Person]) -> list[Person]:
    """Those of these people who are selected, in the same order."""
    if not selection.selects_people:
        return list(people)
    wanted, teams = set(selection.people), frozenset(selection.teams)
    teams_by_user = memberships() if teams else {}
    no_team = frozenset({NONE})
    return [
        person
        for person in people
        if person.matches(selection.person)
        and (not wanted or person.id in wanted)
        and (not teams or teams & teams_by_user.get(person.id, no_team))
    ]


def selected_user_ids(selection: Selection) -> Any:
    """The ids of the selected people: a subquery for all members, else a list."""
    if not selection.selects_people:
        return member_ids()
    key = ("people", selection.person, selection.teams, selection.people)
    return once_per_snapshot(key, lambda: [person.id for person in select_people(selection, members(selection.people))])
