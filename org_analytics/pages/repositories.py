"""The repositories that the filter lists: all in range if they are few, else the most used or those searched for."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..reporting import reports
from ..reporting.selection import Selection
from ..reporting.snapshots import snapshot

# A longer list is slow to load, and nobody reads it.
MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class RepoList:
    """Some of the `total` repositories that match `search`, which finds all if it is empty."""

    paths: Sequence[str]
    total: int
    search: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether there are more that match."""
        return len(self.paths) < self.total

    @property
    def is_partial(self) -> bool:
        """Whether a search can find others, so that the server has to search."""
        return self.is_cut or bool(self.search)


def list_repos(selection: Selection, search: str) -> RepoList:
    """Return at most `MAX_LISTED` repositories of the selection's range whose paths contain the text."""
    wanted = search.casefold()
    with snapshot():
        found = [path for path in reports.repos(selection) if wanted in path.casefold()]
        if len(found) > MAX_LISTED:
            listed = [path for path in reports.repos_by_use(selection) if wanted in path.casefold()]
            return RepoList(listed[:MAX_LISTED], len(found), search)
    return RepoList(found, len(found), search)
