"""Finds files below a root, and reports those that look like transcripts but are not read."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from .decompression import NOT_INSTALLED, SUFFIX, can_read_zstd
from .jsonl import MAX_PROBLEMS, UNREADABLE, Problem
from .state import SourceFile

LINK_OUTSIDE = "symbolic link that leaves the directory"
UNREADABLE_DIRECTORY = "directory cannot be read"
NOT_A_FILE = "not a regular file"


@dataclass(slots=True)
class FileReport:
    """All files that were found: transcripts that were accepted, those that were refused, by kind, and other files.

    All are counted by provider.
    """

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, provider: str, path: str, kind: str) -> None:
        """Counts a file or directory that is not read. `kind` never contains transcript text."""
        self.refused[provider, kind] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, 0, kind))

    def pass_over(self, provider: str) -> None:
        """Counts a file that does not look like a transcript."""
        self.other[provider] += 1


@dataclass(frozen=True, slots=True)
class Walk:
    """Walks the directories below a root of one provider. Symbolic links are followed only inside the root."""

    root: Path
    provider: str
    report: FileReport

    def files(self, below: str) -> Iterator[str]:
        """The paths of all files in a directory of the root and in its subdirectories, without symbolic links."""
        inside = os.path.realpath(self.root)
        waiting, visited = [os.path.join(self.root, below)], set[str]()
        while waiting:
            directory = waiting.pop()
            real = os.path.realpath(directory)
            if not _is_within(real, inside):
                self.report.refuse(self.provider, directory, LINK_OUTSIDE)
                continue
            if real in visited:
                continue
            visited.add(real)
            for entry in self._entries(real):
                if _is_directory(entry):
                    waiting.append(entry.path)
                else:
                    yield entry.path

    def resolve(self, path: str) -> SourceFile | None:
        """The file that is read for a path; None, and a report, where it is refused."""
        real = os.path.realpath(path)
        reason = self._reason_to_refuse(path, real)
        if reason:
            self.report.refuse(self.provider, path, reason)
        return None if reason else stat_file(real)

    def _reason_to_refuse(self, path: str, real: str) -> str:
        if not _is_within(real, os.path.realpath(self.root)):
            return LINK_OUTSIDE
        if path.endswith(SUFFIX) and not can_read_zstd():
            return NOT_INSTALLED
        if not os.path.exists(real):  # a file may have been deleted since it was found
            return UNREADABLE if os.path.islink(path) else ""
        if not os.access(real, os.R_OK):
            return UNREADABLE
        return NOT_A_FILE if os.path.exists(real) and not os.path.isfile(real) else ""

    def _entries(self, directory: str) -> "list[os.DirEntry[str]]":
        try:
            with os.scandir(directory) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError:
            self.report.refuse(self.provider, directory, UNREADABLE_DIRECTORY)
            return []


def stat_file(path: str) -> SourceFile | None:
    """The file as it is now; None where it is missing or not a regular file: reading a pipe would never end."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return SourceFile(path, status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


def known_file(path: str) -> SourceFile | None:
    """A file known from an earlier run as it is now; None where it is gone or has become a symbolic link."""
    return stat_file(path) if os.path.realpath(path) == path else None


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
