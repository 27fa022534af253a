"""Finds all transcripts and groups them into sessions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from .coerce import is_session_id
from .files import FileReport
from .protocol import FileIdentity, FoundFile, SessionFiles, SessionRole, TranscriptProvider, TranscriptSource
from .providers import PROVIDERS
from .state import KnownSession, State


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
        self._parents: dict[str, FileIdentity] = {}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, found: FoundFile) -> None:
        """Adds a file, and the files that earlier runs found for its session."""
        identity = found.identity
        if found.file.path in self._files:
            return
        self._files[found.file.path] = found
        if identity.own_id is not None and identity.parent_id is not None:
            self._parents[identity.own_id] = identity
        for session in (identity.own_id, identity.parent_id):
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
        parts: dict[str, list[FoundFile]] = defaultdict(list)
        waiting: dict[str, list[FoundFile]] = defaultdict(list)
        present = {found.identity.own_id for found in self._files.values() if found.identity.parent_id is None}
        for found in self._files.values():
            own_id, (root, missing_parent) = found.identity.own_id, self._root(found.identity, present)
            if missing_parent:
                waiting[missing_parent].append(found)
            if own_id == root:
                main[root].append(found)
                continue
            children[root].append(found)
            if own_id is not None and self._was_session(own_id, found):
                parts[own_id].append(found)
        sessions = [self._session(name, main[name], children[name]) for name in {*main, *children}]
        sessions += [self._session(name, files, [], SessionRole.PART) for name, files in parts.items()]
        sessions += [self._session(name, [], files, SessionRole.MISSING_PARENT) for name, files in waiting.items()]
        return sorted(sessions, key=lambda files: (min(file.mtime_ns for file in files.all), files.external_id))

    def _session(
        self,
        external_id: str,
        main: list[FoundFile],
        children: list[FoundFile],
        role: SessionRole = SessionRole.SESSION,
    ) -> SessionFiles:
        return SessionFiles(
            external_id,
            tuple(self._provider.choose([found.file for found in main])),
            tuple(sorted(found.file for found in children)),
            sum(found.read_bytes for found in (*main, *children)) if role is SessionRole.SESSION else 0,
            role,
        )

    def _root(self, identity: FileIdentity, present: Set[str | None]) -> tuple[str, str]:
        """The session that a file belongs to, and the parent that would be its session if it were there, else "".

        The session is its own, that of its first ancestor, or that of the first child below a missing ancestor.
        Children that name each other in a cycle have no session.
        """
        alone, parent_id = identity, identity.parent_id
        passed = set[str]()
        while parent_id is not None and parent_id in self._parents and parent_id not in passed:
            passed.add(parent_id)
            alone = self._parents[parent_id]
            parent_id = alone.parent_id
        if parent_id is None:
            return alone.own_id or "", ""
        is_rootless = parent_id not in present and parent_id not in passed and not self._is_stored(parent_id)
        if is_rootless and alone.can_be_alone and alone.own_id:
            return alone.own_id, parent_id
        return parent_id, ""

    def _known(self, session: str) -> KnownSession | None:
        return self._state.session(self._provider.name, session) if is_session_id(session) else None

    def _is_stored(self, session: str) -> bool:
        known = self._known(session)
        return known is not None and bool(known.mark)

    def _was_session(self, own_id: str, found: FoundFile) -> bool:
        """Whether an earlier run took a child for a session of its own."""
        known = self._known(own_id) if found.identity.can_be_alone else None
        return known is not None and (bool(known.mark) or found.file.path in (file.path for file in known.files))
