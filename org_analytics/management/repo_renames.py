"""Rename repositories in the database. If two get the same path, merge their sessions, sightings and links.

All changes are made in short transactions. If a run is interrupted, the next one continues. Triggers update the daily
roll-up.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Q

from ..models import CodingSession, ForkSighting, Repo
from ..models.fork_graph import in_cycles
from ..models.retries import retried
from ..repo_paths import fold_case

BATCH_SIZE = 1_000


class PinnedCycleError(Exception):
    """The merge would close a cycle of pinned links."""


class RepoRenamer:
    """Renames repositories in one database."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._links = Repo.objects.db_manager(using)
        self._repos = Repo.objects.using(using)
        self._sessions = CodingSession.objects.using(using)
        self._sightings = ForkSighting.objects.using(using)

    def is_refused(self, old: int, path: str) -> bool:
        """Whether `rename` would raise PinnedCycleError."""
        target = self._repos.filter(key=fold_case(path)).exclude(pk=old).values_list("pk", flat=True).first()
        return target is not None and self._closes_pinned_cycle(old, target)

    def rename(self, old: int, path: str) -> None:
        """Give a repository this path. Where another one has it, merge into that one or raise PinnedCycleError."""
        target = retried(lambda: self._rename_or_find(old, path), self._using)
        if target is not None:
            self._merge(old, target)

    def _rename_or_find(self, old: int, path: str) -> int | None:
        """Rename, or return the repository that has the path."""
        self._links.lock_links()
        target: int | None = (
            self._repos.filter(key=fold_case(path)).exclude(pk=old).values_list("pk", flat=True).first()
        )
        if target is None:
            self._repos.filter(pk=old).update(path=path, key=fold_case(path))
        return target

    def _merge(self, old: int, target: int) -> None:
        retried(lambda: self._refuse_pinned_cycle(old, target), self._using)
        while retried(lambda: self._move_sessions(old, target), self._using):
            pass
        retried(lambda: self._finish(old, target), self._using)

    def _refuse_pinned_cycle(self, old: int, target: int) -> None:
        self._links.lock_links()
        if self._closes_pinned_cycle(old, target):
            raise PinnedCycleError

    def _closes_pinned_cycle(self, old: int, target: int) -> bool:
        pins = dict(self._repos.filter(pinned=True).values_list("pk", "upstream"))
        if pins.get(target) == old:
            del pins[target]
        # The target's own pin comes last, and so wins.
        ordered = sorted(pins.items(), key=lambda pin: pin[0] == target)
        merged = {_moved(repo, old, target): _moved(upstream, old, target) for repo, upstream in ordered}
        return target in in_cycles({repo: up for repo, up in merged.items() if up is not None and up != repo})

    def _move_sessions(self, old: int, target: int) -> int:
        """Move one batch; locked in the order in which the write API locks sessions."""
        batch = self._sessions.filter(repo=old).order_by("started_at", "user_id").values_list("pk", flat=True)
        pks = list(batch[:BATCH_SIZE])
        by_key = self._sessions.filter(pk__in=pks).order_by("user_id", "provider", "external_id")
        list(by_key.select_for_update(no_key=True).values_list("pk", flat=True))
        return self._sessions.filter(pk__in=pks, repo=old).update(repo=target)

    def _finish(self, old: int, target: int) -> None:
        self._refuse_pinned_cycle(old, target)
        while self._move_sessions(old, target):  # written since the last batch
            pass
        forks = set(
            self._repos.filter(Q(found_upstream=old) | Q(upstream=old) | Q(root=old)).values_list("pk", flat=True)
        )
        sighted = self._unite_sightings(old, target)
        self._move_pins(old, target)
        self._repos.filter(pk=old).update(found_upstream=None, upstream=None, root=None, pinned=False)
        changed = (forks | sighted) - {old}
        self._links.relink(changed)
        self._links.update_links(changed)
        self._repos.filter(pk=old).delete()

    def _move_pins(self, old: int, target: int) -> None:
        """Move pinned links to and from the old repository. The target's own pin wins. Removes pins between the two."""
        self._repos.filter(pk=target, pinned=True, upstream=old).update(pinned=False, upstream=None, root=None)
        self._repos.filter(pinned=True, upstream=old).update(upstream=target)
        pin = self._repos.filter(pk=old, pinned=True).exclude(upstream=target).values_list("upstream", flat=True)
        for upstream in list(pin):
            unpinned = self._repos.filter(pk=target, pinned=False)
            unpinned.update(pinned=True, upstream=upstream, root=upstream)

    def _unite_sightings(self, old: int, target: int) -> set[int]:
        """Make the sightings those that would be stored if the two had always been one repository.

        Returns the repositories whose sightings may have changed.
        """
        affected = {old, target, *self._sightings.filter(upstream=old).values_list("repo", flat=True)}
        stored: dict[tuple[int, int | None, Any], int] = {}
        named: defaultdict[tuple[int, Any], set[int]] = defaultdict(set)
        rows = self._sightings.filter(repo__in=affected).values_list("pk", "repo", "upstream", "user")
        for pk, repo, upstream, user in list(rows):
            if user is None:  # each row is of one deleted user
                self._move_sighting(pk, _moved(repo, old, target), _moved(upstream, old, target))
                continue
            stored[repo, upstream, user] = pk
            moved = _moved(repo, old, target)
            others = named[moved, user]
            if upstream is not None and _moved(upstream, old, target) != moved:
                others.add(_moved(upstream, old, target))
        wanted: set[tuple[int, int | None, Any]] = set()
        for (repo, user), others in named.items():
            wanted |= {(repo, other, user) for other in others} or {(repo, None, user)}
        self._delete_sightings([pk for sighting, pk in stored.items() if sighting not in wanted])
        self._sightings.bulk_create(
            ForkSighting(repo_id=repo, upstream_id=upstream, user_id=user)
            for repo, upstream, user in sorted(wanted - stored.keys(), key=str)
        )
        return affected

    def _move_sighting(self, pk: int, repo: int, upstream: int | None) -> None:
        self._sightings.filter(pk=pk).update(repo=repo, upstream=None if upstream == repo else upstream)

    def _delete_sightings(self, pks: Collection[int]) -> None:
        pks = list(pks)
        for start in range(0, len(pks), BATCH_SIZE):
            self._sightings.filter(pk__in=pks[start : start + BATCH_SIZE]).delete()


def _moved(repo: Any, old: int, target: int) -> Any:
    return target if repo == old else repo
