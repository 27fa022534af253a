"""What one session's files hold, in a form common to all providers, before it is known which lines are another's."""

from array import array
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from .footprints import COPIED, NO_TIME, RESPONSE, Entry

PROMPT = 4
ANSWER = 8
UNKNOWN_MODEL = "unknown"


class Request(NamedTuple):
    """One request to a model, `at` in microseconds. The input, write and read classes are disjoint; ordered by size."""

    tokens: int
    output: int
    input: int
    write_5m: int
    write_1h: int
    read: int
    searches: int
    speed: str
    tier: str
    model: str
    at: int


class Line(NamedTuple):
    at: int
    flags: int


@dataclass(slots=True)
class Transcript:
    """The lines of the main transcript (only those that count), the requests, and what is said about the session.

    Lines, the response that a line is part of, and requests have keys (`footprints.key`). 0 = no identity, so nobody
    else's; requests without identity are the anonymous ones. Of turns there are the earliest start and the latest end,
    where the provider writes them. `cwds` has the last branch of each directory. What is `held` has no request here,
    but others that have one for the same key must know.
    """

    keys: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    replies: "array[int]" = field(default_factory=lambda: array("q"))
    flags: bytearray = field(default_factory=bytearray)
    seen: set[int] = field(default_factory=set)
    requests: dict[int, Request] = field(default_factory=dict)
    anonymous: list[Request] = field(default_factory=list)
    copied_requests: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    turn_start: int | None = None
    turn_end: int | None = None
    cwds: dict[str, str | None] = field(default_factory=dict)
    repo_url: str | None = None
    title: str = ""

    def add_line(self, key: int, at: int, flags: int, reply: int = 0) -> None:
        """A line; one whose key was there before is the same line again."""
        if key:
            if key in self.seen:
                return
            self.seen.add(key)
        self.keys.append(key)
        self.times.append(at)
        self.flags.append(flags)
        self.replies.append(reply)

    def add_request(self, key: int, request: Request, *, copied: bool = False) -> None:
        """A response's usage; it comes several times, with start-of-stream numbers first: the largest counts."""
        before = self.requests.get(key)
        if before is not None:
            request = max(before, request)._replace(at=min(before.at, request.at))
        if copied and before is None:
            self.copied_requests.add(key)
        elif not copied:
            self.copied_requests.discard(key)
        self.requests[key] = request

    def add_turn(self, start: int | None, end: int | None) -> None:
        self.turn_start = min((at for at in (self.turn_start, start) if at is not None), default=None)
        self.turn_end = max((at for at in (self.turn_end, end) if at is not None), default=None)

    def footprint(self) -> list[Entry]:
        lines = (
            Entry(key, at, flags & COPIED)
            for key, at, flags in zip(self.keys, self.times, self.flags, strict=True)
            if key
        )
        responses = (
            Entry(key, request.at, RESPONSE | (COPIED if key in self.copied_requests else 0))
            for key, request in self.requests.items()
        )
        return [*lines, *responses, *(Entry(key, NO_TIME, RESPONSE) for key in self.held)]

    def own_requests(self, foreign: Set[int]) -> list[Request]:
        return [request for key, request in self.requests.items() if key not in foreign] + self.anonymous

    def own_lines(self, foreign: Set[int]) -> Iterator[Line]:
        """The lines in file order, without those that another session owns."""
        for key, reply, at, flags in zip(self.keys, self.replies, self.times, self.flags, strict=True):
            if key not in foreign and reply not in foreign:
                yield Line(at, flags)
