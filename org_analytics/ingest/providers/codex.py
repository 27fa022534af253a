"""Finds and reads the transcripts ("rollouts") of Codex."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any

from ..coerce import SECOND, count, instant, mapping, model_name, text
from ..files import FileReport, stat_file, walk_files
from ..jsonl import SkippedLines, read_lines
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..state import SourceFile
from ..transcript import UNKNOWN_MODEL, Request, Transcript
from .codex_messages import TURN_STARTS, Replay, Tokens, mark_of, tokens_of

_VENDOR = "openai"
_DIRECTORIES = ("sessions", "archived_sessions")
_PEEKED_LINES = 20
_TURN_ENDS = ("task_complete", "turn_complete", "turn_aborted")
_TIERS = ("fast", "flex", "priority")


class Codex:
    """A rollout names its session in its `session_meta` line. A child is the rollout of a subagent's thread."""

    name = "codex"
    parser_version = 2
    layout = "sessions/YYYY/MM/DD/rollout-*.jsonl or archived_sessions/rollout-*.jsonl"

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        named = environ.get("CODEX_HOME", "").strip()
        return [Path(os.path.expanduser(named)) if named else home / ".codex"]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        for below in _DIRECTORIES:
            for path in walk_files(root, below, self.name, report):
                file = os.path.basename(path)
                if file.startswith("rollout-") and file.endswith(".jsonl"):
                    found = self.find_file(path)
                    if found is None:
                        report.refuse(self.name, path, "does not name its session")
                    else:
                        yield found

    def find_file(self, path: str) -> FoundFile | None:
        path = os.path.realpath(path)
        file = stat_file(path)
        identity = None if file is None else _identity(path)
        return None if file is None or identity is None else FoundFile(file, identity, file.size)

    def choose(self, main: list[SourceFile]) -> list[SourceFile]:
        """One: the active copy rather than an archived one, then the longer one, then the first by path."""
        return sorted(main, key=lambda file: (_is_archived(file.path), -file.size, file.path))[:1]

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        transcript = Transcript()
        for file in files.main:
            _Reader(transcript, skipped, is_main=True).read(file.path)
        for file in files.children:
            _Reader(transcript, skipped, is_main=False).read(file.path)
        return transcript

    def close(self) -> None:
        """Nothing stays open between two files."""


def _identity(path: str) -> FileIdentity | None:
    for number, _, line in read_lines(path, SkippedLines()):
        if line.get("type") == "session_meta":
            meta = mapping(line.get("payload"))
            own_id = text(meta.get("id"))
            return None if own_id is None else FileIdentity(own_id, _parent(meta) if _is_child(meta) else None)
        if number >= _PEEKED_LINES:
            break
    return None


def _is_archived(path: str) -> bool:
    return "archived_sessions" in path.split(os.sep)


def _is_child(meta: dict[str, Any]) -> bool:
    return meta.get("thread_source") not in (None, "", "user") or "subagent" in mapping(meta.get("source"))


def _parent(meta: dict[str, Any]) -> str | None:
    """The thread that spawned a child or that a fork was made of; "" where a child does not say."""
    spawn = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
    return text(spawn.get("parent_thread_id")) or text(meta.get("forked_from_id")) or ""


class _Reader:
    """Reads one rollout into the transcript of its session: all of the main one; of a child only usage and turns."""

    def __init__(self, transcript: Transcript, skipped: SkippedLines, *, is_main: bool) -> None:
        self._transcript = transcript
        self._skipped = skipped
        self._is_main = is_main
        self._has_meta = False
        self._replay = Replay(None)
        self._model = ""
        self._tier = ""
        self._total: Tokens | None = None

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
                self._transcript.add_line(0, at, mark_of(payload) if kind == "response_item" else 0)

    def _read_meta(self, at: int, meta: dict[str, Any]) -> None:
        self._has_meta = True
        self._model = model_name(meta.get("model")) or ""
        if _parent(meta):
            self._replay = Replay(at)
        if self._is_main:
            self._transcript.repo_url = text(mapping(meta.get("git")).get("repository_url"))

    def _read_event(self, at: int, payload: dict[str, Any], replayed: bool) -> None:
        kind = payload.get("type")
        if kind == "token_count":
            self._read_usage(at, mapping(payload.get("info")), replayed)
        elif kind == "thread_settings_applied":
            tier = mapping(payload.get("thread_settings")).get("service_tier")
            self._tier = "" if tier not in _TIERS else str(tier)
        elif not replayed and kind in TURN_STARTS:
            start = count(payload.get("started_at"))
            self._transcript.add_turn(at if start is None else start * SECOND, None)
        elif not replayed and kind in _TURN_ENDS:
            end = count(payload.get("completed_at"))
            self._transcript.add_turn(None, None if end is None else end * SECOND)

    def _read_usage(self, at: int, info: dict[str, Any], replayed: bool) -> None:
        total, used = tokens_of(info.get("total_token_usage")), tokens_of(info.get("last_token_usage"))
        repeated = total is not None and total == self._total
        if used is None and total is not None:
            used = total.since(self._total)
        self._total = total or self._total
        if used is None or repeated or replayed:
            return
        request = Request(
            vendor=_VENDOR,
            model=intern(self._model or UNKNOWN_MODEL),
            at=at,
            input=used.input - used.read,
            output=used.output,
            read=used.read,
            tier=self._tier,
        )
        self._transcript.anonymous.append(request)
