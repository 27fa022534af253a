"""Transcripts written line by line as the tools write them, with a clock that the test moves."""

import json
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

START = datetime(2026, 5, 13, 1, 0, tzinfo=UTC)
SONNET = "claude-sonnet-4-20250514"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def jsonl(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def usage(fresh: int = 0, output: int = 0, write: int = 0, read: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "input_tokens": fresh,
        "output_tokens": output,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        **more,
    }


@dataclass
class Claude:
    """A Claude Code session. Every method writes what the tool would write and returns the session."""

    session: str
    now: datetime = START
    cwd: str = "/nowhere/app"
    lines: list[dict[str, Any]] = field(default_factory=list)
    agents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    old_agents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    project: str = "-nowhere-app"

    def wait(self, seconds: float) -> Self:
        self.now += timedelta(seconds=seconds)
        return self

    def line(self, kind: str, **fields: Any) -> Self:
        self.lines.append(self._message(kind, **fields))
        return self

    def prompt(self, text: str = "please", **fields: Any) -> Self:
        message = {"role": "user", "content": [{"type": "text", "text": text}]}
        return self.line("user", **{"message": message} | fields)

    def tool_result(self, **fields: Any) -> Self:
        content = [{"type": "tool_result", "tool_use_id": "tool", "content": "done"}]
        return self.line("user", message={"role": "user", "content": content}, **{"toolUseResult": "done"} | fields)

    def reply(self, used: dict[str, Any] | None = None, *, id: str = "", model: str = SONNET, **fields: Any) -> Self:
        return self.line("assistant", **_reply(used, id, model) | fields)

    def agent(self, agent: str, used: dict[str, Any], *, id: str = "", model: str = SONNET, old: bool = False) -> Self:
        """A subagent's answer in its own file."""
        files = self.old_agents if old else self.agents
        line = self._message("assistant", **_reply(used, id, model), isSidechain=True, agentId=agent)
        files.setdefault(agent, []).append(line)
        return self

    def fork(self, session: str, *, says_so: bool = True) -> "Claude":
        """A new session with this one's lines so far."""
        lines = deepcopy(self.lines)
        for line in lines:
            line["sessionId"] = session
            if says_so:
                line["forkedFrom"] = {"sessionId": self.session, "messageUuid": line.get("uuid")}
        return Claude(session, self.now, self.cwd, lines, project=self.project)

    def write(self, root: Path) -> Path:
        directory = root / "projects" / self.project
        directory.mkdir(parents=True, exist_ok=True)
        for agent, lines in self.agents.items():
            path = directory / self.session / "subagents" / f"agent-{agent}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jsonl(lines))
        for agent, lines in self.old_agents.items():
            (directory / f"agent-{agent}.jsonl").write_bytes(jsonl(lines))
        path = directory / f"{self.session}.jsonl"
        path.write_bytes(jsonl(self.lines))
        return path

    def _message(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "timestamp": stamp(self.now),
            "sessionId": self.session,
            "uuid": str(uuid.uuid4()),
            "isSidechain": False,
            "cwd": self.cwd,
            "gitBranch": "main",
            "version": "2.1.0",
        } | fields


def _reply(used: dict[str, Any] | None, id: str, model: str) -> dict[str, Any]:
    message = {
        "id": id or f"msg_{uuid.uuid4().hex}",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "done"}],
        "usage": usage() if used is None else used,
    }
    return {"message": message, "requestId": f"req_{message['id']}"}


