"""Write API: `CodingSession.objects.record()` and `record_many()`.

They also create the repositories and fork links that the sessions name. Each batch is one transaction. Locks are always
taken in the same order (users, fork links, sessions by key), so that concurrent calls wait for each other; a deadlock
or a SQLite lock that happens nevertheless is retried.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..repo_paths import fold_case
from .managers import WriteDatabaseManager
from .repos import Repo
from .usage import ModelUsage
from .validation import SessionRow, UsageRow, clean_row

if TYPE_CHECKING:
    from .sessions import CodingSession

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
BATCH_SIZE = 500
RETRIES = 3
# Retries after another writer created the same row. Each means that the other writer succeeded, so they end; the
# limit is for a caller's transaction that cannot see the other's rows.
RACES = 30
_POSTGRES_UNIQUE = "23505"
# An arbitrary number: the class of the PostgreSQL advisory locks on users.
_USER_LOCK = 0x6F726775
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
RowOutcome = str | ValidationError
Key = tuple[str, str, str]
Written = dict[Key, tuple["CodingSession", str]]


class CodingSessionManager(WriteDatabaseManager):
    """Writes sessions."""

    def record(self, **values: Any) -> tuple[CodingSession, bool]:
        """Write one session as given and return it with whether it is new.

        Keywords: user, provider, external_id, started_at, and optionally ended_at, title, git_info, cost_usd,
        cost_complete, duration_ms, assistant_ms, user_ms, analyzed, models. A call gives the whole row: a field
        that it leaves out becomes unknown. Raises ValidationError by field name.

        `models`, a list of dicts (model, requests, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens,
        cost_usd; None = unpriced), replaces the stored usage; without it, the stored usage stays. With it, cost_usd is
        the sum of the models (another value is refused), and a model without a cost makes the cost incomplete.
        """
        row = clean_row(values)
        session, outcome = self._write([row])[row.key]
        return session, outcome == CREATED

    def record_many(
        self, rows: Iterable[Mapping[str, Any]], *, batch_size: int = BATCH_SIZE, skip_invalid: bool = False
    ) -> list[RowOutcome]:
        """Write many rows (dicts of `record()`'s keywords), one transaction per batch; return one outcome per row.

        The last of equal keys wins, and all of them report its outcome. An invalid row raises InvalidRowError, which
        names its index and fields, before its batch is written. With `skip_invalid` the row is left out and its
        ValidationError is its outcome.
        """
        if batch_size < 1:
            raise ValueError("batch_size must be positive.")
        outcomes: list[RowOutcome] = []
        iterator = iter(rows)
        while batch := list(islice(iterator, batch_size)):
            cleaned = [self._clean(row, len(outcomes) + place, skip_invalid) for place, row in enumerate(batch)]
            outcomes += self._batch_outcomes(cleaned, len(outcomes), skip_invalid)
        return outcomes

    def _batch_outcomes(
        self, cleaned: list[SessionRow | ValidationError], start: int, skip_invalid: bool
    ) -> list[RowOutcome]:
        try:
            written = self._write([row for row in cleaned if isinstance(row, SessionRow)])
        except UserDeletedError as error:
            for place, row in enumerate(cleaned):
                if isinstance(row, SessionRow) and row.user.pk in error.user_ids:
                    if not skip_invalid:
                        raise InvalidRowError(start + place, error) from error
                    cleaned[place] = error
            return self._batch_outcomes(cleaned, start, skip_invalid)
        return [written[row.key][1] if isinstance(row, SessionRow) else row for row in cleaned]

    def _clean(self, row: Mapping[str, Any], index: int, skip_invalid: bool) -> SessionRow | ValidationError:
        try:
            return clean_row(row)
        except ValidationError as error:
            if skip_invalid:
                return error
            raise InvalidRowError(index, error) from error

    def _write(self, rows: Collection[SessionRow]) -> Written:
        """Write one batch. Raises UserDeletedError if a user was deleted meanwhile."""
        last = {row.key: row for row in rows}
        ordered = [last[key] for key in sorted(last)]
        if not ordered:
            return {}
        try:
            return retried(lambda: self._write_batch(ordered), self.write_db)
        except IntegrityError as error:
            deleted = self._deleted_users(ordered)
            if deleted:
                raise UserDeletedError(deleted) from error
            raise

    def _write_batch(self, rows: list[SessionRow]) -> Written:
        self._lock_users(rows)
        repos = self._repos(rows)
        existing = self._existing(rows)
        written: Written = {}
        for row in rows:
            session = existing.get(row.key)
            built = self._build_session(row, repos, session)
            if session is None:
                written[row.key] = built, CREATED
            elif _has_changed(built, session):
                written[row.key] = built, UPDATED
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
        """Replace the model usage of the rows that give another one; that is an update, too."""
        with_models = [row for row in rows if row.models is not None]
        if not with_models:
            return
        usage = ModelUsage.objects.db_manager(self.write_db)
        stored = usage.for_sessions([existing[row.key].pk for row in with_models if row.key in existing])
        changed: dict[int, tuple[UsageRow, ...]] = {}
        for row in with_models:
            session, outcome = written[row.key]
            pk = existing.get(row.key, session).pk
            if row.models is not None and row.models != stored.get(pk, ()):
                changed[pk] = row.models
                written[row.key] = session, UPDATED if outcome == UNCHANGED else outcome
        if changed:
            usage.replace(changed)

    def _repos(self, rows: list[SessionRow]) -> dict[str, int]:
        """The ids of the rows' repositories by folded path. Also records what the rows say about forks."""
        manager = Repo.objects.db_manager(self.write_db)
        paths = [path for row in rows for path in (row.git_info.repo, row.git_info.upstream) if path]
        ids: dict[str, int] = manager.ids_by_key(paths) if paths else {}
        manager.record_sightings(
            {
                (ids[fold_case(row.git_info.repo)], _id(ids, row.git_info.upstream), row.user.pk)
                for row in rows
                if row.git_info.repo
            }
        )
        return ids

    def _lock_users(self, rows: list[SessionRow]) -> None:
        """Let the writers of one user wait for each other until the transaction ends; SQLite has one writer anyway.

        New and changed rows are two statements, and each fires a trigger that locks the user's days in the roll-up.
        Two writers between their statements would wait for each other's days: a deadlock.
        """
        connection = connections[self.write_db]
        if connection.vendor == "postgresql":
            keys = sorted({_lock_key(row.user.pk) for row in rows})
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key", [_USER_LOCK, keys]
                )

    def _deleted_users(self, rows: list[SessionRow]) -> set[Any]:
        users = {row.user.pk for row in rows}
        model = get_user_model()._default_manager.using(self.write_db)
        return users - set(model.filter(pk__in=users).values_list("pk", flat=True))

    def _existing(self, rows: list[SessionRow]) -> dict[Key, CodingSession]:
        """The stored sessions of these keys, locked in the order in which every batch locks them."""
        sessions = (
            self.using(self.write_db)
            .select_for_update(no_key=True)
            .filter(user__in={row.user.pk for row in rows}, external_id__in={row.external_id for row in rows})
            .order_by("user_id", "provider", "external_id")  # "user" would use the user model's own ordering
        )
        return {(str(session.user_id), session.provider, session.external_id): session for session in sessions}

    def _build_session(self, row: SessionRow, repos: dict[str, int], session: CodingSession | None) -> CodingSession:
        analyzed_at = session.analyzed_at if session else None
        if row.analyzed and analyzed_at is None:
            analyzed_at = timezone.now()
        built: CodingSession = self.model(
            user=row.user,
            provider=row.provider,
            external_id=row.external_id,
            repo_id=_id(repos, row.git_info.repo),
            analyzed_at=analyzed_at,
            **{name: getattr(row, name) for name in _VALUES},
        )
        return built


