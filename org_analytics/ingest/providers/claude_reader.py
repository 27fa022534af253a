"""Reads the lines of one session of Claude Code into a transcript."""

from sys import intern
from typing import Any

from ..coerce import instant, mapping, model_name, text
from ..jsonl import SkippedLines, read_lines
from ..line_keys import COPIED, hash_key
from ..transcript import ANSWER, PROMPT, UNKNOWN_MODEL, Request, Transcript
from .claude_messages import advisor_requests, is_prompt, request_of

_MAX_CWDS = 8
_TITLES = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}  # the best one first
_SYNTHETIC = "<synthetic>"  # written by Claude Code itself: no model was asked


class ClaudeReader:
    """Reads the files of one session, its subagents' files first."""

    def __init__(self, session: str, skipped: SkippedLines, agents_with_files: set[str]) -> None:
        self._session = session
        self._skipped = skipped
        self._transcript = Transcript()
        self._responses = _ResponseKeys(session)
        self._with_files = agents_with_files
        self._without_files: dict[str, tuple[dict[str, Any], str | None, int]] = {}
        self._main_model: str | None = None
        self._titles: dict[str, str] = {}
        self._pull_request_repo: str | None = None

    def read_main(self, path: str) -> None:
        for number, raw, line in read_lines(path, self._skipped):
            kind = text(line.get("type"))
            if kind == "assistant" or kind == "user" or kind == "system":
                self._read_message(path, number, raw, line, kind)
            elif kind in _TITLES:
                title = text(line.get(_TITLES[kind]))
                if title is not None:
                    self._titles[kind] = title
            elif kind == "pr-link":
                self._pull_request_repo = text(line.get("prRepository")) or self._pull_request_repo

    def read_agent(self, path: str) -> None:
        """Reads a subagent's own transcript: only its usage counts."""
        for number, raw, line in read_lines(path, self._skipped):
            at = instant(line.get("timestamp"))
            if line.get("type") == "assistant" and at is not None:
                key = _line_key(raw, line)
                self._transcript.child_lines.add(key)
                self._read_usage(path, number, line, at, key, is_agent=True)

    def finish(self) -> Transcript:
        transcript = self._transcript
        for local, shared in self._responses.joined():
            transcript.join_requests(local, shared)
        transcript.held = {hash_key(b"agent", agent) for agent in self._with_files}
        for agent, (usage, model, at) in self._without_files.items():
            if agent not in self._with_files:
                self._add_agent(agent, usage, model or self._main_model or UNKNOWN_MODEL, at)
        transcript.title = next((self._titles[kind] for kind in _TITLES if kind in self._titles), "")
        transcript.repo_url = self._pull_request_repo
        return transcript

    def _add_agent(self, agent: str, usage: dict[str, Any], model: str, at: int) -> None:
        """Adds the usage of a subagent without a file.

        It is marked as copied: a fork has this line too, but another session may have the subagent's file.
        """
        key, request = hash_key(b"agent", agent), request_of(usage, model, at)
        if request is not None:
            self._transcript.add_request(key, request, copied=True)
        for name, advice in advisor_requests(usage, at):
            self._transcript.add_request(hash_key(b"agent", agent + name), advice, line=key, copied=True)

    def _read_message(self, path: str, number: int, raw: bytes, line: dict[str, Any], kind: str) -> None:
        at = instant(line.get("timestamp"))
        if at is None:
            self._skipped.add(path, number, "no valid timestamp")
            return
        line_key, reply = _line_key(raw, line), 0
        is_copied = _is_copied(line)
        flags = COPIED if is_copied else 0
        is_sidechain = line.get("isSidechain") is True
        if kind == "assistant":
            reply = self._read_usage(path, number, line, at, line_key, is_agent=is_sidechain)
            flags |= 0 if is_sidechain else ANSWER
        elif kind == "user":
            self._add_directory(line)
            self._keep_agent_usage(line, at)
            flags |= PROMPT if not is_sidechain and is_prompt(line) else 0
        self._transcript.add_line(line_key, at, flags, reply if is_copied else 0)

    def _read_usage(
        self, path: str, number: int, line: dict[str, Any], at: int, line_key: int, *, is_agent: bool
    ) -> int:
        """Adds the usage of a response. Returns the key of the response that the line is a part of, 0 for none."""
        message = mapping(line.get("message"))
        model = model_name(message.get("model")) or UNKNOWN_MODEL
        if model == _SYNTHETIC:
            return 0
        agent = text(line.get("agentId"))
        if is_agent and agent is not None:
            self._with_files.add(agent)
        elif not is_agent and model != UNKNOWN_MODEL:
            self._main_model = intern(model)
        usage = mapping(message.get("usage"))
        request = request_of(usage, model, at)
        if request is None and message.get("usage") is not None:
            self._skipped.add(path, number, "no valid usage")
        if "iterations" in usage:
            for name, advice in advisor_requests(usage, at):
                self._add_request(line, advice, line_key, part=name)
        return self._add_request(line, request, line_key)

    def _add_request(self, line: dict[str, Any], request: Request | None, line_key: int, part: str = "") -> int:
        identity = text(mapping(line.get("message")).get("id"))
        if identity is not None:
            key = self._responses.key(identity + part, text(line.get("requestId")))
        else:
            key = hash_key(b"part", f"{line_key}{part}") if part else line_key
        if request is not None:
            self._transcript.add_request(key, request, line=line_key, copied=_is_copied(line))
        return key

    def _add_directory(self, line: dict[str, Any]) -> None:
        cwd, cwds = text(line.get("cwd")), self._transcript.cwds
        if cwd is not None and (cwd in cwds or len(cwds) < _MAX_CWDS):
            cwds[cwd] = text(line.get("gitBranch"))

    def _keep_agent_usage(self, line: dict[str, Any], at: int) -> None:
        """Keeps the usage that a subagent's result names: the only record of a subagent without a file."""
        result = mapping(line.get("toolUseResult"))
        agent, usage = text(result.get("agentId")), mapping(result.get("usage"))
        if agent is not None and usage:
            model = model_name(result.get("model")) or model_name(usage.get("model")) or self._main_model
            self._without_files[agent] = (usage, model, at)


