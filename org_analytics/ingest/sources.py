"""What a provider of transcripts is to the rest: a module with these names, and a line in the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from .lines import Skipped
from .state import SourceFile
from .transcripts import Transcript


@dataclass(frozen=True, slots=True)
class Source:
    """A place with one provider's transcripts: what `CLAUDE_CONFIG_DIR` or `CODEX_HOME` would name."""

    provider: str
    root: Path


class Claim(NamedTuple):
    """Whose a file is: without a parent a session's main transcript, else a child's, which may have children too."""

    own_id: str | None
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """The files of one session as they were before they are read; without a main one it cannot be derived (now)."""

    external_id: str
    main: tuple[SourceFile, ...]
    others: tuple[SourceFile, ...]

    @property
    def all(self) -> tuple[SourceFile, ...]:
        return tuple(sorted(self.main + self.others))


class Provider(Protocol):
    """`parser_version` goes up whenever the same files give another record: all are derived again."""

    name: str
    vendor: str
    parser_version: int

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        """Where the tool puts its transcripts, existing or not."""

    def find(self, root: Path) -> Iterator[str]:
        """The paths of all transcripts below a root, in any order."""

    def claim(self, path: str) -> Claim | None:
        """Whose the file is, from its name and its first lines; None where nothing says so."""

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """Which of several main transcripts of one session count, in the order in which they are read."""

    def read(self, files: SessionFiles, skipped: Skipped) -> Transcript:
        """All that the files hold. Never raises, whatever is in them."""
