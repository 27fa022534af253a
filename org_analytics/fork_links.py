"""Repositories found or made by path, and the links between forks, kept up to date under one lock.

A manager mixin that reaches its models through `self.model`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import connections, models, router, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from .forks import effective_links, found_link, on_circles
from .remotes import fold

if TYPE_CHECKING:
    from .models import Repo

# Any two fixed numbers of our own: what PostgreSQL's advisory lock for fork links is known by.
_FORK_LOCK = (0x6F7267, 0x666F726B)


class WriteManager(models.Manager[Any]):
    """A manager that writes where the router says that its model is written."""

    @property
    def write_db(self) -> str:
        return self._db or router.db_for_write(self.model)


class ForkLinks(WriteManager):
    """Repositories found or made by path, and their links kept up to date."""

    def ids_by_key(self, paths: Iterable[str]) -> dict[str, int]:
        """The id of each path's repository by folded path; those that are missing are made."""
        paths_by_key: dict[str, str] = {}
        for path in paths:
            paths_by_key.setdefault(fold(path), path)
        found = self._known_ids(paths_by_key)
        missing = sorted(paths_by_key.keys() - found.keys())
        if missing:
            self._lock()
            repos = [self.model(path=paths_by_key[key], key=key) for key in missing]
            self.using(self.write_db).bulk_create(repos, ignore_conflicts=True)
            found.update(self._known_ids(missing))
        return found

    def sight(self, sightings: Collection[tuple[int, int | None, Any]]) -> None:
        """Keep that these people's clones of these repositories named these upstreams: (repo, upstream, user) ids."""
        if not self._new_sightings(sightings):
            return
        self._lock()
        new = self._new_sightings(sightings)
        manager = self._sightings()
        for repo, upstream, user in new:
            if upstream is not None:
                manager.filter(repo=repo, user=user, upstream=None).delete()
        manager.bulk_create(
            manager.model(repo_id=repo, upstream_id=upstream, user_id=user)
            for repo, upstream, user in sorted(new, key=str)
        )
        self.relink({repo for repo, _upstream, _user in new})

    def pin(self, repo: Repo, upstream: Repo | None) -> None:
        """An administrator's word, None for "not a fork". Raises ValidationError on a circle of such links."""
        with transaction.atomic(using=self.write_db):
            self._lock()
            if upstream is not None and self.closes_pinned_circle(repo, upstream):
                raise ValidationError({"upstream": _("This link would close a circle of pinned links.")})
            self.using(self.write_db).filter(pk=repo.pk).update(
                pinned=True, upstream=upstream, root=None if upstream is None else upstream.pk
            )
            self.relink({repo.pk})
        repo.refresh_from_db(using=self.write_db)

    def closes_pinned_circle(self, repo: Repo, upstream: Repo) -> bool:
        """Whether administrators' links would lead from `repo` by `upstream` back to it; stays so in a transaction."""
        self._lock()
        pinned = self.using(self.write_db).filter(pinned=True, upstream__isnull=False)
        links = {**dict(pinned.values_list("pk", "upstream")), repo.pk: upstream.pk}
        return repo.pk in on_circles(links)

    def unpin(self, repo: Repo) -> None:
        """Back to what most people's clones say."""
        with transaction.atomic(using=self.write_db):
            self._lock()
            self.using(self.write_db).filter(pk=repo.pk).update(pinned=False)
            self.relink({repo.pk})
        repo.refresh_from_db(using=self.write_db)

    def relink(self, changed: Collection[int]) -> None:
        """Recompute the links of repositories whose sightings or pins changed, and of all connected to them."""
        self._lock()
        manager = self.using(self.write_db)
        votes: dict[int, Counter[int | None]] = defaultdict(Counter)
        counts = self._sightings().filter(repo__in=changed).values_list("repo", "upstream").annotate(Count("pk"))
        for repo, upstream, count in counts:
            votes[repo][upstream] = count
        for pk, found in list(manager.filter(pk__in=changed).values_list("pk", "found_upstream")):
            if found != found_link(votes[pk]):
                manager.filter(pk=pk).update(found_upstream=found_link(votes[pk]))
        group = self._connected(changed)
        pinned = {pk: repo.upstream_id for pk, repo in group.items() if repo.pinned}
        links, roots = effective_links({pk: repo.found_upstream_id for pk, repo in group.items()}, pinned)
        for pk, repo in group.items():
            if (repo.upstream_id, repo.root_id) != (links.get(pk), roots.get(pk)):
                manager.filter(pk=pk).update(upstream=links.get(pk), root=roots.get(pk))

    def _connected(self, pks: Collection[int]) -> dict[int, Repo]:
        group: dict[int, Repo] = {}
        asked: set[int] = set()
        frontier = set(pks)
        while frontier:
            touching = Q(pk__in=frontier) | Q(found_upstream__in=frontier) | Q(upstream__in=frontier)
            near = {repo.pk: repo for repo in self.using(self.write_db).filter(touching)}
            group.update(near)
            asked |= frontier
            links = {pk for repo in near.values() for pk in (repo.found_upstream_id, repo.upstream_id) if pk}
            frontier = (near.keys() | links) - asked
        return group

    def _known_ids(self, keys: Iterable[str]) -> dict[str, int]:
        return dict(self.using(self.write_db).filter(key__in=list(keys)).values_list("key", "pk"))

    def _sightings(self) -> Any:
        return self.model._meta.get_field("sightings").related_model._default_manager.using(self.write_db)

    def _new_sightings(self, sightings: Collection[tuple[int, int | None, Any]]) -> set[tuple[int, int | None, Any]]:
        """Those not kept yet; a "none" only of people who never named an upstream of that repository."""
        if not sightings:
            return set()
        repos = {repo for repo, _upstream, _user in sightings}
        users = {user for _repo, _upstream, user in sightings}
        kept = set(self._sightings().filter(repo__in=repos, user__in=users).values_list("repo", "upstream", "user"))
        named = {(repo, user) for repo, upstream, user in kept | set(sightings) if upstream is not None}
        return {
            (repo, upstream, user)
            for repo, upstream, user in set(sightings) - kept
            if upstream is not None or (repo, user) not in named
        }

    def _lock(self) -> None:
        """One writer of links at a time, until the transaction ends; SQLite has one writer anyway."""
        connection = connections[self.write_db]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _FORK_LOCK)
