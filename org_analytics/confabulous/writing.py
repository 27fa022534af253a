"""Write the sessions read there through the write API, and leave alone what others wrote."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ..models import CodingSession, ConfabulousSession, ModelUsage
from ..models.owners import lock_users
from .errors import UsersChangedError
from .mapping import Key, MappedSession, digest_of, map_session, provider_of
from .reading import SourceSession
from .report import (
    BAD_FIELD,
    KEPT,
    LEFT_OUT,
    LOST_TO_TWIN,
    OTHERS_WROTE_FIRST,
    OTHERS_WROTE_SINCE,
    REFUSED,
    UNCHANGED,
    UNKNOWN_TYPE,
    BridgeReport,
    Settings,
)
from .users import Users

BATCH_SIZE = 500
_LONGEST_TYPE = 50
# The repository is left out: an administrator may give a repository another path or upstream.
_COMPARED = ("started_at", "ended_at", "title", "cost_usd", "cost_complete", "duration_ms", "assistant_ms", "user_ms")


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session of ours, a digest of it, and the record that says that the bridge wrote it, if it did."""

    session: CodingSession
    digest: str
    link: ConfabulousSession | None


class Writer:
    """One run: rows go in, the report says what became of them.

    Each batch is one transaction that holds the locks of its users, so that between reading a session of ours and
    writing it nobody else writes it.
    """

    def __init__(self, settings: Settings, users: Users, report: BridgeReport, now: datetime) -> None:
        self._settings = settings
        self._users = users
        self._report = report
        self._now = now
        self._using = CodingSession.objects.write_db
        self._before = set(self._links().values_list("pk", flat=True))
        self._seen: set[int] = set()

    def write(self, groups: Iterable[list[SourceSession]]) -> Iterator[int]:
        """Write all groups; yield the number of rows of each batch when it is done. Raises UsersChangedError."""
        for batch in _batches(groups):
            try:
                with transaction.atomic(using=self._using):
                    self._write_batch(batch)
                    transaction.set_rollback(self._settings.dry_run, using=self._using)
            except IntegrityError:
                raise UsersChangedError("A user was deleted during the import. Run it again.") from None
            self._users.end_batch(is_kept=not self._settings.dry_run)
            yield len(batch)

    def gone(self) -> tuple[set[int], int]:
        """The links to sessions that are no longer there, and the number of links before this run."""
        return self._before - self._seen, len(self._before)

    def prune(self, gone: Collection[int]) -> None:
        """Remove the sessions of these links; one that others wrote since is only given up."""
        ordered = sorted(gone)
        for start in range(0, len(ordered), BATCH_SIZE):
            with transaction.atomic(using=self._using):
                self._prune_batch(ordered[start : start + BATCH_SIZE])
                transaction.set_rollback(self._settings.dry_run, using=self._using)

    def _write_batch(self, batch: list[SourceSession]) -> None:
        chosen = self._chosen(batch)
        lock_users({mapped.user.pk for mapped in chosen.values()}, self._using)
        stored = self._stored(chosen)
        due = [mapped for key, mapped in chosen.items() if self._is_due(mapped, stored.get(key))]
        written = self._record(due)
        if written:
            self._forget_usage(written, stored)
            self._link(written)
        links = {found.link.pk for found in stored.values() if found.link is not None}
        self._links().filter(pk__in=links).update(seen_at=self._now)

    def _chosen(self, batch: list[SourceSession]) -> dict[Key, MappedSession]:
        """The rows that are sessions of ours, one for each key."""
        chosen: dict[Key, MappedSession] = {}
        left: set[UUID] = set()
        for row in batch:
            user, reason = self._users.of(row)
            if provider_of(row.session_type) is None:
                user, reason = None, UNKNOWN_TYPE.format(row.session_type[:_LONGEST_TYPE])
            if user is None:
                self._report.add(row.user_id, LEFT_OUT, reason)
                left.add(row.id)
                continue
            mapped = map_session(
                row, user, with_titles=self._settings.with_titles, started_at=self._settings.started_at
            )
            self._report.note(row.user_id, mapped.notes)
            chosen[mapped.key] = self._winner(chosen.get(mapped.key), mapped)
        # They are there all the same, so their sessions of earlier runs are not pruned.
        self._seen |= set(self._links().filter(source_id__in=left).values_list("pk", flat=True))
        return chosen

    def _winner(self, one: MappedSession | None, other: MappedSession) -> MappedSession:
        """The one of two rows for the same session of ours: an analyzed one, else the one that changed later."""
        if one is None:
            return other
        winner, loser = sorted((one, other), key=lambda mapped: mapped.precedence, reverse=True)
        self._report.twins.append((winner.row.id, loser.row.id))
        self._report.add(loser.row.user_id, LEFT_OUT, LOST_TO_TWIN)
        return winner

    def _is_due(self, mapped: MappedSession, stored: StoredSession | None) -> bool:
        """Whether the session is to be written: it is new, or the bridge's and no longer as it is there."""
        if stored is None:
            return True
        link, user = stored.link, mapped.row.user_id
        if link is None or link.source != self._settings.source:
            self._report.add(user, KEPT, OTHERS_WROTE_FIRST)
            return False
        self._seen.add(link.pk)
        if link.written != stored.digest:
            self._report.add(user, KEPT, OTHERS_WROTE_SINCE)
            self._links().filter(pk=link.pk).delete()
            return False
        if (link.digest, link.source_id) == (mapped.digest, mapped.row.id):
            self._report.add(user, UNCHANGED)
            return False
        return True

    def _record(self, due: list[MappedSession]) -> list[MappedSession]:
        """Write these; return those that were not refused."""
        rows = ({**mapped.values, "user": mapped.user} for mapped in due)
        outcomes = CodingSession.objects.record_many(rows, batch_size=len(due) or 1, skip_invalid=True)
        written = []
        for mapped, outcome in zip(due, outcomes, strict=True):
            if isinstance(outcome, ValidationError):
                self._report.add(mapped.row.user_id, REFUSED, BAD_FIELD.format(", ".join(sorted(outcome.error_dict))))
            else:
                self._report.add(mapped.row.user_id, outcome)
                written.append(mapped)
        return written

    def _forget_usage(self, written: list[MappedSession], stored: dict[Key, StoredSession]) -> None:
        """Remove the models of sessions whose tokens card is gone: the write API keeps what a row does not give."""
        without = [mapped.key for mapped in written if mapped.values["models"] is None]
        sessions = [stored[key].session.pk for key in without if key in stored]
        if sessions:
            ModelUsage.objects.using(self._using).filter(session__in=sessions).delete()

    def _link(self, written: list[MappedSession]) -> None:
        """Remember what was written, as it is now stored."""
        stored = self._stored({mapped.key: mapped for mapped in written})
        ConfabulousSession.objects.using(self._using).bulk_create(
            [
                ConfabulousSession(
                    session=stored[mapped.key].session,
                    source=self._settings.source,
                    source_id=mapped.row.id,
                    digest=mapped.digest,
                    written=stored[mapped.key].digest,
                    seen_at=self._now,
                )
                for mapped in written
            ],
            update_conflicts=True,
            unique_fields=["session"],
            update_fields=["source_id", "digest", "written", "seen_at"],
        )

    def _stored(self, keys: Collection[Key]) -> dict[Key, StoredSession]:
        """Our sessions with these keys."""
        found = self._sessions().filter(
            user__in={user for user, *_ in keys}, external_id__in={external_id for *_, external_id in keys}
        )
        return {key: one for one in self._with_links(list(found)) if (key := _key(one.session)) in keys}

    def _with_links(self, sessions: Collection[CodingSession]) -> Iterator[StoredSession]:
        pks = [session.pk for session in sessions]
        usage = ModelUsage.objects.db_manager(self._using).for_sessions(pks)
        every_link = ConfabulousSession.objects.using(self._using).filter(session__in=pks)
        links = {link.session_id: link for link in every_link}
        for session in sessions:
            values = [getattr(session, name) for name in _COMPARED]
            digest = digest_of([*values, session.analyzed_at is not None, [repr(row) for row in usage[session.pk]]])
            yield StoredSession(session, digest, links.get(session.pk))

    def _prune_batch(self, pks: list[int]) -> None:
        links = self._links().filter(pk__in=pks)
        lock_users(set(links.values_list("session__user", flat=True)), self._using)
        sessions = list(self._sessions().filter(pk__in=links.values("session")))
        found = [one for one in self._with_links(sessions) if one.link is not None]
        ours = [one.session.pk for one in found if one.link is not None and one.link.written == one.digest]
        self._sessions().filter(pk__in=ours).delete()
        self._links().filter(pk__in=pks).delete()
        self._report.pruned += len(ours)
        self._report.given_up += len(found) - len(ours)

    def _links(self) -> QuerySet[ConfabulousSession]:
        return ConfabulousSession.objects.using(self._using).filter(source=self._settings.source)

    def _sessions(self) -> QuerySet[CodingSession]:
        sessions: QuerySet[CodingSession] = CodingSession.objects.using(self._using)
        return sessions


def _key(session: CodingSession) -> Key:
    return session.user_id, session.provider, session.external_id


def _batches(groups: Iterable[list[SourceSession]]) -> Iterator[list[SourceSession]]:
    """Batches of at least `BATCH_SIZE` rows: a group is not cut."""
    batch: list[SourceSession] = []
    for group in groups:
        batch += group
        if len(batch) >= BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch
