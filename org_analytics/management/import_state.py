"""The state of imports in the database: a person's each, as `ingest.state.State` describes it."""

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

from ..ingest.footprints import keys_of
from ..ingest.state import KeptSession, Receipt, SourceFile
from ..models import CodingSession, ImportedLine, ImportedSession

_CHUNK = 10_000  # keys in one question


class DatabaseState:
    """One person's state, where sessions are written. What is saved again is added to `saved`, for whoever waits."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._using = CodingSession.objects.write_db
        self.saved: set[tuple[str, str]] = set()

    def session(self, provider: str, external_id: str) -> KeptSession | None:
        row = self._session(provider, external_id).values_list("files", "mark").first()
        return KeptSession(_files(row[0]), row[1]) if row else None

    def lines(self, provider: str, external_id: str) -> bytes:
        row = self._session(provider, external_id).values_list("lines", flat=True).first()
        return bytes(row) if row else b""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        found: set[str] = set()
        held = ImportedLine.objects.using(self._using).filter(session__user=self._user, session__provider=provider)
        for some in self._chunks(keys):
            found.update(held.filter(key__in=some).values_list("session__external_id", flat=True).distinct())
        return found

    def pending(self, provider: str) -> set[str]:
        return set(self._sessions().filter(provider=provider, mark="").values_list("external_id", flat=True))

    def save(self, provider: str, external_id: str, files: tuple[SourceFile, ...], lines: bytes) -> None:
        self.saved.add((provider, external_id))
        before, after = keys_of(self.lines(provider, external_id)), keys_of(lines)
        with transaction.atomic(using=self._using):
            session, _created = ImportedSession.objects.using(self._using).update_or_create(
                user=self._user,
                provider=provider,
                external_id=external_id,
                defaults={"files": json.dumps(files), "mark": "", "lines": lines},
            )
            held = ImportedLine.objects.using(self._using)
            for some in self._chunks(before - after):
                held.filter(session=session, key__in=some).delete()
            held.bulk_create(
                (ImportedLine(session=session, key=key) for key in sorted(after - before)), ignore_conflicts=True
            )

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        with transaction.atomic(using=self._using):
            for done in receipts:
                self._session(done.provider, done.external_id).filter(files=json.dumps(done.files)).update(
                    mark=done.mark
                )

    def _sessions(self) -> QuerySet[ImportedSession]:
        return ImportedSession.objects.using(self._using).filter(user=self._user)

    def _session(self, provider: str, external_id: str) -> QuerySet[ImportedSession]:
        return self._sessions().filter(provider=provider, external_id=external_id)

    def _chunks(self, keys: Iterable[int]) -> Iterator[list[int]]:
        """As many at a time as the database takes in one question, beside a few other parameters."""
        most = (connections[self._using].features.max_query_params or _CHUNK) - 10
        iterator = iter(keys)
        while some := list(islice(iterator, most)):
            yield some


def _files(text: str) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(*file) for file in json.loads(text))
