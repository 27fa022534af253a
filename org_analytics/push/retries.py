"""When to try again and when to give up: exponential back-off with jitter, and what the server asks for."""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from org_analytics.push.errors import ServerError

ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
LONGEST_ASKED = 300.0  # seconds of Retry-After that are waited out; beyond, the next run is soon enough

Result = TypeVar("Result")


class Transient(Exception):
    """A fault that may pass; `after` is how many seconds the server asks to wait."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long; the clock, the sleep and the dice are given, so that tests need none."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform
    tell: Callable[[str], None] = lambda message: None

    def call(self, attempt: Callable[[], Result]) -> Result:
        """The result of the first attempt that is not transient; ServerError after the last."""
        for number in itertools.count(1):
            try:
                return attempt()
            except Transient as fault:
                if number == ATTEMPTS:
                    raise ServerError(f"{fault}; gave up after {ATTEMPTS} attempts.") from None
                pause = self._pause(number, fault)
                self.tell(f"{fault}; trying again in {pause:.0f} s.")
                self.sleep(pause)
        raise AssertionError  # pragma: no cover - the count has no end

    def _pause(self, number: int, fault: Transient) -> float:
        """Half of the pause is fixed and half is chance, so that a team's machines do not come back all at once."""
        if fault.after is not None and fault.after > LONGEST_ASKED:
            raise ServerError(f"{fault}; the server asks to come back in {fault.after:.0f} s.") from None
        pause = min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE)
        return max(self.jitter(pause / 2, pause), fault.after or 0.0)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None where it says nothing usable."""
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
