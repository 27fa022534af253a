"""The state of one person's imports in the database: implements `ingest.state.State`."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

from ..ingest.line_keys import keys_of
from ..ingest.state import KnownSession, Receipt, SessionRead, SourceFile
from ..models import CodingSession, ImportedLine, ImportedSession
from ..models.lookups import INTEGERS, one_of


class DatabaseState:
    """One person's state, where sessions are written."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._using = CodingSession.objects.write_db

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        row = self._session(provider, external_id).values_list("files", "mark", "git_info").first()
        return KnownSession(_files(row[0]), row[1], row[2]) if row else None

    def lines(self, provider: str, external_id: str) -> bytes:
        row = self._session(provider, external_id).values_list("lines", flat=True).first()
        return bytes(row) if row else b""

    def sharing(self, provider: str, keys: Collection[int]) -> set[str]:
        # Two queries: with a join, SQLite would scan all of the person's lines instead of looking up these keys.
        session_ids = set(self._lines().filter(key__in=one_of(keys, self._using)).values_list("session", flat=True))
        sessions = self._sessions().filter(provider=provider, pk__in=one_of(session_ids, self._using))
        return set(sessions.values_list("external_id", flat=True))

    def pending(self, provider: str) -> set[str]:
        return set(self._sessions().filter(provider=provider, mark="").values_list("external_id", flat=True))

    def save(self, read: SessionRead) -> None:
        old_keys, new_keys = keys_of(self.lines(read.provider, read.external_id)), keys_of(read.lines)
        with transaction.atomic(using=self._using):
            session, _created = ImportedSession.objects.using(self._using).update_or_create(
                user=self._user,
                provider=read.provider,
                external_id=read.external_id,
                defaults={"files": json.dumps(read.files), "mark": "", "lines": read.lines, "git_info": read.git_info},
            )
            self._lines().filter(session=session, key__in=one_of(old_keys - new_keys, self._using)).delete()
            self._add_lines(session, new_keys - old_keys)

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

    def _lines(self) -> QuerySet[ImportedLine]:
        return ImportedLine.objects.using(self._using)

    def _add_lines(self, session: ImportedSession, keys: Collection[int]) -> None:
        connection = connections[self._using]
        quote, table = connection.ops.quote_name, ImportedLine._meta
        names = [table.db_table, table.get_field("key").column, table.get_field("session").column]
        into, key, owner = (quote(str(name)) for name in names)
        chosen = INTEGERS[connection.vendor].replace("SELECT ", "SELECT %s, ")
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {into} ({owner}, {key}) {chosen} WHERE true ON CONFLICT DO NOTHING",
                [session.pk, json.dumps(list(keys))],
            )


def _files(text: str) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(*file) for file in json.loads(text))
