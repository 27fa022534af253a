"""The controls that only the organization page has: the filters of people, and the switches of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from ..conf import app_settings
from ..reporting.groups import Grouping
from ..reporting.members import Person
from ..reporting.selection import NONE
from .controls import Option
from .groupings import grouping_label
from .labels import person_label, team_label
from .state import DOWNLOADS, OrganizationState


@dataclass(frozen=True, slots=True)
class TableControls:
    """The controls in the state shown; `search` is the text of the search field, also if it has an error."""

    state: OrganizationState
    team_names: Sequence[str]
    chosen_members: Mapping[int | str, Person]
    search: str

    # People ----------------------------------------------------------------------------------------------------------

    @property
    def without_search(self) -> str:
        return self.state.query(q="")

    @property
    def has_teams(self) -> bool:
        """Whether the site has teams, so that there is a filter for them."""
        return app_settings.has_teams

    @property
    def teams(self) -> list[Option]:
        """The teams that there are or that are selected, and "no team"."""
        selected = self.state.selection.teams
        names = sorted({*self.team_names, *selected} - {NONE}, key=str.casefold)
        return [Option(name, team_label(name), name in selected) for name in (*names, NONE)]

    @property
    def teams_label(self) -> str:
        """The choice of teams in a few words."""
        teams = self.state.selection.teams
        return ", ".join(map(team_label, teams)) if teams else _("All teams")

    @property
    def chosen_teams(self) -> list[Option]:
        """Each selected team with the view without it."""
        teams = self.state.selection.teams
        return [
            Option(name, team_label(name), True, self.state.query(team=[other for other in teams if other != name]))
            for name in teams
        ]

    @property
    def chosen_people(self) -> list[Option]:
        """Each selected person with the view without them. Somebody who is not a member is shown by their id."""
        people = self.state.selection.people
        return [
            Option(str(pk), self._label(pk), True, self.state.query(person=[other for other in people if other != pk]))
            for pk in people
        ]

    def _label(self, pk: int | str) -> str:
        person = self.chosen_members.get(pk)
        return person_label(person) if person else str(pk)

    # The table -------------------------------------------------------------------------------------------------------

    @property
    def groupings(self) -> list[Option]:
        """What a row of the table can be."""
        offered = (name for name in Grouping if name is not Grouping.TEAM or self.has_teams)
        return [
            Option(name, grouping_label(name), name is self.state.grouping, self.state.grouped_by(name))
            for name in offered
        ]

    @property
    def idle(self) -> Option | None:
        """Whether people without sessions are hidden; None where the rows are not people."""
        if self.state.grouping is not Grouping.PERSON:
            return None
        is_on = self.state.hides_idle
        label = _("Show people without sessions") if is_on else _("Hide people without sessions")
        return Option("zero", label, is_on, self.state.query(zero="" if is_on else "0"))

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """Label and address of each download. A download has all rows, so its address has no page."""
        query = self.state.query(p="")
        return [(label, reverse(f"org_analytics:{name}") + query) for label, name in DOWNLOADS.items()]