class _ResponseKeys:
    """The keys of responses. A response is named by its message id and its request id.

    Some gateways give every response the same message id, so without a request id it counts in its own session only.
    Of the lines of one response, some may lack the request id.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._request_ids: dict[str, str] = {}
        self._without_request_id: set[str] = set()
        self._last: tuple[str, str | None] = ("", None)
        self._last_key = 0

    def key(self, identity: str, request_id: str | None) -> int:
        if (identity, request_id) != self._last:  # mostly the lines of a response follow each other
            self._last, self._last_key = (identity, request_id), self._new_key(identity, request_id)
        return self._last_key

    def _new_key(self, identity: str, request_id: str | None) -> int:
        if request_id is None:
            self._without_request_id.add(identity)
            return hash_key(b"local", f"{self._session} {identity}")
        self._request_ids.setdefault(identity, request_id)
        return hash_key(b"reply", f"{identity} {request_id}")

    def joined(self) -> list[tuple[int, int]]:
        """The keys without a request id that are the same response as one with a request id, and the keys of those."""
        both = self._without_request_id & self._request_ids.keys()
        return [(self._new_key(name, None), self._new_key(name, self._request_ids[name])) for name in both]


def _is_copied(line: dict[str, Any]) -> bool:
    return line.get("forkedFrom") is not None


def _line_key(raw: bytes, line: dict[str, Any]) -> int:
    uuid = text(line.get("uuid"))
    return hash_key(b"line", uuid) if uuid is not None else hash_key(b"raw", raw.strip())
