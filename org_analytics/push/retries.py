"""Retry policy: exponential back-off with jitter, and the pause that the server asks for."""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .errors import ServerError

ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
LONGEST_ASKED = 300.0  # seconds of Retry-After that a push waits; for more, the next push is soon enough

Result = TypeVar("Result")


class TransientError(Exception):
    """A fault that may be temporary; `after` is the number of seconds that the server asks to wait."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Retries:
    """Number of attempts and pauses between them. Sleep and jitter are parameters, so that tests do not wait."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform
    tell: Callable[[str], None] = lambda message: None

    def call(self, attempt: Callable[[], Result]) -> Result:
        """Return the result of the first attempt without a temporary fault; ServerError after the last attempt."""
        for number in itertools.count(1):
            try:
                return attempt()
            except TransientError as fault:
                if number == ATTEMPTS:
                    raise ServerError(f"{fault}; gave up after {ATTEMPTS} attempts.") from None
                pause = self._pause(number, fault)
                self.tell(f"{fault}; trying again in {pause:.0f} s.")
                self.sleep(pause)
        raise AssertionError  # pragma: no cover - the count has no end

    def _pause(self, number: int, fault: TransientError) -> float:
        """Half of the pause is fixed and half is random, so that a team's machines do not all retry at once."""
        if fault.after is not None and fault.after > LONGEST_ASKED:
            raise ServerError(f"{fault}; the server asks to wait {fault.after:.0f} s. Try again later.") from None
        pause = min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE)
        return max(self.jitter(pause / 2, pause), fault.after or 0.0)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header (seconds or a date) asks for; None if it is missing or invalid."""
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:10])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0)
