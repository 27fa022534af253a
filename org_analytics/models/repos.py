"""Repositories found or made by path, and the links between forks, kept up to date under one lock.

A manager mixin that reaches its models through `self.model`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections, models, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from ..repo_paths import fold_case
from .fork_graph import effective_links, found_link, in_cycles
from .managers import WriteDatabaseManager

# Any two fixed numbers of our own: what PostgreSQL's advisory lock for fork links is known by.
_FORK_LOCK = (0x6F7267, 0x666F726B)


class RepoManager(WriteDatabaseManager):
    """Repositories found or made by path, and their links kept up to date."""

    def ids_by_key(self, paths: Iterable[str]) -> dict[str, int]:
        """The id of each path's repository by folded path; those that are missing are made."""
        paths_by_key: dict[str, str] = {}
        for path in paths:
            paths_by_key.setdefault(fold_case(path), path)
        found = self._known_ids(paths_by_key)
        missing = sorted(paths_by_key.keys() - found.keys())
        if missing:
            self._lock()
            repos = [self.model(path=paths_by_key[key], key=key) for key in missing]
            self.using(self.write_db).bulk_create(repos, ignore_conflicts=True)
            found.update(self._known_ids(missing))
        return found

    def record_sightings(self, sightings: Collection[tuple[int, int | None, Any]]) -> None:
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
            if upstream is not None and self.closes_pinned_cycle(repo, upstream):
                raise ValidationError({"upstream": _("This link would close a circle of pinned links.")})
            self.using(self.write_db).filter(pk=repo.pk).update(
                pinned=True, upstream=upstream, root=None if upstream is None else upstream.pk
            )
            self.relink({repo.pk})
        repo.refresh_from_db(using=self.write_db)

    def closes_pinned_cycle(self, repo: Repo, upstream: Repo) -> bool:
        """Whether administrators' links would lead from `repo` by `upstream` back to it; stays so in a transaction."""
        self._lock()
        pinned = self.using(self.write_db).filter(pinned=True, upstream__isnull=False)
        links = {**dict(pinned.values_list("pk", "upstream")), repo.pk: upstream.pk}
        return repo.pk in in_cycles(links)

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
        return ForkSighting.objects.using(self.write_db)

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


class RepoQuerySet(models.QuerySet["Repo"]):
    """Adjectives for repositories."""

    def named(self, paths: Collection[str]) -> Self:
        """Known by one of these paths, in any case."""
        return self.filter(key__in={fold_case(path) for path in paths})

    def rooted_in(self, roots: Collection[int]) -> Self:
        """These roots and everything that rolls up to them."""
        return self.filter(Q(pk__in=roots) | Q(root__in=roots))

    def root_ids(self) -> set[int]:
        """The ids of the roots of these repositories."""
        return {root or pk for pk, root in self.values_list("pk", "root")}


class Repo(models.Model):
    """A repository, known by its path on whatever host."""

    path = models.CharField(_("path"), max_length=512, help_text=_("owner/name, as first seen"))
    # Case folding can make three characters of one.
    key = models.CharField(_("folded path"), max_length=3 * 512, unique=True, editable=False)
    found_upstream = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        blank=True,
        editable=False,
        related_name="found_forks",
        verbose_name=_("upstream by majority"),
        help_text=_("What most people's clones name as upstream."),
    )
    pinned = models.BooleanField(
        _("pinned"),
        default=False,
        help_text=_("The upstream below is an administrator's word: sightings do not change it."),
    )
    upstream = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="forks",
        verbose_name=_("upstream"),
        help_text=_("The repository that this one's sessions roll up to; none: it is not a fork."),
    )
    root = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        blank=True,
        editable=False,
        related_name="rolled_up",
        verbose_name=_("root"),
        help_text=_("The top of the chain of upstreams; none: the repository itself."),
    )

    objects = RepoManager.from_queryset(RepoQuerySet)()

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        constraints = [
            models.CheckConstraint(name="org_repo_not_own_upstream", condition=~Q(upstream=F("id"))),
            models.CheckConstraint(name="org_repo_not_own_found", condition=~Q(found_upstream=F("id"))),
            models.CheckConstraint(name="org_repo_root_with_upstream", condition=Q(root=None) | ~Q(upstream=None)),
        ]

    def __str__(self) -> str:
        return self.path

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = fold_case(self.path)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class ForkSighting(models.Model):
    """One person's clones of `repo` named `upstream` as upstream, or never named any (None)."""

    repo = models.ForeignKey(Repo, models.CASCADE, related_name="sightings", verbose_name=_("repository"))
    upstream = models.ForeignKey(
        Repo, models.CASCADE, null=True, blank=True, related_name="named_in", verbose_name=_("upstream named")
    )
    # A leaver's word stays: each row is one person's, with or without the person.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )

    class Meta:
        verbose_name = _("fork sighting")
        verbose_name_plural = _("fork sightings")
        constraints = [
            models.UniqueConstraint(
                name="org_sighting_unique", fields=["repo", "user", "upstream"], condition=Q(upstream__isnull=False)
            ),
            models.UniqueConstraint(
                name="org_sighting_none_unique", fields=["repo", "user"], condition=Q(upstream__isnull=True)
            ),
            models.CheckConstraint(name="org_sighting_not_itself", condition=Q(upstream=None) | ~Q(upstream=F("repo"))),
        ]

    def __str__(self) -> str:
        return f"{self.repo} → {self.upstream or '—'}"
