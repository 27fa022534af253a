"""The interface between the engine and the providers: one class per coding agent (`providers`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from .files import FileReport
from .jsonl import SkippedLines
from .state import SourceFile
from .transcript import Transcript


@dataclass(frozen=True, slots=True)
class TranscriptSource:
    """A directory with one provider's transcripts: what `CLAUDE_CONFIG_DIR` or `CODEX_HOME` would name."""

    provider: str
    root: Path


class FileIdentity(NamedTuple):
    """The session that a file belongs to. Without a parent it is a main transcript, else a child's transcript.

    `own_id` names the thread of the file itself; a child may have children of its own. `can_be_alone`: a child whose
    parent is not on the machine is a session of its own.
    """

    own_id: str | None
    parent_id: str | None
    can_be_alone: bool = False


class FoundFile(NamedTuple):
    """A transcript that was found. In a database each session is one: `file.path` then names both.

    `read_bytes` is how much reading it takes, for the progress display.
    """

    file: SourceFile
    identity: FileIdentity
    read_bytes: int


class SessionRole(Enum):
    """What a group of files is: a session, or what is left of one where a child's parent is or was missing.

    PART: a child that was stored as a session of its own before its parent was found. MISSING_PARENT: the parent is not
    on the machine, and its children are sessions of their own; they are kept for the run that finds it.
    """

    SESSION = 1
    PART = 2
    MISSING_PARENT = 3


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """The files of one session as they were before they are read. Without a main file it cannot be derived (yet)."""

    external_id: str
    main: tuple[SourceFile, ...]
    children: tuple[SourceFile, ...]
    read_bytes: int = 0
    role: SessionRole = SessionRole.SESSION

    @property
    def all(self) -> tuple[SourceFile, ...]:
        return tuple(sorted(self.main + self.children))


class TranscriptProvider(Protocol):
    """Finds and reads the transcripts of one coding agent.

    `parser_version` goes up whenever the same files give another record; all sessions are then derived again. `layout`
    names the files that are looked for below a root.
    """

    @property
    def name(self) -> str: ...

    @property
    def parser_version(self) -> int: ...

    @property
    def layout(self) -> str: ...

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        """The directories where the agent puts its transcripts, existing or not."""

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        """All transcripts below a root, in any order. Reports the files that look like transcripts but are not read."""

    def find_file(self, path: str) -> FoundFile | None:
        """A transcript known from an earlier run as it is now; None where it no longer exists."""

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """Those of a session's main files that count, in the order in which they are read."""

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        """The content of the files. Never raises, whatever they contain."""

    def close(self) -> None:
        """Releases what was opened during a run."""
