"""The write door: sessions in, one or many, with the repositories and fork links that they imply.

Manager mixins that reach their models through `self.model`. Everything one call writes is written in one transaction
a batch. Locks are always taken in the same order (fork links, then sessions by key), so that concurrent calls wait for
each other instead of deadlocking; a deadlock or SQLite lock that happens all the same is retried.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connections, models, router, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from .forks import effective_links, found_link, on_circles
from .remotes import fold
from .rows import SessionRow, clean_row

if TYPE_CHECKING:
    from .models import CodingSession, Repo

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
BATCH_SIZE = 500
RETRIES = 3
# Any two fixed numbers of our own: what PostgreSQL's advisory lock for fork links is known by.
_FORK_LOCK = (0x6F7267, 0x666F726B)
_VALUES = (
    "started_at",
    "ended_at",
    "title",
    "cost_usd",
    "cost_complete",
    "duration_ms",
    "assistant_ms",
    "user_ms",
)

Result = TypeVar("Result")
Outcome = str | ValidationError
Key = tuple[str, str, str]
Written = dict[Key, tuple["CodingSession", str]]


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


class SessionRecorder(WriteManager):
    """`record()` and `record_many()`."""

    def record(self, **values: Any) -> tuple[CodingSession, bool]:
        """Write one session as given and return it with whether it is new.

        Keywords: user, provider, external_id, started_at, and optionally ended_at, title, git_info, cost_usd,
        cost_complete, duration_ms, assistant_ms, user_ms, analyzed, models. A call states the whole row: what it does
        not give becomes unknown. Raises ValidationError by field name.

        `models`, a list of dicts (model, requests, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens,
        cost_usd; None = unpriced), replaces what is kept; not given, that stays. With it, cost_usd is the models' sum
        (given and different: refused), and a model without a cost makes the session incomplete.
        """
        row = clean_row(values)
        session, outcome = self._write([row])[row.key]
        return session, outcome == CREATED

    def record_many(
        self, rows: Iterable[Mapping[str, Any]], *, batch_size: int = BATCH_SIZE, skip_invalid: bool = False
    ) -> list[Outcome]:
        """Write many rows (dicts of `record()`'s keywords), a transaction a batch; one outcome a row, in order.

        Of equal keys the last wins and all report its outcome. An invalid row raises ValidationError naming its index
        and fields before its batch is written, or, with `skip_invalid`, is left out and its error is its outcome.
        """
        if batch_size < 1:
            raise ValueError("batch_size must be positive.")
        outcomes: list[Outcome] = []
        iterator = iter(rows)
        while batch := list(islice(iterator, batch_size)):
            cleaned = [self._clean(row, len(outcomes) + place, skip_invalid) for place, row in enumerate(batch)]
            written = self._write([row for row in cleaned if isinstance(row, SessionRow)])
            outcomes += [written[row.key][1] if isinstance(row, SessionRow) else row for row in cleaned]
        return outcomes

    def _clean(self, row: Mapping[str, Any], index: int, skip_invalid: bool) -> SessionRow | ValidationError:
        try:
            return clean_row(row)
        except ValidationError as error:
            if skip_invalid:
                return error
            raise InvalidRow(index, error) from error

    def _write(self, rows: Collection[SessionRow]) -> Written:
        last = {row.key: row for row in rows}
        ordered = [last[key] for key in sorted(last)]
        return retried(lambda: self._write_batch(ordered), self.write_db) if ordered else {}

    def _write_batch(self, rows: list[SessionRow]) -> Written:
        repos = self._repos(rows)
        existing = self._existing(rows)
        written: Written = {}
        for row in rows:
            session = existing.get(row.key)
            stated = self._stated(row, repos, session)
            if session is None:
                written[row.key] = stated, CREATED
            elif _differs(stated, session):
                written[row.key] = stated, UPDATED
            else:
                written[row.key] = session, UNCHANGED
        self._save(written)
        self._write_usage(rows, existing, written)
        return written

    def _save(self, written: Written) -> None:
        new = [session for session, outcome in written.values() if outcome == CREATED]
        changed = [session for session, outcome in written.values() if outcome == UPDATED]
        manager = self.using(self.write_db)
        manager.bulk_create(new)
        if changed:
            manager.bulk_create(
                changed,
                update_conflicts=True,
                unique_fields=["user", "provider", "external_id"],
                update_fields=[*_VALUES, "repo", "analyzed_at"],
            )

    def _write_usage(self, rows: list[SessionRow], existing: dict[Key, CodingSession], written: Written) -> None:
        """Replace the model usage of the rows that state another one than is kept; that, too, is an update."""
        stating = [row for row in rows if row.models is not None]
        if not stating:
            return
        usage = self.model._meta.get_field("model_usage").related_model._default_manager.db_manager(self.write_db)
        kept = usage.kept([existing[row.key].pk for row in stating if row.key in existing])
        changed = {}
        for row in stating:
            session, outcome = written[row.key]
            pk = existing.get(row.key, session).pk
            if row.models != kept.get(pk, ()):
                changed[pk] = row.models
                written[row.key] = session, UPDATED if outcome == UNCHANGED else outcome
        if changed:
            usage.replace(changed)

    def _repos(self, rows: list[SessionRow]) -> dict[str, int]:
        """The rows' repositories by folded path, after what the rows say of forks was kept."""
        manager = self.model._meta.get_field("repo").related_model._default_manager.db_manager(self.write_db)
        paths = [path for row in rows for path in (row.git_info.repo, row.git_info.upstream) if path]
        ids: dict[str, int] = manager.ids_by_key(paths) if paths else {}
        manager.sight(
            {
                (ids[fold(row.git_info.repo)], _id(ids, row.git_info.upstream), row.user.pk)
                for row in rows
                if row.git_info.repo
            }
        )
        return ids

    def _existing(self, rows: list[SessionRow]) -> dict[Key, CodingSession]:
        """The sessions of these keys, locked in the order in which every batch locks them."""
        sessions = (
            self.using(self.write_db)
            .select_for_update(no_key=True)
            .filter(user__in={row.user.pk for row in rows}, external_id__in={row.external_id for row in rows})
            .order_by("user_id", "provider", "external_id")  # "user" would go by the user model's own ordering
        )
        return {(str(session.user_id), session.provider, session.external_id): session for session in sessions}

    def _stated(self, row: SessionRow, repos: dict[str, int], session: CodingSession | None) -> CodingSession:
        analyzed_at = session.analyzed_at if session else None
        if row.analyzed and analyzed_at is None:
            analyzed_at = timezone.now()
        stated: CodingSession = self.model(
            user=row.user,
            provider=row.provider,
            external_id=row.external_id,
            repo_id=_id(repos, row.git_info.repo),
            analyzed_at=analyzed_at,
            **{name: getattr(row, name) for name in _VALUES},
        )
        return stated


class InvalidRow(ValidationError):
    """The row at `index` of a batch is invalid; `error_dict` names its fields."""

    def __init__(self, index: int, error: ValidationError) -> None:
        super().__init__(error.error_dict)
        self.index = index

    def __str__(self) -> str:
        return f"Row {self.index}: {super().__str__()}"


def retried(write: Callable[[], Result], using: str) -> Result:
    """`write()` in a transaction, again after a deadlock, a lock, or a row that another writer made first."""
    for attempt in range(RETRIES):
        try:
            with transaction.atomic(using=using):
                return write()
        except (OperationalError, IntegrityError):
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311
    with transaction.atomic(using=using):
        return write()


def _id(ids: Mapping[str, int], path: str | None) -> int | None:
    return None if path is None else ids[fold(path)]


def _differs(stated: CodingSession, kept: CodingSession) -> bool:
    return any(getattr(stated, name) != getattr(kept, name) for name in (*_VALUES, "repo_id", "analyzed_at"))
