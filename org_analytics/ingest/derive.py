"""The one entry point: from places with transcripts to the records of the sessions that are new or changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .footprints import Entries, keys_of, pack
from .library import find_sessions, kept_session
from .lines import Skipped
from .ownership import digest, foreign_keys
from .pricing import Prices, load_prices
from .providers import PROVIDERS
from .records import Derived, Outcome
from .sessions import NoRecord, derive_record
from .sources import Provider, SessionFiles, Source
from .state import KeptSession, Receipt, State
from .transcripts import Transcript
from .values import is_session_id, moment

Progress = Callable[[int, int], None]

NO_ID = "no valid session id"
NO_MAIN = "no main transcript"
BEFORE_SINCE = "ended before the date asked for"
NOT_KEPT = KeptSession((), "")


def derive(
    sources: Iterable[Source],
    state: State,
    *,
    since: datetime | None = None,
    with_titles: bool = False,
    prices: Prices | None = None,
    progress: Progress | None = None,
) -> Iterator[Derived]:
    """Every session below the sources: its record, or that it is unchanged, or why there is none.

    Write or send each record, then give its receipt to `state.mark_stored`: what is not marked comes again next time.
    Only sessions without a record are marked here. `progress` is told the bytes done and the bytes in all.
    """
    run = _Run(state, prices or load_prices(), since, with_titles)
    found = list(find_sessions(sources, state))
    total = sum(file.size for _, files in found for file in files.all)
    done = 0
    for provider, files in found:
        yield from run.first_reading(provider, files)
        done += sum(file.size for file in files.all)
        if progress is not None:
            progress(done, total)
    yield from run.settle()


@dataclass(slots=True)
class _Run:
    """One run: reads what has changed, then settles who owns what among sessions that share lines."""

    state: State
    prices: Prices
    since: datetime | None
    with_titles: bool
    _read: dict[tuple[str, str], SessionFiles] = field(default_factory=dict)
    _sharing: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def first_reading(self, provider: Provider, files: SessionFiles) -> Iterator[Derived]:
        """Reads a session that has changed. If it shares lines with others, its record has to wait."""
        name, session = provider.name, files.external_id
        kept = self.state.session(name, session) if is_session_id(session) else None
        refused = self._refused(files, kept)
        if refused:
            if refused == NO_MAIN and kept is None:
                self.state.save(name, session, files.all, b"")  # its main transcript may come with another run
            yield Derived(name, session, Outcome.SKIPPED, reason=refused)
        elif kept is not None and self._is_unchanged(provider, files, kept):
            yield Derived(name, session, Outcome.UNCHANGED)
        else:
            yield from self._read_changed(provider, files)

    def settle(self) -> Iterator[Derived]:
        """The records of all sessions that share lines with a changed one, as far as they have changed by it."""
        for name, sessions in sorted(self._sharing.items()):
            while sessions:
                family = self._family(name, min(sessions))
                sessions -= family.keys()
                yield from self._settle(PROVIDERS[name], family)

    def _refused(self, files: SessionFiles, kept: KeptSession | None) -> str:
        if not is_session_id(files.external_id):
            return NO_ID
        if not files.main:
            return NO_MAIN
        is_old = self.since is not None and all(moment(file.mtime_ns // 1000) < self.since for file in files.all)
        return BEFORE_SINCE if is_old and kept is not None and kept.files == files.all else ""

    def _is_unchanged(self, provider: Provider, files: SessionFiles, kept: KeptSession) -> bool:
        """A file that is gone is no change: what was read from it still counts."""
        return set(files.all) <= set(kept.files) and kept.mark.startswith(self._version(provider))

    def _read_changed(self, provider: Provider, files: SessionFiles) -> Iterator[Derived]:
        name, session = provider.name, files.external_id
        self._read[name, session] = files
        skipped = Skipped()
        transcript = provider.read(files, skipped)
        lines = pack(transcript.footprint())
        keys = keys_of(lines) | keys_of(self.state.lines(name, session))
        self.state.save(name, session, files.all, lines)
        relatives = self.state.sharing(name, keys) - {session}
        if relatives:
            self._sharing[name] |= {session, *relatives}
            return
        yield self._derived(provider, files, transcript, skipped, set())

    def _family(self, name: str, session: str) -> dict[str, bytes]:
        """The kept lines of all sessions that are tied to this one by shared lines."""
        family: dict[str, bytes] = {}
        waiting = {session}
        while waiting:
            member = waiting.pop()
            family[member] = self.state.lines(name, member)
            waiting |= self.state.sharing(name, keys_of(family[member])) - family.keys()
        return family

    def _settle(self, provider: Provider, family: dict[str, bytes]) -> Iterator[Derived]:
        name = provider.name
        files = {session: self._files(provider, session) for session in family}
        kept = {session: self.state.session(name, session) or NOT_KEPT for session in family}
        settled = {session for session in family if not files[session].main and kept[session].mark.endswith(":")}
        foreign = foreign_keys({session: Entries(lines) for session, lines in family.items()}, settled)
        moved = {
            session
            for session in family
            if files[session].main and kept[session].mark.rpartition(":")[2] != digest(foreign[session])
        }
        for session in sorted(moved):  # all of them before the first is stored: a run that ends here comes back to them
            self.state.save(name, session, kept[session].files, family[session])
        due = moved | {session for session in family if (name, session) in self._read}
        for session in sorted(due):
            skipped = Skipped()
            transcript = provider.read(files[session], skipped)
            yield self._derived(provider, files[session], transcript, skipped, foreign[session], settled=True)

    def _files(self, provider: Provider, session: str) -> SessionFiles:
        return self._read.get((provider.name, session)) or kept_session(provider, session, self.state)

    def _derived(
        self,
        provider: Provider,
        files: SessionFiles,
        transcript: Transcript,
        skipped: Skipped,
        foreign: set[int],
        *,
        settled: bool = False,
    ) -> Derived:
        name, session = provider.name, files.external_id
        kept = self.state.session(name, session) or NOT_KEPT
        receipt = Receipt(name, session, kept.files, self._version(provider) + digest(foreign))
        seen: dict[str, Any] = {
            "skipped": dict(skipped.counts),
            "problems": tuple(skipped.problems),
            "bytes_read": sum(file.size for file in files.all),
        }
        try:
            record = derive_record(provider, session, transcript, foreign, self.prices, with_title=self.with_titles)
        except NoRecord as error:
            self.state.mark_stored([receipt])
            return Derived(name, session, Outcome.SKIPPED, reason=str(error), **seen)
        if self.since is not None and record.ended_at < self.since and not settled:
            return Derived(name, session, Outcome.SKIPPED, reason=BEFORE_SINCE, **seen)
        return Derived(name, session, Outcome.DERIVED, record, receipt, **seen)

    def _version(self, provider: Provider) -> str:
        """What a mark begins with; behind it stands which keys were another session's."""
        return f"{provider.parser_version} {self.prices.version}{' titles' if self.with_titles else ''}:"
