"""Finds and reads the transcripts of Claude Code."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..coerce import text
from ..files import FileReport, Walk, known_file
from ..jsonl import SkippedLines, read_lines
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..state import SourceFile
from ..transcript import Transcript
from .claude_reader import ClaudeReader

NAMES_NO_SESSION = "names no session"
NOT_IN_A_PROJECT = "not in a directory of a project"
WRONG_ROOT = "below a directory that is not named projects: give the directory above it"

_PROJECTS = "projects"
_SUBAGENTS = "subagents"
_AGENT_PREFIX = "agent-"
_SUFFIX = ".jsonl"
_NOT_TRANSCRIPTS = ("audit.jsonl",)  # the log of Cowork
_PEEKED_LINES = 20


class ClaudeCode:
    """A main transcript is named after its session. A child is a subagent's transcript."""

    name = "claude-code"
    parser_version = 3
    layout = "projects/DIRECTORY/SESSION.jsonl"

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        named = [part.strip() for part in environ.get("CLAUDE_CONFIG_DIR", "").split(",")]
        paths = [Path(os.path.expanduser(part)) for part in named if part]
        return paths or [home / ".claude", home / ".config" / "claude"]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        walk = Walk(root, self.name, report)
        projects = os.path.realpath(root / _PROJECTS)
        for path in walk.files(_PROJECTS):
            if not _is_candidate(path, projects):
                report.pass_over(self.name)
            elif os.path.dirname(path) == projects:
                report.refuse(self.name, path, NOT_IN_A_PROJECT)
            elif (file := walk.resolve(path)) is not None:
                identity = _identity(file.path)
                if identity is None:
                    report.refuse(self.name, path, NAMES_NO_SESSION)
                else:
                    yield FoundFile(file, identity, file.size)
        if not os.path.isdir(projects):
            for found in root.glob(f"*/*{_SUFFIX}"):
                report.refuse(self.name, str(found), WRONG_ROOT)

    def find_file(self, path: str) -> FoundFile | None:
        file = known_file(path)
        identity = None if file is None else _identity(path)
        return None if file is None or identity is None else FoundFile(file, identity, file.size)

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """All of them: a session that was continued from another directory may have a part in each."""
        return sorted(main, key=lambda file: (file.mtime_ns, file.path))

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        reader = ClaudeReader(files.external_id, skipped, {_agent_id(file.path) for file in files.children})
        for file in files.children:
            reader.read_agent(file.path)
        for file in files.main:
            reader.read_main(file.path)
        return reader.finish()

    def close(self) -> None:
        """Nothing stays open between two files."""


def _is_candidate(path: str, projects: str) -> bool:
    """Whether a file looks like a transcript: in a project's directory, or named like a subagent's transcript."""
    directory, file = os.path.split(path)
    if not file.endswith(_SUFFIX) or file in _NOT_TRANSCRIPTS:
        return False
    return file.startswith(_AGENT_PREFIX) or projects in (directory, os.path.dirname(directory))


def _identity(path: str) -> FileIdentity | None:
    """The session of a file. A subagent's file is in its session's directory or names the session in its lines."""
    directory, file = os.path.split(path)
    if not file.startswith(_AGENT_PREFIX):
        return FileIdentity(file.removesuffix(_SUFFIX), None)
    above = directory.split(os.sep)
    if _SUBAGENTS in above:
        at = len(above) - 1 - above[::-1].index(_SUBAGENTS)
        return FileIdentity(None, above[at - 1])
    for number, _, line in read_lines(path, SkippedLines()):
        session = text(line.get("sessionId"))
        if session is not None:
            return FileIdentity(None, session)
        if number >= _PEEKED_LINES:
            break
    return None


def _agent_id(path: str) -> str:
    return os.path.basename(path).removeprefix(_AGENT_PREFIX).removesuffix(_SUFFIX)
