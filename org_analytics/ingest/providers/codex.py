"""Finds and reads the transcripts ("rollouts") of Codex."""

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ..coerce import mapping, text
from ..decompression import SUFFIX as COMPRESSED
from ..files import FileReport, Walk, known_file
from ..jsonl import SkippedLines, read_lines
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..state import SourceFile
from ..transcript import Transcript
from .codex_reader import read_thread

OTHER_NAME = "not named rollout-*.jsonl"
NO_META = "no valid session_meta line"
WRONG_ROOT = "not below sessions or archived_sessions: give the directory that contains these"

_ARCHIVE = "archived_sessions"
_DIRECTORIES = ("sessions", _ARCHIVE)
_PREFIX = "rollout-"
_SUFFIXES = (".jsonl", f".jsonl{COMPRESSED}")
_MISPLACED = tuple(f"{'*/' * depth}{_PREFIX}*.jsonl*" for depth in range(4))
_PEEKED_LINES = 20
_CHILD_SOURCES = ("subagent", "guardian_review", "memory")


class Codex:
    """A rollout names its thread in its `session_meta` line. A child is the rollout of a subagent's thread.

    One thread can have several files, called pages: they are read as one, in the order of the times in their names.
    """

    name = "codex"
    parser_version = 3
    layout = "sessions/YYYY/MM/DD/rollout-*.jsonl or archived_sessions/rollout-*.jsonl"

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        named = environ.get("CODEX_HOME", "").strip()
        return [Path(os.path.expanduser(named)) if named else home / ".codex"]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        walk = Walk(root, self.name, report)
        for below in _DIRECTORIES:
            paths = set(walk.files(below))
            for path in sorted(paths):
                if path.endswith(COMPRESSED) and path.removesuffix(COMPRESSED) in paths:
                    report.pass_over(self.name)  # the same rollout is there, not compressed
                elif os.path.basename(path).startswith(_PREFIX) and path.endswith(_SUFFIXES):
                    yield from self._found(walk, path)
                elif path.endswith(_SUFFIXES) or os.path.basename(path).startswith(_PREFIX):
                    report.refuse(self.name, path, OTHER_NAME)
                else:
                    report.pass_over(self.name)
        if not any((root / below).is_dir() for below in _DIRECTORIES):
            for pattern in _MISPLACED:
                for misplaced in root.glob(pattern):
                    report.refuse(self.name, str(misplaced), WRONG_ROOT)

    def find_file(self, path: str) -> FoundFile | None:
        file = known_file(path)
        identity = None if file is None else _identity(path)
        return None if file is None or identity is None else FoundFile(file, identity, file.size)

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """One file of each name, in the order of the names, which begin with a time.

        Of several with one name the active one counts rather than an archived one, then the one that is not compressed,
        then the longest.
        """
        ordered = sorted(main, key=lambda file: (_page(file.path), *_rank(file)))
        return [next(files) for _, files in groupby(ordered, key=lambda file: _page(file.path))]

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        transcript = Transcript()
        read_thread([file.path for file in files.main], transcript, skipped, is_main=True)
        for pages in _threads(files.children):
            chosen = [file.path for file in self.choose(pages)]
            read_thread(chosen, transcript, skipped, is_main=False)
        return transcript

    def close(self) -> None:
        """Nothing stays open between two files."""

    def _found(self, walk: Walk, path: str) -> Iterator[FoundFile]:
        file = walk.resolve(path)
        identity = None if file is None else _identity(file.path)
        if file is not None and identity is not None:
            yield FoundFile(file, identity, file.size)
        elif file is not None:
            walk.report.refuse(self.name, path, NO_META)


def _identity(path: str) -> FileIdentity | None:
    """The thread of a rollout and its parent, as its first `session_meta` line names them."""
    for number, _, line in read_lines(path, SkippedLines()):
        if line.get("type") == "session_meta":
            meta = mapping(line.get("payload"))
            own_id = text(meta.get("id"))
            return None if own_id is None else FileIdentity(own_id, _parent(meta, own_id), can_be_alone=True)
        if number >= _PEEKED_LINES:
            break
    return None


def _parent(meta: dict[str, Any], own_id: str) -> str | None:
    """The thread that a child belongs to, "" where a child does not name it; None for a thread that is a session."""
    source, thread_source = meta.get("source"), meta.get("thread_source")
    spawn = mapping(mapping(mapping(source).get("subagent")).get("thread_spawn"))
    named = text(meta.get("parent_thread_id")) or text(spawn.get("parent_thread_id"))
    is_agent = source == "subagent" or "subagent" in mapping(source) or thread_source in _CHILD_SOURCES
    if not is_agent and (thread_source in (None, "", "user") or named is None):
        return None
    parent = named or text(meta.get("forked_from_id")) or ""
    return "" if parent == own_id else parent


def _threads(files: Iterable[SourceFile]) -> list[list[SourceFile]]:
    """The files of each thread."""
    threads: dict[str | None, list[SourceFile]] = {}
    for file in files:
        identity = _identity(file.path)
        threads.setdefault(identity.own_id if identity else file.path, []).append(file)
    return list(threads.values())


def _page(path: str) -> str:
    return os.path.basename(path).removesuffix(COMPRESSED).removesuffix(".jsonl")


def _rank(file: SourceFile) -> tuple[bool, bool, int, str]:
    is_archived = _ARCHIVE in file.path.split(os.sep)
    return is_archived, file.path.endswith(COMPRESSED), -file.size, file.path
