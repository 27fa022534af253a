"""Interprets single lines of Codex: token counts, prompts and answers."""

import re
from typing import Any, NamedTuple

from ..coerce import count, items, mapping, text
from ..injected_text import has_own_text
from ..transcript import ANSWER, PROMPT

TURN_STARTS = ("task_started", "turn_started")

_COUNTS = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens")

_INJECTED_TAGS = (
    "environment_context",
    "skill",
    "subagent_notification",
    "user_instructions",
    "INSTRUCTIONS",
    "turn_aborted",
    "codex_internal_context",
    "goal_context",
    "recommended_plugins",
)
_AGENTS_HEADING = re.compile(r"# AGENTS\.md instructions(?: for .+)?\s*")  # a person may write other words behind it


class Tokens(NamedTuple):
    """Token counts as Codex writes them: cached and written ones are part of the input, reasoning of the output."""

    input: int
    cached: int
    written: int
    output: int

    @property
    def read(self) -> int:
        """The input tokens that came from the cache; not more than there were."""
        return min(self.cached, self.input)

    @property
    def write(self) -> int:
        """The input tokens that were written to the cache; not more than there were."""
        return min(self.written, self.input - self.read)

    @property
    def fresh(self) -> int:
        """The other input tokens."""
        return self.input - self.read - self.write

    def since(self, before: "Tokens | None") -> "Tokens":
        """The difference to an earlier total; all of it where a total is smaller than before: it was reset."""
        if before is None or any(now < then for now, then in zip(self, before, strict=True)):
            return self
        return Tokens(*(now - then for now, then in zip(self, before, strict=True)))


def tokens_of(value: object) -> Tokens | None:
    """The counts of a usage; None where it has no valid count at all."""
    counts = [*map(count, map(mapping(value).get, _COUNTS))]
    if counts.count(None) == len(counts):
        return None
    return Tokens(*[number or 0 for number in counts])


def mark_of(payload: dict[str, Any]) -> int:
    """`PROMPT` for a message of a person, `ANSWER` for one of the model, else 0."""
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
    if not _AGENTS_HEADING.fullmatch(heading):
        return has_own_text(written, _INJECTED_TAGS)
    return rest.lstrip().startswith("<INSTRUCTIONS>") and has_own_text(rest, _INJECTED_TAGS)
