"""Write API: `CodingSession.objects.record()` and `record_many()`.

They also create the repositories and fork links that the sessions name. Each batch is one transaction. Locks are always
taken in the same order (users, fork links, sessions by key), so that concurrent calls wait for each other; a deadlock
or a SQLite lock that happens nevertheless is retried. Sessions that do not change are not locked: a host that gives all
its sessions every night pays little for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from ..repo_paths import fold_case
from .errors import InvalidRowError, RefusedRowsError, UnknownUserError, UserDeletedError
from .lookups import has_key
from .managers import WriteDatabaseManager
from .new_repos import count_new_repos
from .owners import lock_users, missing_users
from .repos import BeforeCreating, Repo
from .retries import retried
from .row_parts import PARTS
from .validation import SessionRow, clean_rows

if TYPE_CHECKING:
    from .sessions import CodingSession

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
BATCH_SIZE = 500
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
_IS_ANALYZED = ExpressionWrapper(Q(analyzed_at__isnull=False), output_field=BooleanField())

Result = TypeVar("Result")
RowOutcome = str | ValidationError
Key = tuple[str, str, str]
Rows = Mapping[Key, SessionRow]
Written = dict[Key, tuple["CodingSession", str]]


class CodingSessionManager(WriteDatabaseManager):
    """Writes sessions."""

    def record(self, **values: Any) -> tuple[CodingSession, bool]:
        """Write one session as given and return it with whether it is new.

        Keywords: user or user_id, provider, external_id, started_at, and optionally ended_at, title, git_info,
        cost_usd, cost_complete, duration_ms, assistant_ms, user_ms, analyzed, models, recap. A call gives the whole
        row: a field that it leaves out becomes unknown. Raises ValidationError by field name.

        `models`, a list of dicts (model, requests, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens,
        cost_usd; a count of None is unknown, a cost of None unpriced), replaces the stored usage; without it, the
        stored usage stays. With it, cost_usd is the sum of the models (another value is refused), and a model without
        a cost makes the cost incomplete.

        `recap`, a dict (recap, computed_at, and optionally went_well, went_badly, suggestions_person,
        suggestions_environment, suggestions_context, model_used), replaces the stored recap; without it, that stays.
        """
        [row] = self._clean([values])
        if isinstance(row, ValidationError):
            raise row
        written = self._write([row], lambda rows: self._write_rows(rows, self._repos(rows.values())))
        session, outcome = written[row.key]
        if "user" in values:
            session.user = values["user"]  # known already: reading it again would cost a query
        return session, outcome == CREATED

    def record_many(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        batch_size: int = BATCH_SIZE,
        skip_invalid: bool = False,
        new_repos_per_day: int | None = None,
    ) -> list[RowOutcome]:
        """Write many rows (dicts of `record()`'s keywords), one transaction per batch; return one outcome per row.

        The last of equal keys wins, and all of them report its outcome. An invalid row raises InvalidRowError, which
        names its index and fields, before its batch is written. With `skip_invalid` the row is left out and its
        ValidationError is its outcome.

        `new_repos_per_day`: how many new repositories the rows of one person may create on a day (UTC), counted over
        all calls that have a limit. A row beyond it is invalid at `git_info`.
        """
        if batch_size < 1:
            raise ValueError("batch_size must be positive.")
        outcomes: list[RowOutcome] = []
        iterator = iter(rows)
        while batch := list(islice(iterator, batch_size)):
            outcomes += self._record_batch(batch, len(outcomes), skip_invalid, new_repos_per_day)
        return outcomes

    def _record_batch(
        self, batch: Collection[Mapping[str, Any]], first_index: int, skip_invalid: bool, new_repos_per_day: int | None
    ) -> list[RowOutcome]:
        cleaned = self._clean(batch)
        while True:
            if not skip_invalid:
                _raise_first_error(cleaned, first_index)
            valid = [row for row in cleaned if isinstance(row, SessionRow)]
            count_new = None
            if new_repos_per_day is not None:
                count_new = partial(count_new_repos, valid, new_repos_per_day, self.write_db)
            try:
                outcomes = self._write(valid, partial(self._write_batch, before_creating=count_new))
            except RefusedRowsError as error:
                cleaned = _refuse(cleaned, error)
            else:
                return [outcomes[row.key] if isinstance(row, SessionRow) else row for row in cleaned]

    def _clean(self, batch: Collection[Mapping[str, Any]]) -> list[SessionRow | ValidationError]:
        cleaned = clean_rows(batch)
        by_id = [row for row, fields in zip(cleaned, batch, strict=True) if "user_id" in fields]
        missing = missing_users({row.user_id for row in by_id if isinstance(row, SessionRow)}, self.write_db)
        return _refuse(cleaned, UnknownUserError(missing))

    def _write(self, rows: Collection[SessionRow], write: Callable[[Rows], dict[Key, Result]]) -> dict[Key, Result]:
        """Lock the users of a batch and write it. Raises UserDeletedError if a user was deleted meanwhile."""
        last = {row.key: row for row in rows}
        ordered = {key: last[key] for key in sorted(last)}
        users = {row.user_id for row in rows}

        def write_locked() -> dict[Key, Result]:
            lock_users(users, self.write_db)
            return write(ordered)

        try:
            return retried(write_locked, self.write_db) if ordered else {}
        except IntegrityError as error:
            if deleted := missing_users(users, self.write_db):
                raise UserDeletedError(deleted) from error
            raise

    def _write_batch(self, rows: Rows, before_creating: BeforeCreating | None) -> dict[Key, str]:
        repos = self._repos(rows.values(), before_creating)
        is_unchanged = self._compare(rows, repos)
        outcomes = {key: UNCHANGED for key, unchanged in is_unchanged.items() if unchanged}
        rest = {key: row for key, row in rows.items() if key not in outcomes}
        known = {key: row for key, row in rest.items() if key in is_unchanged}
        written = self._write_rows(rest, repos, known)
        return outcomes | {key: outcome for key, (_session, outcome) in written.items()}

    def _compare(self, rows: Rows, repos: Mapping[str, int]) -> dict[Key, bool]:
        """The keys of the rows whose sessions are stored, each with whether its row changes nothing."""
        columns = ("pk", "user_id", "provider", "external_id", "repo_id", *_VALUES, _IS_ANALYZED)
        is_unchanged: dict[Key, bool] = {}
        pks: dict[Key, int] = {}
        for pk, user_id, *rest in self._sessions(rows.values()).values_list(*columns):
            provider, external_id, *values, is_analyzed = rest
            key = str(user_id), provider, external_id
            row = rows[key]
            new_values = [_id(repos, row.git_info.repo), *_values_of(row)]
            is_unchanged[key] = new_values == values and (is_analyzed or not row.analyzed)
            pks[key] = pk
        for part in PARTS:
            given = part.given(rows, [key for key, unchanged in is_unchanged.items() if unchanged])
            changed = part.changed({pks[key]: value for key, value in given.items()}, self.write_db)
            is_unchanged.update((key, False) for key in given if pks[key] in changed)
        return is_unchanged

    def _write_rows(self, rows: Rows, repos: Mapping[str, int], known: Rows | None = None) -> Written:
        """Write the rows and lock those of their sessions that are stored: the `known` ones, or all that there are."""
        stored = self._lock(rows.values() if known is None else known.values())
        written: Written = {}
        for key, row in rows.items():
            session = stored.get(key)
            built = self._build_session(row, repos, session)
            if session is None:
                written[key] = built, CREATED
            elif _has_changed(built, session):
                written[key] = built, UPDATED
            else:
                written[key] = session, UNCHANGED
        self._save(written)
        self._write_parts(rows, stored, written)
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

    def _write_parts(self, rows: Rows, stored: Mapping[Key, CodingSession], written: Written) -> None:
        """Replace the model usage and recaps of rows that state different ones. Such a row counts as updated."""
        pks = {key: stored.get(key, session).pk for key, (session, _outcome) in written.items()}
        for part in PARTS:
            given = part.given(rows, rows)
            changed = part.changed({pks[key]: value for key, value in given.items()}, self.write_db)
            part.replace(changed, self.write_db)
            for key in given:
                session, outcome = written[key]
                if outcome == UNCHANGED and pks[key] in changed:
                    written[key] = session, UPDATED

    def _repos(self, rows: Collection[SessionRow], before_creating: BeforeCreating | None = None) -> dict[str, int]:
        """The ids of the rows' repositories by folded path. Also records what the rows say about forks."""
        manager = Repo.objects.db_manager(self.write_db)
        paths = [path for row in rows for path in (row.git_info.repo, row.git_info.upstream) if path]
        ids: dict[str, int] = manager.ids_by_key(paths, before_creating) if paths else {}
        manager.record_sightings(
            {
                (ids[fold_case(row.git_info.repo)], _id(ids, row.git_info.upstream), row.user_id)
                for row in rows
                if row.git_info.repo
            }
        )
        return ids

    def _lock(self, rows: Collection[SessionRow]) -> dict[Key, CodingSession]:
        """The stored sessions of these keys, locked in the order in which every batch locks them."""
        if not rows:
            return {}
        sessions = (
            self._sessions(rows)
            .select_for_update(no_key=True)
            .order_by("user_id", "provider", "external_id")  # "user" would use the user model's own ordering
        )
        return {(str(session.user_id), session.provider, session.external_id): session for session in sessions}

    def _sessions(self, rows: Collection[SessionRow]) -> QuerySet[CodingSession]:
        """The stored sessions of these rows."""
        keys = [(row.user_id, row.provider, row.external_id) for row in rows]
        return self.using(self.write_db).filter(has_key(self.model, keys, self.write_db))

    def _build_session(self, row: SessionRow, repos: Mapping[str, int], stored: CodingSession | None) -> CodingSession:
        analyzed_at = stored.analyzed_at if stored else None
        if row.analyzed and analyzed_at is None:
            analyzed_at = timezone.now()
        session: CodingSession = self.model(
            user_id=row.user_id,
            provider=row.provider,
            external_id=row.external_id,
            repo_id=_id(repos, row.git_info.repo),
            analyzed_at=analyzed_at,
            **dict(zip(_VALUES, _values_of(row), strict=True)),
        )
        return session


def _id(ids: Mapping[str, int], path: str | None) -> int | None:
    return None if path is None else ids[fold_case(path)]


def _has_changed(built: CodingSession, stored: CodingSession) -> bool:
    return any(getattr(built, name) != getattr(stored, name) for name in (*_VALUES, "repo_id", "analyzed_at"))


def _refuse(rows: list[SessionRow | ValidationError], error: RefusedRowsError) -> list[SessionRow | ValidationError]:
    """Put the error in the place of each row that it is about."""
    return [error if isinstance(row, SessionRow) and error.refuses(row) else row for row in rows]


def _raise_first_error(rows: list[SessionRow | ValidationError], first_index: int) -> None:
    for index, row in enumerate(rows, start=first_index):
        if isinstance(row, ValidationError):
            raise InvalidRowError(index, row) from row
