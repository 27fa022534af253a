"""Finds files below a root, and reports those that look like transcripts but are not read."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from .jsonl import MAX_PROBLEMS, Problem
from .state import SourceFile

LINK_OUTSIDE = "symbolic link that leaves the directory"
UNREADABLE_DIRECTORY = "directory that cannot be read"
NOT_A_FILE = "not a regular file"


@dataclass(slots=True)
class FileReport:
    """The transcripts that were accepted, by provider, and those that were refused, by provider and kind."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, provider: str, path: str, kind: str) -> None:
        """Counts a file or directory that is not read. `kind` never contains transcript text."""
        self.refused[provider, kind] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, 0, kind))


def walk_files(root: Path, below: str, provider: str, report: FileReport) -> Iterator[str]:
    """The paths of all files in a directory below the root. Symbolic links are followed only inside the root."""
    inside = os.path.realpath(root)
    waiting, visited = [os.path.join(root, below)], set[str]()
    while waiting:
        directory = waiting.pop()
        real = os.path.realpath(directory)
        if real in visited or (not _is_within(real, inside)):
            if real not in visited:
                report.refuse(provider, directory, LINK_OUTSIDE)
            continue
        visited.add(real)
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError:
            report.refuse(provider, directory, UNREADABLE_DIRECTORY)
            continue
        for entry in entries:
            if _is_directory(entry):
                waiting.append(entry.path)
            else:
                yield entry.path


def stays_inside(path: str, root: Path) -> bool:
    """Whether a path is still below the root when symbolic links are resolved."""
    return _is_within(os.path.realpath(path), os.path.realpath(root))


def stat_file(path: str) -> SourceFile | None:
    """The file as it is now; None where it is missing or not a regular file: reading a pipe would never end."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return SourceFile(path, status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
