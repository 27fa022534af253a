"""The selection: which sessions a report is about."""

from dataclasses import dataclass
from datetime import datetime

from ..periods import Days


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions are asked about: started in [start, end), of these providers, repositories and matching people."""

    start: datetime
    end: datetime
    days: Days
    providers: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    include_no_repo: bool = True
    person: str = ""

    def has_provider(self, provider: str) -> bool:
        """Whether the provider is selected; none selected means all."""
        return not self.providers or provider in self.providers