class UserDeletedError(ValidationError):
    """Somebody deleted these users while their sessions were written."""

    def __init__(self, user_ids: set[Any]) -> None:
        super().__init__({"user": [_("The user was deleted.")]})
        self.user_ids = user_ids


class InvalidRowError(ValidationError):
    """The row at `index` of a batch is invalid; `error_dict` names its fields."""

    def __init__(self, index: int, error: ValidationError) -> None:
        super().__init__(error.error_dict)
        self.index = index

    def __str__(self) -> str:
        return f"Row {self.index}: {super().__str__()}"


def retried(write: Callable[[], Result], using: str) -> Result:
    """Run `write()` in a transaction. Retry after a deadlock, a lock, or when another writer created its rows first."""
    failures = races = 0
    while True:
        try:
            with transaction.atomic(using=using):
                return write()
        except (OperationalError, IntegrityError) as error:
            if getattr(error.__cause__, "sqlstate", None) == _POSTGRES_UNIQUE and races < RACES:
                races += 1
                continue
            failures += 1
            if failures > RETRIES:
                raise
            time.sleep(random.uniform(0.01, 0.05) * failures)  # noqa: S311


def _lock_key(user_id: Any) -> int:
    """A signed 32-bit integer for a user's key of any type. Users who share one only wait for each other."""
    return zlib.crc32(str(user_id).encode()) - 2**31


def _id(ids: Mapping[str, int], path: str | None) -> int | None:
    return None if path is None else ids[fold_case(path)]


def _has_changed(built: CodingSession, stored: CodingSession) -> bool:
    return any(getattr(built, name) != getattr(stored, name) for name in (*_VALUES, "repo_id", "analyzed_at"))
