"""Codex's transcripts ("rollouts"): where they are and what their lines mean."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple

from .lines import Skipped, read_lines
from .prompts import has_own_text
from .sources import Claim, SessionFiles
from .state import SourceFile
from .transcripts import ANSWER, PROMPT, UNKNOWN_MODEL, Request, Transcript
from .values import SECOND, count, instant, items, mapping, model_name, text

name = "codex"
vendor = "openai"
parser_version = 1

_PLACES = ("sessions", "archived_sessions")
_PEEKED_LINES = 20
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


def roots(environ: Mapping[str, str], home: Path) -> list[Path]:
    named = environ.get("CODEX_HOME", "").strip()
    return [Path(named).expanduser() if named else home / ".codex"]


def find(root: Path) -> Iterator[str]:
    """The rollouts below what `CODEX_HOME` names, archived ones included."""
    for place in _PLACES:
        for directory, _, names in os.walk(root / place):
            for file in names:
                if file.startswith("rollout-") and file.endswith(".jsonl"):
                    yield os.path.join(directory, file)


def claim(path: str) -> Claim | None:
    for number, _, line in read_lines(path, Skipped()):
        if line.get("type") == "session_meta":
            meta = mapping(line.get("payload"))
            own_id = text(meta.get("id"))
            return None if own_id is None else Claim(own_id, _parent(meta) if _is_child(meta) else None)
        if number >= _PEEKED_LINES:
            break
    return None


def choose(main: list[SourceFile]) -> list[SourceFile]:
    """One: the active copy rather than an archived one, the longer, the first by path."""
    return sorted(main, key=lambda file: (_is_archived(file.path), -file.size, file.path))[:1]


def read(files: SessionFiles, skipped: Skipped) -> Transcript:
    transcript = Transcript()
    for file in files.main:
        _Reader(transcript, skipped, is_main=True).read(file.path)
    for file in files.others:
        _Reader(transcript, skipped, is_main=False).read(file.path)
    return transcript


def _is_archived(path: str) -> bool:
    return "archived_sessions" in path.split(os.sep)


def _is_child(meta: dict[str, Any]) -> bool:
    return meta.get("thread_source") not in (None, "", "user") or "subagent" in mapping(meta.get("source"))


def _parent(meta: dict[str, Any]) -> str | None:
    """The thread that a child was spawned by or a fork was made of; "" where a child does not say."""
    spawn = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
    return text(spawn.get("parent_thread_id")) or text(meta.get("forked_from_id")) or ""


class _Tokens(NamedTuple):
    """Token counts as Codex writes them: cached ones are part of the input, reasoning of the output."""

    input: int
    cached: int
    output: int

    def since(self, before: "_Tokens | None") -> "_Tokens":
        """What was added; all of it where a total is smaller than before: it was reset."""
        if before is None or any(now < then for now, then in zip(self, before, strict=True)):
            return self
        return _Tokens(*(now - then for now, then in zip(self, before, strict=True)))


def _tokens(value: object) -> _Tokens | None:
    usage = mapping(value)
    counts = [count(usage.get(field)) for field in ("input_tokens", "cached_input_tokens", "output_tokens")]
    if all(number is None for number in counts):
        return None
    whole, cached, output = (number or 0 for number in counts)
    return _Tokens(whole, min(cached, whole), output)


class _Replay:
    """Whether a fork is still repeating its parent's history, with new timestamps, at the head of its file.

    It is over with the first pause, or with a turn not started before the fork: replayed turns keep their start.
    """

    def __init__(self, forked_at: int | None) -> None:
        self._forked_at = forked_at
        self._last = forked_at

    def covers(self, at: int, payload: dict[str, Any]) -> bool:
        if self._last is None or self._forked_at is None:
            return False
        start = count(payload.get("started_at")) if payload.get("type") in _TURN_STARTS else None
        if at - self._last > _REPLAY_PAUSE or (start is not None and start >= self._forked_at // SECOND):
            self._last = None
            return False
        self._last = max(self._last, at)
        return True


_TURN_STARTS = ("task_started", "turn_started")
_TURN_ENDS = ("task_complete", "turn_complete", "turn_aborted")
_TIERS = ("fast", "flex", "priority")


class _Reader:
    """Reads one rollout into the transcript of its session: all of the main one; of a child only usage and turns."""

    def __init__(self, transcript: Transcript, skipped: Skipped, *, is_main: bool) -> None:
        self._transcript = transcript
        self._skipped = skipped
        self._is_main = is_main
        self._has_meta = False
        self._replay = _Replay(None)
        self._model = ""
        self._tier = ""
        self._total: _Tokens | None = None

    def read(self, path: str) -> None:
        for number, _, line in read_lines(path, self._skipped):
            at = instant(line.get("timestamp"))
            if at is None:
                self._skipped.add(path, number, "no valid timestamp")
                continue
            kind, payload = line.get("type"), mapping(line.get("payload"))
            is_own_meta = kind == "session_meta" and not self._has_meta
            if is_own_meta:
                self._read_meta(at, payload)
            replayed = not is_own_meta and self._replay.covers(at, payload)
            if kind == "turn_context":
                self._model = model_name(payload.get("model")) or self._model
            elif kind == "event_msg":
                self._read_event(at, payload, replayed)
            if self._is_main and not replayed:
                self._transcript.add_line(0, at, _mark(payload) if kind == "response_item" else 0)

    def _read_meta(self, at: int, meta: dict[str, Any]) -> None:
        self._has_meta = True
        self._model = model_name(meta.get("model")) or ""
        if _parent(meta):
            self._replay = _Replay(at)
        if self._is_main:
            self._transcript.repo_url = text(mapping(meta.get("git")).get("repository_url"))

    def _read_event(self, at: int, payload: dict[str, Any], replayed: bool) -> None:
        kind = payload.get("type")
        if kind == "token_count":
            self._read_usage(at, mapping(payload.get("info")), replayed)
        elif kind == "thread_settings_applied":
            tier = mapping(payload.get("thread_settings")).get("service_tier")
            self._tier = "" if tier not in _TIERS else str(tier)
        elif not replayed and kind in _TURN_STARTS:
            start = count(payload.get("started_at"))
            self._transcript.add_turn(at if start is None else start * SECOND, None)
        elif not replayed and kind in _TURN_ENDS:
            end = count(payload.get("completed_at"))
            self._transcript.add_turn(None, None if end is None else end * SECOND)

    def _read_usage(self, at: int, info: dict[str, Any], replayed: bool) -> None:
        total, used = _tokens(info.get("total_token_usage")), _tokens(info.get("last_token_usage"))
        repeated = total is not None and total == self._total
        if used is None and total is not None:
            used = total.since(self._total)
        self._total = total or self._total
        if used is None or repeated or replayed:
            return
        fresh = used.input - used.cached
        model = intern(self._model or UNKNOWN_MODEL)
        tokens = used.input + used.output
        request = Request(tokens, used.output, fresh, 0, 0, used.cached, 0, "", self._tier, model, at)
        self._transcript.anonymous.append(request)


def _mark(payload: dict[str, Any]) -> int:
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
