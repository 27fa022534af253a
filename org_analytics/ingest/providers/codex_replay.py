"""Tells where a fork or a child of Codex stops repeating its parent's history at the head of its file."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ..coerce import SECOND, count, instant, mapping, text
from ..jsonl import SkippedLines, read_lines
from .codex_messages import TURN_STARTS

_PAUSE = SECOND  # a history is repeated within some 10 ms, mostly without a longer pause


class Replay:
    """Tells for each line of a thread whether it repeats the parent's history.

    The repetition ends at the ordinal that the meta line names. Without one it ends with the first turn that began at
    or after the fork, since repeated turns keep their start. Without such a turn it ends with the first pause.
    """

    def __init__(self, forked_at: int, paths: Sequence[str], end_ordinal: int | None, first_ordinal: int) -> None:
        self._end_ordinal = end_ordinal
        self._first_ordinal = first_ordinal
        self._own_turn = None if end_ordinal is not None else next(_own_turns(paths, forked_at), None)
        self._last: int | None = forked_at
        self._page = 0

    @classmethod
    def of(cls, meta: dict[str, Any], at: int, paths: Sequence[str]) -> "Replay | None":
        """The replay in a thread with this meta line; None for a thread that repeats nothing."""
        base_end = count(mapping(meta.get("history_base")).get("end_ordinal_exclusive"))
        start = count(meta.get("subagent_history_start_ordinal"))
        end_ordinal = base_end if start is None else start
        spawn = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
        is_fork = text(meta.get("forked_from_id")) or text(spawn.get("parent_thread_id"))
        is_copy = text(meta.get("parent_thread_id")) and _has_copied_meta(paths[0])
        if end_ordinal is None and not is_fork and not is_copy:
            return None
        return cls(at, paths, end_ordinal, base_end or 0)

    def begin_page(self, path: str) -> None:
        self._page += 1

    def covers(self, number: int, at: int, line: dict[str, Any]) -> bool:
        """Whether the line repeats the parent's history. Must be asked for every line, in order."""
        if self._last is None:
            return False
        if self._end_ordinal is not None:
            ordinal = count(line.get("ordinal"))
            position = self._first_ordinal + number - 1
            is_over = (position if ordinal is None else ordinal) >= self._end_ordinal
        elif self._own_turn is not None:
            is_over = (self._page, number) >= self._own_turn
        else:
            is_over = at - self._last > _PAUSE
        self._last = None if is_over else max(self._last, at)
        return not is_over


def _has_copied_meta(path: str) -> bool:
    """Whether the meta line of the thread is followed by that of its parent."""
    kinds = (line.get("type") for _, _, line in read_lines(path, SkippedLines()))
    return [*islice(kinds, 2)] == ["session_meta", "session_meta"]


def _own_turns(paths: Sequence[str], forked_at: int) -> Iterator[tuple[int, int]]:
    """Page and line of every turn that began at or after the fork."""
    for page, path in enumerate(paths, start=1):
        for number, _, line in read_lines(path, SkippedLines()):
            payload = mapping(line.get("payload"))
            if payload.get("type") in TURN_STARTS and instant(line.get("timestamp")) is not None:
                start = count(payload.get("started_at"))
                if start is not None and start >= forked_at // SECOND:
                    yield page, number
