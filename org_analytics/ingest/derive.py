"""The entry point: derives records from the transcripts of all sessions that are new or have changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .coerce import is_session_id, moment
from .deriver import BEFORE_SINCE, PART_OF_ANOTHER, Deriver, Mark
from .discovery import find_sessions
from .files import FileReport
from .line_keys import keys_of, pack
from .pricing import Prices, load_prices
from .protocol import SessionFiles, SessionRole, TranscriptProvider, TranscriptSource
from .providers import PROVIDERS
from .records import Derivation, DerivationOutcome
from .session_forks import fork_group, resolve
from .state import KnownSession, SessionRead, State

ProgressCallback = Callable[[int, int], None]

NO_ID = "no valid session id"
NO_MAIN = "no main transcript"


def derive(
    sources: Iterable[TranscriptSource],
    state: State,
    *,
    since: datetime | None = None,
    with_titles: bool = False,
    prices: Prices | None = None,
    progress: ProgressCallback | None = None,
    report: FileReport | None = None,
) -> Iterator[Derivation]:
    """Yields for every session below the sources its record, or that it is unchanged, or why it has no record.

    Write or send each record, then give its receipt to `state.mark_stored`: a session that is not marked comes again in
    the next run. Only sessions without a record are marked here. `progress` is called with the bytes done and the bytes
    in all. `report` counts the files that were found and those that were refused.
    """
    run = _Run(Deriver(state, prices or load_prices(), with_titles), since)
    try:
        found = list(find_sessions(sources, state, FileReport() if report is None else report))
        total = sum(files.read_bytes for _, files in found)
        done = 0
        for provider, files in found:
            yield from run.read_session(provider, files)
            done += files.read_bytes
            if progress is not None:
                progress(done, total)
        yield from run.resolve_forks()
    finally:
        for provider in PROVIDERS.values():
            provider.close()


@dataclass(slots=True)
class _Run:
    """One run: reads what has changed, then resolves which session owns the lines that several share."""

    deriver: Deriver
    since: datetime | None
    _changed: dict[tuple[str, str], SessionFiles] = field(default_factory=dict)
    _sharing: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def _state(self) -> State:
        return self.deriver.state

    def read_session(self, provider: TranscriptProvider, files: SessionFiles) -> Iterator[Derivation]:
        """Reads a session that has changed. If it shares lines with others, its record has to wait."""
        name, session = provider.name, files.external_id
        if files.role is SessionRole.PART:
            yield from self._read_part(provider, files)
            return
        if files.role is SessionRole.MISSING_PARENT:
            self._keep_children(name, files)
            return
        known = self._state.session(name, session) if is_session_id(session) else None
        reason = self._reason_to_skip(files, known)
        if reason:
            if reason == NO_MAIN:
                self._keep_children(name, files)
            yield Derivation(name, session, DerivationOutcome.SKIPPED, reason=reason)
        elif known is not None and self._is_unchanged(provider, files, known):
            yield Derivation(name, session, DerivationOutcome.UNCHANGED)
        else:
            yield from self._read_changed(provider, files)

    def resolve_forks(self) -> Iterator[Derivation]:
        """The records of all sessions that share lines with a changed one and have changed because of it."""
        for name, sessions in sorted(self._sharing.items()):
            while sessions:
                group = fork_group(self._state, name, min(sessions))
                sessions -= group.keys()
                yield from resolve(self.deriver, PROVIDERS[name], group, self._changed)

    def _reason_to_skip(self, files: SessionFiles, known: KnownSession | None) -> str:
        if not is_session_id(files.external_id):
            return NO_ID
        if not files.main:
            return NO_MAIN
        is_old = self.since is not None and all(moment(file.mtime_ns // 1000) < self.since for file in files.all)
        return BEFORE_SINCE if is_old and known is not None and known.files == files.all else ""

    def _is_unchanged(self, provider: TranscriptProvider, files: SessionFiles, known: KnownSession) -> bool:
        """Whether the session was stored as it is. A file that is gone is no change: its content still counts."""
        is_current = Mark.parse(known.mark).version == self.deriver.version(provider)
        return is_current and set(files.all) <= set(known.files)

    def _read_changed(self, provider: TranscriptProvider, files: SessionFiles) -> Iterator[Derivation]:
        name, session = provider.name, files.external_id
        reading = self.deriver.read(provider, files)
        reason = reading.reason_to_keep_row()
        if reason:
            yield reading.result(DerivationOutcome.SKIPPED, reason)
            return
        self._changed[name, session] = files
        lines = pack(reading.transcript.key_entries())
        keys = keys_of(lines) | keys_of(self._state.lines(name, session))
        self._state.save(SessionRead(name, session, files.all, lines, reading.git_info))
        relatives = self._state.sharing(name, keys) - {session}
        if relatives:
            self._sharing[name] |= {session, *relatives}
        else:
            yield self.deriver.derive_session(reading, set(), self.since)

    def _keep_children(self, name: str, files: SessionFiles) -> None:
        """Keeps the files of children whose parent is missing: another run may find it."""
        session = files.external_id
        known = self._state.session(name, session) if is_session_id(session) else KnownSession((), "stored")
        before = known.files if known is not None else ()
        if known is None or (not known.mark and not set(files.all) <= set(before)):
            kept = {file.path: file for file in (*before, *files.all)}
            self._state.save(SessionRead(name, session, tuple(sorted(kept.values())), b""))

    def _read_part(self, provider: TranscriptProvider, files: SessionFiles) -> Iterator[Derivation]:
        """Empties the row of a session that turned out to be part of another one, which counts its usage now."""
        name, session = provider.name, files.external_id
        known = self._state.session(name, session)
        if known is None or Mark.parse(known.mark).foreign == PART_OF_ANOTHER:
            return
        reading = self.deriver.read(provider, files)
        self._state.save(SessionRead(name, session, files.all, b"", reading.git_info))
        yield self.deriver.derive_part(reading)
