"""All transcripts that can be found, sorted into sessions."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from stat import S_ISREG

from .providers import PROVIDERS
from .sources import Claim, Provider, SessionFiles, Source
from .state import SourceFile, State
from .values import is_session_id


def find_sessions(sources: Iterable[Source], state: State) -> Iterator[tuple[Provider, SessionFiles]]:
    """The sessions below the sources, and those that an earlier run read but did not see stored; oldest files first.

    Files of a session that an earlier run found elsewhere belong to it as long as they exist.
    """
    roots: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        roots[source.provider].append(source)
    for name in sorted(roots):
        provider = PROVIDERS[name]
        shelf = _Shelf(provider, state)
        for source in roots[name]:
            for path in provider.find(source.root):
                shelf.put(path)
        for session in sorted(state.pending(name)):
            shelf.put_kept(session)
        for files in shelf.sessions():
            yield provider, files


def kept_session(provider: Provider, external_id: str, state: State) -> SessionFiles:
    """The session's files as far as an earlier run knew them and they still exist."""
    shelf = _Shelf(provider, state)
    shelf.put_kept(external_id)
    found = {files.external_id: files for files in shelf.sessions()}
    return found.get(external_id, SessionFiles(external_id, (), ()))


class _Shelf:
    """One provider's files by session."""

    def __init__(self, provider: Provider, state: State) -> None:
        self._provider = provider
        self._state = state
        self._files: dict[str, tuple[SourceFile, Claim]] = {}
        self._asked: set[str] = set()
        self._parents: dict[str, str] = {}

    def put(self, path: str) -> None:
        path = os.path.realpath(path)
        found = None if path in self._files else _stat(path)
        claim = None if found is None else self._provider.claim(path)
        if found is None or claim is None:
            return
        self._files[path] = found, claim
        if claim.own_id is not None and claim.parent_id is not None:
            self._parents[claim.own_id] = claim.parent_id
        for session in claim:
            if session is not None:
                self.put_kept(session)

    def put_kept(self, session: str) -> None:
        if session in self._asked or not is_session_id(session):
            return
        self._asked.add(session)
        kept = self._state.session(self._provider.name, session)
        for file in kept.files if kept else ():
            self.put(file.path)

    def sessions(self) -> list[SessionFiles]:
        main: dict[str, list[SourceFile]] = defaultdict(list)
        others: dict[str, list[SourceFile]] = defaultdict(list)
        for file, claim in self._files.values():
            if claim.parent_id is None:
                main[claim.own_id or ""].append(file)
            else:
                others[self._root(claim.parent_id)].append(file)
        found = [
            SessionFiles(session, tuple(self._provider.choose(main[session])), tuple(sorted(others[session])))
            for session in {*main, *others}
        ]
        return sorted(found, key=lambda files: (min(file.mtime_ns for file in files.all), files.external_id))

    def _root(self, session: str) -> str:
        """The session that a child's parent belongs to. Children that name each other in a circle have none."""
        passed = set()
        while session in self._parents and session not in passed:
            passed.add(session)
            session = self._parents[session]
        return session


def _stat(path: str) -> SourceFile | None:
    """The file as it is; None for one that is gone, or for what is no file: a pipe would never end."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return SourceFile(path, status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None
