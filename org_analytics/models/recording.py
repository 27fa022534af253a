"""Write API: `CodingSession.objects.record()` and `record_many()`.

They also create the repositories and fork links that the sessions name. Each batch is one transaction. Locks are always
taken in the same order (fork links, then sessions by key), so that concurrent calls wait for each other; a deadlock or
a SQLite lock that happens nevertheless is retried.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..repo_paths import fold_case
from .managers import WriteDatabaseManager
from .owners import missing_users
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

_values_of = attrgetter(*_VALUES)

Result = TypeVar("Result")
RowOutcome = str | ValidationError
Key = tuple[str, str, str]
Rows = Mapping[Key, SessionRow]
Written = dict[Key, tuple["CodingSession | StoredSession", str]]


class StoredSession(NamedTuple):
    """A session as it was read before its batch is written. A model instance would cost ten times as much."""

    pk: int
    analyzed_at: datetime | None
    values: tuple[Any, ...]  # repository and `_VALUES`: what a row is compared with
    columns: tuple[Any, ...]  # in the order of the model's fields


class CodingSessionManager(WriteDatabaseManager):
    """Writes sessions."""

    def record(self, **values: Any) -> tuple[CodingSession, bool]:
        """Write one session as given and return it with whether it is new.

        Keywords: user or user_id, provider, external_id, started_at, and optionally ended_at, title, git_info,
        cost_usd, cost_complete, duration_ms, assistant_ms, user_ms, analyzed, models. A call gives the whole row: a
        field that it leaves out becomes unknown. Raises ValidationError by field name.

        `models`, a list of dicts (model, requests, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens,
        cost_usd; None = unpriced), replaces the stored usage; without it, the stored usage stays. With it, cost_usd is
        the sum of the models (another value is refused), and a model without a cost makes the cost incomplete.
        """
        [row] = self._clean([values], skip_invalid=True)
        if isinstance(row, ValidationError):
            raise row
        session, outcome = self._write([row])[row.key]
        if isinstance(session, StoredSession):
            session = self.model.from_db(self.write_db, self._columns, session.columns)
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
            cleaned = self._clean(batch, len(outcomes), skip_invalid)
            written = self._write([row for row in cleaned if isinstance(row, SessionRow)])
            outcomes += [written[row.key][1] if isinstance(row, SessionRow) else row for row in cleaned]
        return outcomes

    def _clean(
        self, batch: Collection[Mapping[str, Any]], first_index: int = 0, skip_invalid: bool = False
    ) -> list[SessionRow | ValidationError]:
        cleaned = [_row_or_error(given) for given in batch]
        by_id = {
            row.user_id
            for row, given in zip(cleaned, batch, strict=True)
            if isinstance(row, SessionRow) and "user_id" in given
        }
        if missing := missing_users(by_id, self.write_db):
            cleaned = [_refused(row, missing) for row in cleaned]
        for index, row in enumerate(cleaned, start=first_index):
            if isinstance(row, ValidationError) and not skip_invalid:
                raise InvalidRowError(index, row) from row
        return cleaned

    def _write(self, rows: Collection[SessionRow]) -> Written:
        last = {row.key: row for row in rows}
        ordered = {key: last[key] for key in sorted(last)}
        return retried(lambda: self._write_batch(ordered), self.write_db) if ordered else {}

    def _write_batch(self, rows: Rows) -> Written:
        repos = self._repos(rows.values())
        stored = self._stored(rows.values())
        written: Written = {}
        for key, row in rows.items():
            session, repo_id = stored.get(key), _id(repos, row.git_info.repo)
            if session is None:
                written[key] = self._build_session(row, repo_id, None), CREATED
            elif _has_changed(row, repo_id, session):
                written[key] = self._build_session(row, repo_id, session.analyzed_at), UPDATED
            else:
                written[key] = session, UNCHANGED
        self._save(written)
        self._write_usage(rows, stored, written)
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

    def _write_usage(self, rows: Rows, stored: Mapping[Key, StoredSession], written: Written) -> None:
        """Replace the model usage of the rows that give another one; that is an update, too."""
        given = {key: row.models for key, row in rows.items() if row.models is not None}
        if not given:
            return
        usage = ModelUsage.objects.db_manager(self.write_db)
        usage_by_session = usage.for_sessions([stored[key].pk for key in given if key in stored])
        changed: dict[int, tuple[UsageRow, ...]] = {}
        for key, models in given.items():
            session, outcome = written[key]
            pk = stored[key].pk if key in stored else session.pk
            if models != usage_by_session.get(pk, ()):
                changed[pk] = models
                written[key] = session, UPDATED if outcome == UNCHANGED else outcome
        if changed:
            usage.replace(changed)

    def _repos(self, rows: Collection[SessionRow]) -> dict[str, int]:
        """The ids of the rows' repositories by folded path. Also records what the rows say about forks."""
        manager = Repo.objects.db_manager(self.write_db)
        paths = [path for row in rows for path in (row.git_info.repo, row.git_info.upstream) if path]
        ids: dict[str, int] = manager.ids_by_key(paths) if paths else {}
        manager.record_sightings(
            {
                (ids[fold_case(row.git_info.repo)], _id(ids, row.git_info.upstream), row.user_id)
                for row in rows
                if row.git_info.repo
            }
        )
        return ids

    def _stored(self, rows: Collection[SessionRow]) -> dict[Key, StoredSession]:
        """The stored sessions of these keys, locked in the order in which every batch locks them."""
        sessions = (
            self.using(self.write_db)
            .select_for_update(no_key=True)
            .filter(user__in={row.user_id for row in rows}, external_id__in={row.external_id for row in rows})
            .order_by("user_id", "provider", "external_id")  # "user" would use the user model's own ordering
        )
        columns = self._columns
        key_of = itemgetter(*map(columns.index, ("user_id", "provider", "external_id")))
        values_of = itemgetter(*map(columns.index, ("repo_id", *_VALUES)))
        pk, analyzed_at = columns.index("id"), columns.index("analyzed_at")
        stored = {}
        for row in sessions.values_list(*columns):
            user_id, provider, external_id = key_of(row)
            stored[str(user_id), provider, external_id] = StoredSession(row[pk], row[analyzed_at], values_of(row), row)
        return stored

    @property
    def _columns(self) -> list[str]:
        """The names of the sessions' columns, in the order in which `Model.from_db()` expects their values."""
        return [field.attname for field in self.model._meta.concrete_fields]

    def _build_session(self, row: SessionRow, repo_id: int | None, analyzed_at: datetime | None) -> CodingSession:
        if row.analyzed and analyzed_at is None:
            analyzed_at = timezone.now()
        session: CodingSession = self.model(
            user_id=row.user_id,
            provider=row.provider,
            external_id=row.external_id,
            repo_id=repo_id,
            analyzed_at=analyzed_at,
            **dict(zip(_VALUES, _values_of(row), strict=True)),
        )
        return session


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


def _id(ids: Mapping[str, int], path: str | None) -> int | None:
    return None if path is None else ids[fold_case(path)]


def _has_changed(row: SessionRow, repo_id: int | None, stored: StoredSession) -> bool:
    becomes_analyzed = row.analyzed and stored.analyzed_at is None
    return becomes_analyzed or (repo_id, *_values_of(row)) != stored.values


def _row_or_error(row: Mapping[str, Any]) -> SessionRow | ValidationError:
    try:
        return clean_row(row)
    except ValidationError as error:
        return error


def _refused(row: SessionRow | ValidationError, missing: set[Any]) -> SessionRow | ValidationError:
    if isinstance(row, SessionRow) and row.user_id in missing:
        return ValidationError({"user_id": [_("No user has this primary key.")]})
    return row
