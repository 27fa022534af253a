"""The meaning of single messages of OpenCode: their times, their usage, and whether a person sent them."""

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

from ...limits import MAX_COST_USD
from ..coerce import count, instant_of_ms, mapping, model_name, text
from ..line_keys import hash_key
from ..transcript import UNKNOWN_MODEL, Request

_VENDORS = {  # OpenCode's name of a provider: the price list's name of the vendor
    "amazon-bedrock": "aws",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure-cognitive-services": "azure",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks-ai": "fireworks",
    "github-copilot": "github-copilot",
    "google": "google",
    "google-vertex": "google",
    "google-vertex-anthropic": "google",
    "groq": "groq",
    "mistral": "mistral",
    "moonshotai": "moonshotai",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "togetherai": "together",
    "xai": "x-ai",
    "x-ai": "x-ai",
    "zai": "zai",
    "z-ai": "zai",
    "zhipuai": "zhipuai",
}
_NAMES_WITH_VENDOR = ("openrouter", "groq", "together", "fireworks")  # their price lists name models with the vendor
_DEFAULT_TITLE = re.compile(r"(?:New|Child) session - \d{4}-\d{2}-\d{2}T[\d:.]+Z")
_ATTACHMENTS = ("file", "agent", "subtask")


class Kind(IntEnum):
    """The kinds of messages. OTHER ones only have a time. The parts of a USER message tell if a person sent it."""

    OTHER = 0
    USER = 1
    PROMPT = 2
    ANSWER = 3


class Message(NamedTuple):
    """One message. Time, sequence and id give its place in the conversation. Times are in microseconds."""

    created: int
    sequence: int
    id: str
    kind: Kind
    completed: int | None = None
    request: Request | None = None
    key: int = 0
    parent_id: str | None = None
    has_failed: bool = False


class UserParts(NamedTuple):
    """What the parts of a user message say."""

    is_prompt: bool = False
    is_only_synthetic: bool = False
    is_manual_compaction: bool = False


def read_message(identity: str, column_time: object, data: dict[str, Any]) -> Message | None:
    """A message of version 1 (`message`); None without a time or a role."""
    times, role = mapping(data.get("time")), data.get("role")
    created = instant_of_ms(times.get("created")) or instant_of_ms(column_time)
    if created is None or role not in ("user", "assistant"):
        return None
    if role == "user":
        return Message(created, 0, identity, Kind.USER)
    completed = instant_of_ms(times.get("completed"))
    usage, key = _usage(data, created, completed, data.get("providerID"), data.get("modelID"))
    failed = data.get("error") is not None
    parent = text(data.get("parentID"))
    return Message(created, 0, identity, Kind.ANSWER, completed, usage, key, parent, failed)


def read_row(
    identity: str, kind: object, sequence: object, column_time: object, data: dict[str, Any]
) -> Message | None:
    """A message of version 2 (`session_message`); None without a time, or if it is not part of the conversation."""
    times, model = mapping(data.get("time")), mapping(data.get("model"))
    created = instant_of_ms(times.get("created")) or instant_of_ms(column_time)
    position = count(sequence) or 0
    if created is None or kind not in ("user", "assistant", "compaction", "shell", "synthetic"):
        return None
    if kind == "user":
        return Message(created, position, identity, Kind.PROMPT)
    completed = instant_of_ms(times.get("completed"))
    if kind not in ("assistant", "compaction"):
        return Message(created, position, identity, Kind.OTHER, completed)
    usage, key = _usage(data, created, completed, model.get("providerID"), model.get("id"))
    is_answer = kind == "assistant" or data.get("reason") == "auto"
    return Message(created, position, identity, Kind.ANSWER if is_answer else Kind.OTHER, completed, usage, key)


def read_parts(parts: Iterable[dict[str, Any]]) -> UserParts:
    """What a user message is, from its parts. A person sent it if there is text of theirs, a file or an instruction."""
    is_prompt = has_synthetic = has_other = is_manual = False
    for part in parts:
        kind = part.get("type")
        if kind == "text":
            written = text(part.get("text"))
            is_own = part.get("synthetic") is not True and part.get("ignored") is not True
            has_synthetic |= not is_own
            is_prompt |= is_own and written is not None and not written.isspace()
        elif kind == "compaction":
            is_manual |= part.get("auto") is not True
            has_other = True
        else:
            has_other = True
            is_prompt |= kind in _ATTACHMENTS
    return UserParts(is_prompt, has_synthetic and not is_prompt and not has_other, is_manual and not is_prompt)


def title_of(value: object) -> str:
    """A session's title, "" for the one that it has before OpenCode finds a better one."""
    title = text(value) or ""
    return "" if _DEFAULT_TITLE.fullmatch(title) else title


class TokenCounts(NamedTuple):
    """The counts as OpenCode writes them, without its total."""

    input: int
    output: int
    reasoning: int
    read: int
    write: int


def token_counts(tokens: dict[str, Any]) -> TokenCounts:
    """The counts of a message; what is not a count is 0."""
    get, cache = tokens.get, mapping(tokens.get("cache"))
    values = (get("input"), get("output"), get("reasoning"), cache.get("read"), cache.get("write"))
    return TokenCounts._make([count(value) or 0 for value in values])


def fresh_and_output(counts: TokenCounts, total: int | None) -> tuple[int, int]:
    """Uncached input, and output with reasoning: old versions count cached or reasoning tokens twice; `total` tells."""
    given, output, reasoning, read, write = counts
    cached = read + write
    if total is None:
        return given, output + reasoning
    for fresh in (given, given - cached):
        for produced in (output + reasoning, output):
            if fresh >= 0 and fresh + produced + cached == total:
                return fresh, produced
    return given, output + reasoning


def _usage(
    data: dict[str, Any], created: int, completed: int | None, provider: object, model: object
) -> tuple[Request | None, int]:
    """The usage of a response, None where it has none, and the key that it and its copies in forks have in common.

    The ids of copies differ, and an import by version 2 loses the total.
    """
    tokens = mapping(data.get("tokens"))
    counts = token_counts(tokens)
    if not any(counts):
        return None, 0
    key = hash_key(b"opencode", f"{created}|{completed}|{text(provider)}|{text(model)}|{[*counts]}")
    fresh, output = fresh_and_output(counts, count(tokens.get("total")))
    vendor, name = _vendor_and_model(text(provider) or "", model_name(model) or UNKNOWN_MODEL)
    cost = _cost(data.get("cost"))
    usage = Request(vendor, name, created, fresh, output, counts.write, 0, counts.read, 0, "", "", "", cost)
    return usage, key


@lru_cache(maxsize=1024)
def _vendor_and_model(provider: str, model: str) -> tuple[str, str]:
    vendor = _VENDORS.get(provider, "")
    prefix, slash, rest = model.partition("/")
    if slash and rest and vendor not in _NAMES_WITH_VENDOR and (prefix in _VENDORS or prefix == provider):
        return vendor or _VENDORS.get(prefix, ""), rest
    return vendor, model


def _cost(value: object) -> Decimal | None:
    """OpenCode's own figure. Its 0 can mean no price, a subscription or free of charge: unknown."""
    if type(value) is not int and type(value) is not float:
        return None
    return Decimal(repr(value)) if 0 < value <= MAX_COST_USD else None
