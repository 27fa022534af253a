"""Reads JSON Lines files one line at a time. Broken lines are counted and skipped."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_LINE = 16 * 1024 * 1024
MAX_PROBLEMS = 20  # a session names so many; all are counted
_BUFFER = 128 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """Something skipped: never holds text of the transcript. `line` counts from 1, 0 = the whole file."""

    path: str
    line: int
    kind: str


@dataclass(slots=True)
class SkippedLines:
    """What was skipped while reading one session: how often by kind, and where for the first ones."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, line: int, kind: str) -> None:
        self.counts[kind] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, line, kind))


def read_lines(path: str, skipped: SkippedLines) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """The objects of a file with their line numbers and bytes. Never raises: a file that cannot be read has none."""
    number = 0
    try:
        with open(path, "rb", buffering=_BUFFER) as file:
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                if len(raw) > MAX_LINE:
                    skipped.add(path, number, "line too long")
                    _drop_rest_of_line(file, raw)
                    continue
                parsed = _parse(raw)
                if type(parsed) is dict:
                    yield number, raw, parsed
                elif parsed is not None:
                    skipped.add(path, number, str(parsed) if raw.endswith(b"\n") else "unfinished line")
    except OSError:
        skipped.add(path, 0, "file cannot be read")


def _drop_rest_of_line(file: Any, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(_BUFFER)


def _refuse(constant: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _parse(raw: bytes) -> dict[str, Any] | str | None:
    """The object, or why there is none as text; None for a blank line."""
    try:
        value = _decode(raw.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "not JSON" if raw.strip() else None
    except RecursionError:
        return "nested too deeply"
    return value if type(value) is dict else "not an object"
