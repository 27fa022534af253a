"""Finds all transcripts and groups them into sessions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .coerce import is_session_id
from .files import FileReport
from .protocol import FoundFile, SessionFiles, TranscriptProvider, TranscriptSource
from .providers import PROVIDERS
from .state import State


def find_sessions(
    sources: Iterable[TranscriptSource], state: State, report: FileReport
) -> Iterator[tuple[TranscriptProvider, SessionFiles]]:
    """The sessions below the sources, and those that an earlier run read but did not see stored; oldest files first.

    The files of a session that an earlier run found elsewhere belong to it while they exist.
    """
    by_provider: dict[str, list[TranscriptSource]] = defaultdict(list)
    for source in sources:
        by_provider[source.provider].append(source)
    for name in sorted(by_provider):
        provider = PROVIDERS[name]
        index = _SessionIndex(provider, state)
        for source in by_provider[name]:
            for found in provider.find(source.root, report):
                index.add(found)
        report.accepted[name] += len(index)
        for session in sorted(state.pending(name)):
            index.add_known(session)
        for files in index.sessions():
            yield provider, files


def known_session(provider: TranscriptProvider, external_id: str, state: State) -> SessionFiles:
    """The files of a session that an earlier run found and that still exist."""
    index = _SessionIndex(provider, state)
    index.add_known(external_id)
    found = {files.external_id: files for files in index.sessions()}
    return found.get(external_id, SessionFiles(external_id, (), ()))


class _SessionIndex:
    """The files of one provider, by session."""

    def __init__(self, provider: TranscriptProvider, state: State) -> None:
        self._provider = provider
        self._state = state
        self._files: dict[str, FoundFile] = {}
        self._looked_up: set[str] = set()
        self._parents: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, found: FoundFile) -> None:
        """Adds a file, and the files that earlier runs found for its session."""
        identity = found.identity
        if found.file.path in self._files:
            return
        self._files[found.file.path] = found
        if identity.own_id is not None and identity.parent_id is not None:
            self._parents[identity.own_id] = identity.parent_id
        for session in identity:
            if session is not None:
                self.add_known(session)

    def add_known(self, session: str) -> None:
        """Adds the files that earlier runs found for a session."""
        if session in self._looked_up or not is_session_id(session):
            return
        self._looked_up.add(session)
        known = self._state.session(self._provider.name, session)
        for file in known.files if known else ():
            found = None if file.path in self._files else self._provider.find_file(file.path)
            if found is not None:
                self.add(found)

    def sessions(self) -> list[SessionFiles]:
        """The sessions, oldest files first."""
        main: dict[str, list[FoundFile]] = defaultdict(list)
        children: dict[str, list[FoundFile]] = defaultdict(list)
        for found in self._files.values():
            if found.identity.parent_id is None:
                main[found.identity.own_id or ""].append(found)
            else:
                children[self._root(found.identity.parent_id)].append(found)
        sessions = [self._session(name, main[name], children[name]) for name in {*main, *children}]
        return sorted(sessions, key=lambda files: (min(file.mtime_ns for file in files.all), files.external_id))

    def _session(self, external_id: str, main: list[FoundFile], children: list[FoundFile]) -> SessionFiles:
        return SessionFiles(
            external_id,
            tuple(self._provider.choose([found.file for found in main])),
            tuple(sorted(found.file for found in children)),
            sum(found.read_bytes for found in (*main, *children)),
        )

    def _root(self, session: str) -> str:
        """The root session of a child's parent. Children that name each other in a cycle have none."""
        passed = set[str]()
        while session in self._parents and session not in passed:
            passed.add(session)
            session = self._parents[session]
        return session
