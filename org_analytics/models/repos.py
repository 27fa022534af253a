"""Repositories, the sightings of their forks, and the fork links that follow from them.

All writes to links take one lock. A change reads the forks below the changed repositories in a fixed number of queries
and writes them with one UPDATE, however long the chains are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple, Self

from django.core.exceptions import ValidationError
from django.db import connections, models, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from ..repo_paths import fold_case
from .fork_graph import Sighting, effective_links, found_link, in_cycles, new_sightings
from .lookups import one_of, update_integers
from .managers import WriteDatabaseManager
from .sightings import ForkSighting

# PostgreSQL knows the advisory lock for fork links by any two fixed numbers.
_FORK_LOCK = (0x6F7267, 0x666F726B)
_MOST_IDS = 1_000  # in one statement: databases limit its parameters
# This many levels of forks are read with one query each. For deeper ones, one query reads all links. (One recursive
# query is as fast only if PostgreSQL has statistics: without them it scans the table once per link.)
_LEVELS = 3

BeforeCreating = Callable[[Collection[str]], None]


class _Links(NamedTuple):
    """The links of a repository, by id."""

    found_upstream: int | None
    upstream: int | None
    root: int | None
    pinned: bool


class RepoManager(WriteDatabaseManager):
    """Finds or creates repositories by path, and keeps their links up to date."""

    def ids_by_key(self, paths: Iterable[str], before_creating: BeforeCreating | None = None) -> dict[str, int]:
        """The id of each path's repository by folded path. Creates those that are missing.

        `before_creating` is called with their folded paths, and may raise.
        """
        paths_by_key: dict[str, str] = {}
        for path in paths:
            paths_by_key.setdefault(fold_case(path), path)
        ids = self._known_ids(paths_by_key)
        missing = sorted(paths_by_key.keys() - ids.keys())
        if missing:
            self.lock_links()
            if before_creating:
                before_creating(missing)
            repos = [self.model(path=paths_by_key[key], key=key) for key in missing]
            self.using(self.write_db).bulk_create(repos, ignore_conflicts=True)
            ids.update(self._known_ids(missing))
        return ids

    def record_sightings(self, sightings: Collection[Sighting]) -> None:
        """Record which upstreams people's clones of repositories name."""
        if not new_sightings(sightings, self._stored_sightings(sightings)):
            return
        self.lock_links()
        stored = self._stored_sightings(sightings)
        new = new_sightings(sightings, stored)
        manager = self._sightings()
        for repo, upstream, user in new:
            if upstream is not None and (repo, None, user) in stored:
                manager.filter(repo=repo, user=user, upstream=None).delete()
        manager.bulk_create(
            manager.model(repo_id=repo, upstream_id=upstream, user_id=user)
            for repo, upstream, user in sorted(new, key=str)
        )
        self.relink({repo for repo, _upstream, _user in new})

    def pin(self, repo: Repo, upstream: Repo | None) -> None:
        """Set an administrator's link, None for "not a fork". Raises ValidationError if it closes a cycle of them."""
        with transaction.atomic(using=self.write_db):
            self.lock_links()
            if upstream is not None and self.closes_pinned_cycle(repo, upstream):
                raise ValidationError({"upstream": _("This link would close a cycle of pinned links.")})
            self.using(self.write_db).filter(pk=repo.pk).update(
                pinned=True, upstream=upstream, root=None if upstream is None else upstream.pk
            )
            self.update_links([repo.pk])
        repo.refresh_from_db(using=self.write_db)

    def closes_pinned_cycle(self, repo: Repo, upstream: Repo) -> bool:
        """Whether pinning `upstream` closes a cycle of pinned links. The lock keeps the answer true."""
        self.lock_links()
        pinned = self.using(self.write_db).filter(pinned=True, upstream__isnull=False)
        links = {**dict(pinned.values_list("pk", "upstream")), repo.pk: upstream.pk}
        return repo.pk in in_cycles(links)

    def unpin(self, repo: Repo) -> None:
        """Return to the link that most people's clones name."""
        with transaction.atomic(using=self.write_db):
            self.lock_links()
            self.using(self.write_db).filter(pk=repo.pk).update(pinned=False)
            self.update_links([repo.pk])
        repo.refresh_from_db(using=self.write_db)

    def relink(self, changed: Collection[int]) -> None:
        """Recompute the found links of repositories whose sightings changed, and all links that depend on them."""
        self.lock_links()
        votes: dict[int, Counter[int | None]] = defaultdict(Counter)
        counts = self._sightings().filter(repo__in=changed).values_list("repo", "upstream").annotate(Count("pk"))
        for repo, upstream, count in counts:
            votes[repo][upstream] = count
        repos = self.using(self.write_db).filter(pk__in=one_of(changed, self.write_db))
        stored = dict(repos.values_list("pk", "found_upstream"))
        new_found = {pk: link for pk, upstream in stored.items() if (link := found_link(votes[pk])) != upstream}
        self.update_links(new_found.keys(), new_found)

    def update_links(self, changed: Collection[int], new_found: Mapping[int, int | None] | None = None) -> None:
        """Recompute upstream and root of repositories whose found or pinned link changed, and of all forks of them.

        Nothing else can change: a link decides about its own repository and about those whose links lead to it.
        `new_found`: found links of changed repositories that are not stored yet.
        """
        if not changed:
            return
        repos = self._with_forks(changed)
        found_links = {pk: repo.found_upstream for pk, repo in repos.items()} | dict(new_found or {})
        pinned_links = {pk: repo.upstream for pk, repo in repos.items() if repo.pinned}
        links, tops = effective_links(found_links, pinned_links)
        outside = self.using(self.write_db).filter(pk__in=set(tops.values()) - repos.keys(), root__isnull=False)
        roots = dict(outside.values_list("pk", "root"))
        values = {pk: (found_links[pk], links.get(pk), roots.get(tops.get(pk), tops.get(pk))) for pk in repos}
        updates = [(pk, *values[pk]) for pk, repo in repos.items() if values[pk] != repo[:3]]
        update_integers(self.model, ("found_upstream_id", "upstream_id", "root_id"), updates, self.write_db)

    def lock_links(self) -> None:
        """Keep other writers of links out until the transaction ends. SQLite has one writer anyway."""
        connection = connections[self.write_db]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _FORK_LOCK)

    def _with_forks(self, changed: Collection[int]) -> dict[int, _Links]:
        """These repositories, and all from which wanted links (pinned or else found) lead to one of them."""
        manager = self.using(self.write_db)
        known, frontier = set(changed), set(changed)
        for _level in range(_LEVELS):
            if not frontier or len(frontier) > _MOST_IDS:
                break
            forks = Q(pinned=True, upstream__in=frontier) | Q(pinned=False, found_upstream__in=frontier)
            frontier = set(manager.filter(forks).values_list("pk", flat=True)) - known
            known |= frontier
        if frontier:
            known |= self._all_forks_of(frontier)
        repos = manager.filter(pk__in=one_of(known, self.write_db)).values_list("pk", *_Links._fields)
        return {pk: _Links(*links) for pk, *links in repos}

    def _all_forks_of(self, upstreams: Iterable[int]) -> set[int]:
        manager = self.using(self.write_db)
        forks: defaultdict[int, list[int]] = defaultdict(list)
        for is_pinned in (True, False):
            wanted = "upstream" if is_pinned else "found_upstream"
            links = manager.filter(pinned=is_pinned).exclude(**{wanted: None}).values_list("pk", wanted)
            for pk, upstream in links.iterator():
                forks[upstream].append(pk)
        all_forks: set[int] = set()
        waiting = list(upstreams)
        while waiting:
            new = [fork for fork in forks.get(waiting.pop(), ()) if fork not in all_forks]
            all_forks.update(new)
            waiting += new
        return all_forks

    def _known_ids(self, keys: Iterable[str]) -> dict[str, int]:
        return dict(self.using(self.write_db).filter(key__in=list(keys)).values_list("key", "pk"))

    def _sightings(self) -> Any:
        return ForkSighting.objects.using(self.write_db)

    def _stored_sightings(self, sightings: Collection[Sighting]) -> set[Sighting]:
        """The sightings of these people in these repositories."""
        if not sightings:
            return set()
        repos = {repo for repo, _upstream, _user in sightings}
        users = {user for _repo, _upstream, user in sightings}
        stored = self._sightings().filter(repo__in=one_of(repos, self.write_db), user__in=users)
        return set(stored.values_list("repo", "upstream", "user"))


class RepoQuerySet(models.QuerySet["Repo"]):
    """Filters for repositories. They chain."""

    def named(self, paths: Collection[str]) -> Self:
        """Repositories with one of these paths, in any case."""
        return self.filter(key__in={fold_case(path) for path in paths})

    def paths_among(self, texts: Collection[str]) -> set[str]:
        """Return those of the texts that are the path of one of these repositories, in any case."""
        keys = set(self.named(texts).values_list("key", flat=True))
        return {text for text in texts if fold_case(text) in keys}

    def rooted_in(self, roots: Collection[int]) -> Self:
        """These roots and everything that rolls up to them."""
        return self.filter(Q(pk__in=roots) | Q(root__in=roots))

    def root_ids(self) -> set[int]:
        """The ids of the roots of these repositories."""
        return {root or pk for pk, root in self.values_list("pk", "root")}


class Repo(models.Model):
    """A repository, identified by its path; hosts do not matter."""

    path = models.CharField(_("path"), max_length=512, help_text=_("owner/name, as first seen"))
    # Case folding can turn one character into three.
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
