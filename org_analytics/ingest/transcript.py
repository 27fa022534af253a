"""The content of one session's files in a form common to all providers, before lines are assigned to their owners."""

from array import array
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from .line_keys import CHILD, COPIED, NO_TIME, RESPONSE, KeyEntry

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
        return sum(self[3:8])  # from `input` to `read`


class TimedLine(NamedTuple):
    """A line of the main transcript: its time and its flags (`PROMPT`, `ANSWER`, `COPIED`)."""

    at: int
    flags: int


class LineUsage(NamedTuple):
    """The usage of a response as one line has it. `line` is the key of the line, 0 where it does not matter."""

    line: int
    is_copied: bool
    request: Request


@dataclass(slots=True)
class Transcript:
    """The relevant lines of the main transcript, the requests, and what is known about the session.

    Lines, the response that a line is part of, and requests have keys (`line_keys.hash_key`). Key 0 means without an
    identity: no other session can have the same line. Requests without an identity are in `anonymous`. For turns, the
    earliest start and the latest end are kept where the provider writes them. `cwds` has the last branch of each
    directory. `held` has keys that have no request here but must be known to sessions that have one for them.
    `child_lines` are keys of lines in children's transcripts that have usage.
    `models_without_usage` names the models whose requests and tokens the agent does not record: unknown is not zero.
    `exactness` ranks where the times come from, for agents that keep them in several places.
    """

    keys: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    replies: "array[int]" = field(default_factory=lambda: array("q"))
    flags: bytearray = field(default_factory=bytearray)
    seen: set[int] = field(default_factory=set)
    requests: dict[int, list[LineUsage]] = field(default_factory=dict)
    anonymous: list[Request] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    child_lines: set[int] = field(default_factory=set)
    models_without_usage: set[str] = field(default_factory=set)
    exactness: int = 0
    turn_start: int | None = None
    turn_end: int | None = None
    duration_known: bool = True
    clock_known: bool = True
    cwds: dict[str, str | None] = field(default_factory=dict)
    repo_url: str | None = None
    title: str = ""

    def add_line(self, key: int, at: int, flags: int, reply: int = 0) -> None:
        """Adds a line. A line whose key was already added is the same line again and is ignored.

        `reply`: the key of the response that a copied line is part of. The line is another session's if that is.
        """
        if key:
            if key in self.seen:
                return
            self.seen.add(key)
        self.keys.append(key)
        self.times.append(at)
        self.flags.append(flags)
        self.replies.append(reply)

    def add_request(self, key: int, request: Request, *, line: int = 0, copied: bool = False) -> None:
        """Adds the usage of a response. It is written several times, at first incomplete: the largest one counts.

        It is another session's if all of its lines are, or if it is only copied here and another session has it.
        """
        usages = self.requests.get(key)
        if usages is None:
            self.requests[key] = [LineUsage(line, copied, request)]
            return
        for index, usage in enumerate(usages):
            if usage.line == line and usage.is_copied == copied:
                usages[index] = LineUsage(line, copied, _largest((usage.request, request)))
                return
        usages.append(LineUsage(line, copied, request))

    def join_requests(self, key: int, other: int) -> None:
        """Makes two keys the same response: the usages of the first move to the second."""
        for usage in self.requests.pop(key, ()):
            self.add_request(other, usage.request, line=usage.line, copied=usage.is_copied)

    def add_turn(self, start: int | None, end: int | None) -> None:
        """Extends the span from the first turn's start to the last turn's end."""
        self.turn_start = min((at for at in (self.turn_start, start) if at is not None), default=None)
        self.turn_end = max((at for at in (self.turn_end, end) if at is not None), default=None)

    def key_entries(self) -> Iterator[KeyEntry]:
        """The entries that the state keeps: those of lines and responses that have a key."""
        for key, at, flags in zip(self.keys, self.times, self.flags, strict=True):
            if key:
                yield KeyEntry(key, at, flags & COPIED)
        for key, usages in self.requests.items():
            is_copied = all(usage.is_copied for usage in usages)
            yield KeyEntry(key, min([usage.request.at for usage in usages]), RESPONSE | (COPIED if is_copied else 0))
            for usage in usages:
                if usage.line in self.child_lines:
                    yield KeyEntry(usage.line, usage.request.at, CHILD | (COPIED if usage.is_copied else 0))
        for key in self.held:
            yield KeyEntry(key, NO_TIME, RESPONSE)

    def own_requests(self, foreign: Set[int]) -> list[Request]:
        """The requests without those that another session owns."""
        own = list(self.anonymous)
        for key, usages in self.requests.items():
            if len(usages) == 1 and not foreign:
                own.append(usages[0].request)
                continue
            is_foreign = key in foreign
            lines = [
                usage.request for usage in usages if usage.line not in foreign and not (is_foreign and usage.is_copied)
            ]
            if lines:
                own.append(_largest(lines))
        return own

    def tokens(self, foreign: Set[int] = frozenset()) -> int:
        """All tokens of the requests that no other session owns."""
        return sum(request.tokens for request in self.own_requests(foreign))

    def own_lines(self, foreign: Set[int]) -> Iterator[TimedLine]:
        """The lines in file order, without those that another session owns."""
        for key, reply, at, flags in zip(self.keys, self.replies, self.times, self.flags, strict=True):
            if key not in foreign and reply not in foreign:
                yield TimedLine(at, flags)

    def without_own_content(self) -> "Transcript":
        """Only the times of the lines: for a session that turned out to be part of another one."""
        return Transcript(
            keys=self.keys,
            times=self.times,
            replies=self.replies,
            flags=bytearray(len(self.flags)),
            duration_known=False,
            clock_known=False,
            repo_url=self.repo_url,
            cwds=self.cwds,
        )


def _largest(requests: Sequence[Request]) -> Request:
    """The largest of a response's usages, at the time when the response began."""
    if len(requests) == 1:
        return requests[0]
    largest, at = max(requests, key=_size), min(request.at for request in requests)
    return largest if largest.at == at else largest._replace(at=at)


def _size(request: Request) -> tuple[Any, ...]:
    """Orders the usages of one response by size. The other fields make the choice independent of the order of lines."""
    return request.tokens, request.output, request.searches, request[:-1]
