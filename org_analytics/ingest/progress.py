"""A progress bar for commands: on a terminal, on the error stream, so that the output can be piped."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

WIDTH = 30
INTERVAL = 0.1  # seconds between two drawings


def format_size(count: int) -> str:
    """Bytes in megabytes."""
    return f"{count / 10**6:,.1f} MB"


def format_count(count: int) -> str:
    """A number of things."""
    return f"{count:,}"


class ProgressBar:
    """`with ProgressBar(stream) as bar: bar.to(done, total)`; draws nothing if `stream` is not a terminal.

    Amounts are bytes unless another format is given. If the total is None (a pipe), only the amount is shown. The line
    is always removed at the end.
    """

    def __init__(
        self, stream: TextIO, format_amount: Callable[[int], str] = format_size, *, is_shown: bool = True
    ) -> None:
        self._stream = stream
        self._format = format_amount
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
            self._draw(self._bar(done, total))

    def _draw(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()

    def _bar(self, done: int, total: int | None) -> str:
        if not total:
            return self._format(done)
        part = min(done / total, 1.0)
        filled = int(part * WIDTH)
        return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {part:4.0%} of {self._format(total)}"
