"""A progress bar for commands: on a terminal, on the error stream, so that the output can be piped."""

import time
from types import TracebackType
from typing import Self, TextIO

WIDTH = 30
INTERVAL = 0.1  # seconds between two drawings


class ProgressBar:
    """`with ProgressBar(stream) as bar: bar.to(done, total)`, in bytes; draws nothing if `stream` is not a terminal.

    If the total is None (a pipe), only the number of bytes is shown. The line is always removed at the end.
    """

    def __init__(self, stream: TextIO, *, is_shown: bool = True) -> None:
        self._stream = stream
        self._is_shown = is_shown and stream.isatty()
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            self._draw("")

    def to(self, done: int, total: int | None) -> None:
        """Show the progress; most calls draw nothing, to save time."""
        if self._is_shown and (now := time.monotonic()) >= self._next:
            self._next = now + INTERVAL
            self._draw(_bar(done, total))

    def _draw(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()


def _bar(done: int, total: int | None) -> str:
    if not total:
        return _size(done)
    part = min(done / total, 1.0)
    filled = int(part * WIDTH)
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {part:4.0%} of {_size(total)}"


def _size(count: int) -> str:
    return f"{count / 10**6:,.1f} MB"
