"""The write door: sessions in, one or many, with the repositories and fork links that they imply.

Manager mixins that reach their models through `self.model`. Everything one call writes is written in one transaction
a batch. Locks are always taken in the same order (fork links, then sessions by key), so that concurrent calls wait for
each other instead of deadlocking; a deadlock or SQLite lock that happens all the same is retried.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

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
# Each time another writer got on, so that it ends; but not in a caller's transaction that does not see their rows.
RACES = 30
_POSTGRES_UNIQUE = "23505"
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
    ) -> list[RowOutcome]:
        """Write many rows (dicts of `record()`'s keywords), a transaction a batch; one outcome a row, in order.

        Of equal keys the last wins and all report its outcome. An invalid row raises ValidationError naming its index
        and fields before its batch is written, or, with `skip_invalid`, is left out and its error is its outcome.
        """
        if batch_size < 1:
            raise ValueError("batch_size must be positive.")
        outcomes: list[RowOutcome] = []
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
            raise InvalidRowError(index, error) from error

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
            stated = self._build_session(row, repos, session)
            if session is None:
                written[row.key] = stated, CREATED
            elif _has_changed(stated, session):
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
        usage = ModelUsage.objects.db_manager(self.write_db)
        kept = usage.for_sessions([existing[row.key].pk for row in stating if row.key in existing])
        changed: dict[int, tuple[UsageRow, ...]] = {}
        for row in stating:
            session, outcome = written[row.key]
            pk = existing.get(row.key, session).pk
            if row.models is not None and row.models != kept.get(pk, ()):
                changed[pk] = row.models
                written[row.key] = session, UPDATED if outcome == UNCHANGED else outcome
        if changed:
            usage.replace(changed)

    def _repos(self, rows: list[SessionRow]) -> dict[str, int]:
        """The rows' repositories by folded path, after what the rows say of forks was kept."""
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

    def _existing(self, rows: list[SessionRow]) -> dict[Key, CodingSession]:
        """The sessions of these keys, locked in the order in which every batch locks them."""
        sessions = (
            self.using(self.write_db)
            .select_for_update(no_key=True)
            .filter(user__in={row.user.pk for row in rows}, external_id__in={row.external_id for row in rows})
            .order_by("user_id", "provider", "external_id")  # "user" would go by the user model's own ordering
        )
        return {(str(session.user_id), session.provider, session.external_id): session for session in sessions}

    def _build_session(self, row: SessionRow, repos: dict[str, int], session: CodingSession | None) -> CodingSession:
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


class InvalidRowError(ValidationError):
    """The row at `index` of a batch is invalid; `error_dict` names its fields."""

    def __init__(self, index: int, error: ValidationError) -> None:
        super().__init__(error.error_dict)
        self.index = index

    def __str__(self) -> str:
        return f"Row {self.index}: {super().__str__()}"


def retried(write: Callable[[], Result], using: str) -> Result:
    """`write()` in a transaction, again after a deadlock or a lock, or where other writers made its rows first."""
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


def _id(ids: Mapping[str, int], path: str | None) -> int | None:
    return None if path is None else ids[fold_case(path)]


def _has_changed(stated: CodingSession, kept: CodingSession) -> bool:
    return any(getattr(stated, name) != getattr(kept, name) for name in (*_VALUES, "repo_id", "analyzed_at"))