@dataclass
class Codex:
    """A Codex session. Token counts are Codex's own: cached ones are part of the input, reasoning of the output."""

    session: str
    now: datetime = START
    model: str = "gpt-5"
    lines: list[dict[str, Any]] = field(default_factory=list)
    total: tuple[int, int, int] = (0, 0, 0)
    about: dict[str, Any] = field(default_factory=dict)  # what else the session says of itself
    segment: str = ""
    begun: datetime = START

    def __post_init__(self) -> None:
        self.begun = self.now if self.segment else START
        meta = {"id": self.session, "timestamp": stamp(self.now), "cwd": "/nowhere/app", "source": "cli"}
        self.line("session_meta", {**meta, "thread_source": "user", "model": self.model, **self.about})

    def wait(self, seconds: float) -> Self:
        self.now += timedelta(seconds=seconds)
        return self

    def line(self, kind: str, payload: dict[str, Any]) -> Self:
        self.lines.append({"timestamp": stamp(self.now), "type": kind, "payload": payload})
        return self

    def event(self, kind: str, **fields: Any) -> Self:
        return self.line("event_msg", {"type": kind, **fields})

    def start(self) -> Self:
        return self.event("task_started", turn_id="t", started_at=int(self.now.timestamp()))

    def complete(self) -> Self:
        return self.event("task_complete", turn_id="t", completed_at=int(self.now.timestamp()))

    def turn_context(self, model: str) -> Self:
        return self.line("turn_context", {"cwd": "/nowhere/app", "model": model})

    def message(self, role: str, text: str) -> Self:
        kind = "input_text" if role == "user" else "output_text"
        return self.line("response_item", {"type": "message", "role": role, "content": [{"type": kind, "text": text}]})

    def prompt(self, text: str = "please") -> Self:
        return self.message("user", text)

    def reply(self, text: str = "done") -> Self:
        return self.message("assistant", text)

    def record(self, response: str, whole: int, cached: int, output: int, *, thread: str = "") -> Self:
        """The exact usage of one response, as newer versions write it beside the counts."""
        usage = {**_counts(whole, cached, output), "cache_write_input_tokens": 0}
        payload = {"thread_id": thread or self.session, "turn_id": "t", "response_id": response, "usage": usage}
        return self.line("token_usage_record", payload)

    def page(self, segment: str = "segment") -> "Codex":
        """The next page of this thread, in a file of its own. It goes on with the totals."""
        page = Codex(self.session, self.now, self.model, total=self.total, about=self.about, segment=segment)
        del page.lines[0]["payload"]["model"]
        return page

    def tokens(self, whole: int, cached: int, output: int, *, reset: bool = False) -> Self:
        """The count after one request; `reset` begins the total anew, as resuming does."""
        before = (0, 0, 0) if reset else self.total
        self.total = (before[0] + whole, before[1] + cached, before[2] + output)
        info = {"total_token_usage": _counts(*self.total), "last_token_usage": _counts(whole, cached, output)}
        return self.event("token_count", info=info, rate_limits={})

    def repeat(self) -> Self:
        """The last count again, as Codex writes it when only its rate limits have changed."""
        last = next(line for line in reversed(self.lines) if line["payload"].get("type") == "token_count")
        return self.line("event_msg", deepcopy(last["payload"]))

    def fork(self, session: str, *, child: bool = False) -> "Codex":
        """A fork, or a subagent with its parent's history: all of it again, written within some milliseconds of now."""
        spawned = {"subagent": {"thread_spawn": {"parent_thread_id": self.session, "depth": 1}}}
        about = {"source": spawned, "thread_source": "subagent"} if child else {}
        fork = Codex(session, self.now, self.model, total=self.total, about={"forked_from_id": self.session, **about})
        fork.lines += [{**deepcopy(line), "timestamp": stamp(self.now)} for line in self.lines]
        return fork

    def write(self, root: Path, place: str = "sessions") -> Path:
        directory = root / place / "2026/05/13" if place == "sessions" else root / place
        directory.mkdir(parents=True, exist_ok=True)
        segment = f"_{self.segment}" if self.segment else ""
        path = directory / f"rollout-{self.begun:%Y-%m-%dT%H-%M-%S}-{self.session}{segment}.jsonl"
        path.write_bytes(jsonl(self.lines))
        return path


def _counts(whole: int, cached: int, output: int) -> dict[str, int]:
    return {
        "input_tokens": whole,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": output // 3,
        "total_tokens": whole + output,
    }
