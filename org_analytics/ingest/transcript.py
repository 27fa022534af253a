"""The content of one session's files in a form common to all providers, before lines are assigned to their owners."""

from array import array
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from .line_keys import COPIED, NO_TIME, RESPONSE, KeyEntry

PROMPT = 4
ANSWER = 8
UNKNOWN_MODEL = "unknown"


class Request(NamedTuple):
    """One request to a model at a time in microseconds. The four classes input, output, write and read are disjoint.

    An empty `vendor` means that the price list is asked for the model alone. `region` names the place of inference
    where it changes the price. `reported_cost` is the agent's own figure; it counts only where the price list does not
    know the model.
    """

    vendor: str
    model: str
    at: int
    input: int = 0
    output: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    searches: int = 0
    speed: str = ""
    tier: str = ""
    region: str = ""
    reported_cost: Decimal | None = None

    @property
    def tokens(self) -> int:
        """All tokens of the request."""
        return self.input + self.output + self.write_5m + self.write_1h + self.read


class TimedLine(NamedTuple):
    """A line of the main transcript: its time and its flags (`PROMPT`, `ANSWER`, `COPIED`)."""

    at: int
    flags: int


@dataclass(slots=True)
class Transcript:
    """The relevant lines of the main transcript, the requests, and what is known about the session.

    Lines, the response that a line is part of, and requests have keys (`line_keys.hash_key`). Key 0 means without an
    identity: no other session can have the same line. Requests without an identity are in `anonymous`. For turns, the
    earliest start and the latest end are kept where the provider writes them. `cwds` has the last branch of each
    directory. `held` has keys that have no request here but must be known to sessions that have one for them.
    `models_without_usage` names the models whose requests and tokens the agent does not record: unknown is not zero.
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
    models_without_usage: set[str] = field(default_factory=set)
    turn_start: int | None = None
    turn_end: int | None = None
    duration_known: bool = True
    clock_known: bool = True
    cwds: dict[str, str | None] = field(default_factory=dict)
    repo_url: str | None = None
    title: str = ""

    def add_line(self, key: int, at: int, flags: int, reply: int = 0) -> None:
        """Adds a line. A line whose key was already added is the same line again and is ignored."""
        if key:
            if key in self.seen:
                return
            self.seen.add(key)
        self.keys.append(key)
        self.times.append(at)
        self.flags.append(flags)
        self.replies.append(reply)

    def add_request(self, key: int, request: Request, *, copied: bool = False) -> None:
        """Adds the usage of a response. It is written several times, at first incomplete: the largest one counts."""
        before = self.requests.get(key)
        if before is not None:
            request = max(before, request, key=_size)._replace(at=min(before.at, request.at))
        if copied and before is None:
            self.copied_requests.add(key)
        elif not copied:
            self.copied_requests.discard(key)
        self.requests[key] = request

    def add_turn(self, start: int | None, end: int | None) -> None:
        """Extends the span from the first turn's start to the last turn's end."""
        self.turn_start = min((at for at in (self.turn_start, start) if at is not None), default=None)
        self.turn_end = max((at for at in (self.turn_end, end) if at is not None), default=None)

    def key_entries(self) -> Iterator[KeyEntry]:
        """The entries that the state keeps: those of lines and responses that have a key."""
        for key, at, flags in zip(self.keys, self.times, self.flags, strict=True):
            if key:
                yield KeyEntry(key, at, flags & COPIED)
        for key, request in self.requests.items():
            yield KeyEntry(key, request.at, RESPONSE | (COPIED if key in self.copied_requests else 0))
        for key in self.held:
            yield KeyEntry(key, NO_TIME, RESPONSE)

    def own_requests(self, foreign: Set[int]) -> list[Request]:
        """The requests without those that another session owns."""
        return [request for key, request in self.requests.items() if key not in foreign] + self.anonymous

    def tokens(self, foreign: Set[int] = frozenset()) -> int:
        """All tokens of the requests that no other session owns."""
        return sum(request.tokens for request in self.own_requests(foreign))

    def own_lines(self, foreign: Set[int]) -> Iterator[TimedLine]:
        """The lines in file order, without those that another session owns."""
        for key, reply, at, flags in zip(self.keys, self.replies, self.times, self.flags, strict=True):
            if key not in foreign and reply not in foreign:
                yield TimedLine(at, flags)


def _size(request: Request) -> tuple[Any, ...]:
    """Orders the usages of one response by size. The other fields make the choice independent of the order of lines."""
    return request.tokens, request.output, request.searches, request[:-1]
