"""Finds and reads the transcripts of Claude Code."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any

from ..coerce import instant, mapping, model_name, text
from ..files import FileReport, stat_file, walk_files
from ..jsonl import SkippedLines, read_lines
from ..line_keys import COPIED, hash_key
from ..protocol import FileIdentity, FoundFile, SessionFiles
from ..state import SourceFile
from ..transcript import ANSWER, PROMPT, UNKNOWN_MODEL, Transcript
from .claude_messages import is_prompt, request_of

_PROJECTS = "projects"
_AGENT_PREFIX = "agent-"
_PEEKED_LINES = 20
_MAX_CWDS = 8
_TITLES = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}  # the best one first


class ClaudeCode:
    """A main transcript is named after its session. A child is a subagent's transcript."""

    name = "claude-code"
    parser_version = 2
    layout = "projects/DIRECTORY/SESSION.jsonl"

    def roots(self, environ: Mapping[str, str], home: Path) -> list[Path]:
        named = [part.strip() for part in environ.get("CLAUDE_CONFIG_DIR", "").split(",")]
        paths = [Path(os.path.expanduser(part)) for part in named if part]
        return paths or [home / ".claude", home / ".config" / "claude"]

    def find(self, root: Path, report: FileReport) -> Iterator[FoundFile]:
        projects = str(root / _PROJECTS)
        for path in walk_files(root, _PROJECTS, self.name, report):
            directory, file = os.path.split(path)
            is_main = os.path.dirname(directory) == projects
            if file.endswith(".jsonl") and (is_main or file.startswith(_AGENT_PREFIX)):
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
        """All of them: a session that was continued from another directory may have a part in each."""
        return sorted(main, key=lambda file: (file.mtime_ns, file.path))

    def read(self, files: SessionFiles, skipped: SkippedLines) -> Transcript:
        reader = _Reader(skipped, {_agent_id(file.path) for file in files.children})
        for file in files.children:
            reader.read_agent(file.path)
        for file in files.main:
            reader.read_main(file.path)
        return reader.finish()

    def close(self) -> None:
        """Nothing stays open between two files."""


def _identity(path: str) -> FileIdentity | None:
    """The session of a file. A subagent's file is in its session's directory or names the session in its lines."""
    directory, file = os.path.split(path)
    if not file.startswith(_AGENT_PREFIX):
        return FileIdentity(file.removesuffix(".jsonl"), None)
    above = directory.split(os.sep)
    if "subagents" in above:
        at = len(above) - 1 - above[::-1].index("subagents")
        return FileIdentity(None, above[at - 1])
    for number, _, line in read_lines(path, SkippedLines()):
        session = text(line.get("sessionId"))
        if session is not None:
            return FileIdentity(None, session)
        if number >= _PEEKED_LINES:
            break
    return None


def _agent_id(path: str) -> str:
    return os.path.basename(path).removeprefix(_AGENT_PREFIX).removesuffix(".jsonl")


class _Reader:
    """Reads the files of one session into a transcript, its subagents' files first."""

    def __init__(self, skipped: SkippedLines, agents_with_files: set[str]) -> None:
        self._skipped = skipped
        self._transcript = Transcript()
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
                self._read_usage(path, number, line, at, _line_key(raw, line), agent=True)

    def finish(self) -> Transcript:
        transcript = self._transcript
        transcript.held = {hash_key(b"agent", agent) for agent in self._with_files}
        for agent, (usage, model, at) in self._without_files.items():
            request = request_of(usage, model or self._main_model or UNKNOWN_MODEL, at)
            if request is not None and agent not in self._with_files:
                # Marked as copied: a fork has this line too, but another session may have the subagent's file.
                transcript.add_request(hash_key(b"agent", agent), request, copied=True)
        transcript.title = next((self._titles[kind] for kind in _TITLES if kind in self._titles), "")
        transcript.repo_url = self._pull_request_repo
        return transcript

    def _read_message(self, path: str, number: int, raw: bytes, line: dict[str, Any], kind: str) -> None:
        at = instant(line.get("timestamp"))
        if at is None:
            self._skipped.add(path, number, "no valid timestamp")
            return
        line_key, reply = _line_key(raw, line), 0
        flags = 0 if line.get("forkedFrom") is None else COPIED
        sidechain = line.get("isSidechain") is True
        if kind == "assistant":
            reply = self._read_usage(path, number, line, at, line_key, agent=sidechain)
            flags |= 0 if sidechain else ANSWER
        elif kind == "user":
            self._add_directory(line)
            self._keep_agent_usage(line, at)
            flags |= PROMPT if not sidechain and is_prompt(line) else 0
        self._transcript.add_line(line_key, at, flags, reply)

    def _read_usage(self, path: str, number: int, line: dict[str, Any], at: int, line_key: int, *, agent: bool) -> int:
        """Adds the usage of a response. Returns the key of the response that the line is a part of, 0 for none."""
        message = mapping(line.get("message"))
        model = model_name(message.get("model")) or UNKNOWN_MODEL
        if model == "<synthetic>":
            return 0
        named = text(line.get("agentId"))
        if agent and named is not None:
            self._with_files.add(named)
        elif not agent and model != UNKNOWN_MODEL:
            self._main_model = intern(model)
        identity = text(message.get("id"))
        reply = hash_key(b"reply", identity) if identity else line_key
        request = request_of(mapping(message.get("usage")), model, at)
        if request is not None:
            self._transcript.add_request(reply, request, copied=line.get("forkedFrom") is not None)
        elif message.get("usage") is not None:
            self._skipped.add(path, number, "no valid usage")
        return reply

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


def _line_key(raw: bytes, line: dict[str, Any]) -> int:
    uuid = text(line.get("uuid"))
    return hash_key(b"line", uuid) if uuid is not None else hash_key(b"raw", raw.strip())
