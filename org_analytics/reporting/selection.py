"""The selection: which sessions a report covers."""

from dataclasses import dataclass
from datetime import datetime

from ..periods import Days


@dataclass(frozen=True, slots=True)
class Selection:
    """Sessions that start in [start, end), of these providers and repositories, of the people who match `person`.

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

    def has_provider(self, provider: str) -> bool:
        """Whether the provider is selected. An empty selection means all providers."""
        return not self.providers or provider in self.providers
