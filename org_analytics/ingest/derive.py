"""The one entry point: from places with transcripts to the records of the sessions that are new or changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .families import family_of, settle
from .footprints import keys_of, pack
from .library import find_sessions
from .pricing import Prices, load_prices
from .providers import PROVIDERS
from .readings import BEFORE_SINCE, Deriver
from .records import Derived, Outcome
from .sources import Provider, SessionFiles, Source
from .state import KeptSession, State
from .values import is_session_id, moment

Progress = Callable[[int, int], None]

NO_ID = "no valid session id"
NO_MAIN = "no main transcript"


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
    run = _Run(Deriver(state, prices or load_prices(), with_titles), since)
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

    deriver: Deriver
    since: datetime | None
    _changed: dict[tuple[str, str], SessionFiles] = field(default_factory=dict)
    _sharing: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def _state(self) -> State:
        return self.deriver.state

    def first_reading(self, provider: Provider, files: SessionFiles) -> Iterator[Derived]:
        """Reads a session that has changed. If it shares lines with others, its record has to wait."""
        name, session = provider.name, files.external_id
        kept = self._state.session(name, session) if is_session_id(session) else None
        refused = self._refused(files, kept)
        if refused:
            if refused == NO_MAIN and kept is None:
                self._state.save(name, session, files.all, b"")  # its main transcript may come with another run
            yield Derived(name, session, Outcome.SKIPPED, reason=refused)
        elif kept is not None and self._is_unchanged(provider, files, kept):
            yield Derived(name, session, Outcome.UNCHANGED)
        else:
            yield from self._read_changed(provider, files)

    def settle(self) -> Iterator[Derived]:
        """The records of all sessions that share lines with a changed one, as far as they have changed by it."""
        for name, sessions in sorted(self._sharing.items()):
            while sessions:
                family = family_of(self._state, name, min(sessions))
                sessions -= family.keys()
                yield from settle(self.deriver, PROVIDERS[name], family, self._changed)

    def _refused(self, files: SessionFiles, kept: KeptSession | None) -> str:
        if not is_session_id(files.external_id):
            return NO_ID
        if not files.main:
            return NO_MAIN
        is_old = self.since is not None and all(moment(file.mtime_ns // 1000) < self.since for file in files.all)
        return BEFORE_SINCE if is_old and kept is not None and kept.files == files.all else ""

    def _is_unchanged(self, provider: Provider, files: SessionFiles, kept: KeptSession) -> bool:
        """A file that is gone is no change: what was read from it still counts."""
        return set(files.all) <= set(kept.files) and kept.mark.startswith(self.deriver.version(provider))

    def _read_changed(self, provider: Provider, files: SessionFiles) -> Iterator[Derived]:
        name, session = provider.name, files.external_id
        self._changed[name, session] = files
        reading = self.deriver.read(provider, files)
        lines = pack(reading.transcript.footprint())
        keys = keys_of(lines) | keys_of(self._state.lines(name, session))
        self._state.save(name, session, files.all, lines, reading.git_info)
        relatives = self._state.sharing(name, keys) - {session}
        if relatives:
            self._sharing[name] |= {session, *relatives}
        else:
            yield self.deriver.derived(reading, set(), self.since)
