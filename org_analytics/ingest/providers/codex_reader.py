"""Reads the rollouts of one thread of Codex into the transcript of its session."""

from collections.abc import Sequence
from sys import intern
from typing import Any

from ..coerce import SECOND, count, instant, mapping, model_name, text
from ..jsonl import SkippedLines, read_lines
from ..transcript import UNKNOWN_MODEL, Request, Transcript
from .codex_messages import TURN_STARTS, Tokens, mark_of, tokens_of
from .codex_replay import Replay

_VENDOR = "openai"
_TURN_ENDS = ("task_complete", "turn_complete", "turn_aborted")
_TIERS = ("fast", "flex", "priority")


def read_thread(paths: Sequence[str], transcript: Transcript, skipped: SkippedLines, *, is_main: bool) -> None:
    """Reads the pages of a thread, in this order. Of a child's thread only usage and turns count."""
    reader = _ThreadReader(paths, transcript, skipped, is_main=is_main)
    for path in paths:
        reader.read(path)
    reader.finish()


class _ThreadReader:
    """Reads the pages of one thread. Totals, model, tier and turns go on from one page to the next."""

    def __init__(self, paths: Sequence[str], transcript: Transcript, skipped: SkippedLines, *, is_main: bool) -> None:
        self._paths = paths
        self._transcript = transcript
        self._skipped = skipped
        self._is_main = is_main
        self._thread_id: str | None = None
        self._replay: Replay | None = None
        self._model = ""
        self._tier = ""
        self._total: Tokens | None = None
        self._has_records = False
        self._records: dict[str, Request] = {}

    def read(self, path: str) -> None:
        if self._replay is not None:
            self._replay.begin_page(path)
        for number, _, line in read_lines(path, self._skipped):
            at = instant(line.get("timestamp"))
            if at is None:
                self._skipped.add(path, number, "no valid timestamp")
                continue
            kind, payload = line.get("type"), mapping(line.get("payload"))
            is_own_meta = kind == "session_meta" and self._thread_id is None
            if is_own_meta:
                self._read_meta(path, at, payload)
            is_replayed = not is_own_meta and self._is_replayed(number, at, line)
            if kind == "turn_context":
                self._model = model_name(payload.get("model")) or self._model
            elif kind == "token_usage_record":
                self._read_record(at, payload, is_replayed)
            elif kind == "event_msg":
                self._read_event(at, payload, is_replayed)
            if self._is_main and not is_replayed:
                self._transcript.add_line(0, at, mark_of(payload) if kind == "response_item" else 0)

    def finish(self) -> None:
        self._transcript.anonymous += self._records.values()

    def _read_meta(self, path: str, at: int, meta: dict[str, Any]) -> None:
        self._thread_id = text(meta.get("id")) or ""
        self._model = model_name(meta.get("model")) or ""
        self._replay = Replay.of(meta, at, self._paths)
        if self._replay is not None:
            self._replay.begin_page(path)
        if self._is_main:
            self._transcript.repo_url = text(mapping(meta.get("git")).get("repository_url"))

    def _is_replayed(self, number: int, at: int, line: dict[str, Any]) -> bool:
        return self._replay is not None and self._replay.covers(number, at, line)

    def _read_event(self, at: int, payload: dict[str, Any], is_replayed: bool) -> None:
        kind = payload.get("type")
        if kind == "token_count":
            self._read_count(at, mapping(payload.get("info")), is_replayed)
        elif kind == "thread_settings_applied":
            tier = mapping(payload.get("thread_settings")).get("service_tier")
            self._tier = "" if tier not in _TIERS else str(tier)
        elif not is_replayed and kind in TURN_STARTS:
            start = count(payload.get("started_at"))
            self._transcript.add_turn(at if start is None else start * SECOND, None)
        elif not is_replayed and kind in _TURN_ENDS:
            end = count(payload.get("completed_at"))
            self._transcript.add_turn(None, None if end is None else end * SECOND)

    def _read_record(self, at: int, payload: dict[str, Any], is_replayed: bool) -> None:
        """Reads the exact usage of one response. From the first record of any thread on, counts are not used."""
        self._has_records = True
        used, thread_id = tokens_of(payload.get("usage")), text(payload.get("thread_id"))
        if used is None or is_replayed or thread_id != self._thread_id:
            return
        request, response_id = self._request(at, used), text(payload.get("response_id"))
        if response_id is None:
            self._transcript.anonymous.append(request)
        else:
            self._records.setdefault(response_id, request)

    def _read_count(self, at: int, info: dict[str, Any], is_replayed: bool) -> None:
        total, used = tokens_of(info.get("total_token_usage")), tokens_of(info.get("last_token_usage"))
        is_repeated = total is not None and total == self._total
        if used is None and total is not None:
            used = total.since(self._total)
        self._total = total or self._total
        if used is not None and not (is_repeated or is_replayed or self._has_records):
            self._transcript.anonymous.append(self._request(at, used))

    def _request(self, at: int, used: Tokens) -> Request:
        return Request(
            vendor=_VENDOR,
            model=intern(self._model or UNKNOWN_MODEL),
            at=at,
            input=used.fresh,
            output=used.output,
            write_5m=used.write,
            read=used.read,
            tier=self._tier,
        )
