"""Reads JSON Lines files one line at a time. Broken lines are counted and skipped, or repaired where that is safe."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from . import decompression
from .json_objects import MAX_SIZE, parse, parse_at

MAX_PROBLEMS = 20  # a session names so many; all are counted
UNREADABLE = "file cannot be read"
DAMAGED = "compressed data is damaged"

_BUFFER = 128 * 1024
_BOM = b"\xef\xbb\xbf"
_PADDING = "\0\r\n\t \ufeff"
_ONLY_IN_RECORDS = ("sessionId", "payload")
_RECORD_START = re.compile(r'\{\s*"')
# Work on one broken line is bounded: a hostile line could make every attempt read it to its end.
_MAX_FAILURES = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was skipped. Never contains transcript text. `line` counts from 1, 0 = the whole file."""

    path: str
    line: int
    kind: str


@dataclass(slots=True)
class SkippedLines:
    """The lines that were skipped while reading one session: their number by kind, and the place of the first ones."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, line: int, kind: str) -> None:
        self.counts[kind] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(path, line, kind))

    @property
    def has_unreadable_file(self) -> bool:
        return UNREADABLE in self.counts

    @property
    def has_damaged_file(self) -> bool:
        return DAMAGED in self.counts


def read_lines(path: str, skipped: SkippedLines) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """The objects of a file with their line numbers and bytes. Never raises: an unreadable file has none."""
    number = 0
    try:
        with decompression.open_file(path, _BUFFER) as file:
            while raw := file.readline(MAX_SIZE + 1):
                number += 1
                if len(raw) > MAX_SIZE:
                    skipped.add(path, number, "line too long")
                    _drop_rest_of_line(file, raw)
                    continue
                parsed = _parse(raw.removeprefix(_BOM) if number == 1 else raw)
                if type(parsed) is dict:
                    yield number, raw, parsed
                elif parsed is not None:
                    skipped.add(path, number, str(parsed) if raw.endswith(b"\n") else "unfinished line")
                    for record, fields in _repair(raw):
                        yield number, record, fields
    except decompression.DamagedError:
        skipped.add(path, number + 1, DAMAGED)
    except OSError:
        skipped.add(path, 0, UNREADABLE)


def _drop_rest_of_line(file: IO[bytes], raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(_BUFFER)


def _parse(raw: bytes) -> dict[str, Any] | str | None:
    """The object, or as text why there is none; None for a blank line."""
    try:
        value = parse(raw.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "not JSON" if raw.strip() else None
    except RecursionError:
        return "nested too deeply"
    return value if type(value) is dict else "not an object"


def _repair(raw: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The whole records of a line that does not parse: padded with NUL bytes, or several records on one line.

    Only an object with a type and a timestamp of its own is a record. Nothing that is nested in a broken record or
    quoted by it becomes one.
    """
    text = raw.decode("utf-8", "replace").strip(_PADDING)
    at, failures, is_after_broken = 0, 0, False
    while 0 <= at < len(text) and failures < _MAX_FAILURES:
        value, end = parse_at(text, at)
        following = _skip_padding(text, end)
        if _is_record(value) and not (is_after_broken and _may_be_nested(text, at, following, value)):
            record = text[at:end]
            is_after_broken = False
            if "\ufffd" not in record:  # it stands for bytes that are not text
                yield record.encode("utf-8", "surrogatepass"), value
        elif value is None:
            is_after_broken = True
            failures += 1
        start = _RECORD_START.search(text, following)
        is_after_broken = is_after_broken or start is None or start.start() != following
        at = -1 if start is None else start.start()


def _skip_padding(text: str, at: int) -> int:
    while at < len(text) and text[at] in _PADDING:
        at += 1
    return at


def _is_record(value: Any) -> bool:
    return type(value) is dict and type(value.get("timestamp")) is str and type(value.get("type")) is str


def _may_be_nested(text: str, start: int, following: int, record: dict[str, Any]) -> bool:
    """Whether what looks like a record may be a part of the broken record before it."""
    if text[following : following + 1] in (",", "}", "]"):
        return True
    is_value = text[:start].rstrip(_PADDING)[-1:] in (":", ",", "[")
    return is_value and not any(name in record for name in _ONLY_IN_RECORDS)
