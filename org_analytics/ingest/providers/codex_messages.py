"""Interprets single lines of Codex: token counts, prompts and answers, and where a fork's own lines begin."""

from typing import Any, NamedTuple

from ..coerce import SECOND, count, items, mapping, text
from ..injected_text import has_own_text
from ..transcript import ANSWER, PROMPT

TURN_STARTS = ("task_started", "turn_started")

_REPLAY_PAUSE = SECOND  # a replayed history is written in one go, within some 10 ms
_INJECTED_TAGS = (
    "environment_context",
    "skill",
    "subagent_notification",
    "user_instructions",
    "INSTRUCTIONS",
    "turn_aborted",
)
_AGENTS_HEADING = "# AGENTS.md instructions"


class Tokens(NamedTuple):
    """Token counts as Codex writes them: cached ones are part of the input, reasoning of the output."""

    input: int
    cached: int
    output: int

    @property
    def read(self) -> int:
        """The cached part; no more than there was."""
        return min(self.cached, self.input)

    def since(self, before: "Tokens | None") -> "Tokens":
        """What was added; all of it where a total is smaller than before: it was reset."""
        if before is None or any(now < then for now, then in zip(self, before, strict=True)):
            return self
        return Tokens(*(now - then for now, then in zip(self, before, strict=True)))


def tokens_of(value: object) -> Tokens | None:
    usage = mapping(value)
    counts = [count(usage.get(field)) for field in ("input_tokens", "cached_input_tokens", "output_tokens")]
    if all(number is None for number in counts):
        return None
    whole, cached, output = (number or 0 for number in counts)
    return Tokens(whole, cached, output)


class Replay:
    """Whether a fork is still repeating its parent's history, with new timestamps, at the head of its file.

    It is over with the first pause, or with a turn not started before the fork: replayed turns keep their start.
    """

    def __init__(self, forked_at: int | None) -> None:
        self._forked_at = forked_at
        self._last = forked_at

    def covers(self, at: int, payload: dict[str, Any]) -> bool:
        if self._last is None or self._forked_at is None:
            return False
        start = count(payload.get("started_at")) if payload.get("type") in TURN_STARTS else None
        if at - self._last > _REPLAY_PAUSE or (start is not None and start >= self._forked_at // SECOND):
            self._last = None
            return False
        self._last = max(self._last, at)
        return True


def mark_of(payload: dict[str, Any]) -> int:
    if payload.get("type") != "message":
        return 0
    role = payload.get("role")
    if role == "assistant":
        return ANSWER
    return PROMPT if role == "user" and any(_is_own(mapping(part)) for part in items(payload.get("content"))) else 0


def _is_own(part: dict[str, Any]) -> bool:
    kind, written = part.get("type"), text(part.get("text"))
    if kind != "input_text" or written is None:
        return kind == "input_image"
    heading, _, rest = written.lstrip().partition("\n")
    if not heading.startswith(_AGENTS_HEADING):
        return has_own_text(written, _INJECTED_TAGS)
    return rest.lstrip().startswith("<INSTRUCTIONS>") and has_own_text(rest, _INJECTED_TAGS)
