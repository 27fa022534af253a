"""The selection: which sessions a report covers."""

from dataclasses import dataclass
from datetime import datetime

from ..periods import Days

# The value of a filter that means "no team" or "no repository". Neither a team nor a repository can have this name.
NONE = "-"


@dataclass(frozen=True, slots=True)
class Selection:
    """Sessions that start in [start, end), of these providers and repositories, of the selected people.

    People are selected if their name or e-mail address contains `person`, they are in one of `teams`, and their id (in
    the form that JSON shows) is in `people`. What is empty selects everybody.

    `days` is what the reader sees of the range: on pages the whole days of the reporting time zone, in the API the UTC
    dates moved by `tz_offset` (contract, section 5). Reports use `start` and `end` only.
    """

    start: datetime
    end: datetime
    days: Days
    providers: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    include_no_repo: bool = True
    person: str = ""
    teams: tuple[str, ...] = ()
    people: tuple[int | str, ...] = ()

    @property
    def selects_people(self) -> bool:
        """Whether not all members are selected."""
        return bool(self.person or self.teams or self.people)

    def has_provider(self, provider: str) -> bool:
        """Whether the provider is selected. An empty selection means all providers."""
        return not self.providers or provider in self.providers
