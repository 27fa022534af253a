"""How fast transcripts become sessions: `python -m benchmarks.ingest [--megabytes 1000] [--json FILE]`.

Writes a synthetic history like those the tools write (kept below .bench/ between runs) and measures, each in a process
of its own: the standard library's JSON parser alone, the derivation without and with prices, a run with nothing new.
On a machine that does other work too, megabytes per second of processor time and their share of the parser's say more.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from org_analytics.ingest.derive import derive
from org_analytics.ingest.pricing import NoPrices, Prices, load_prices
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers import PROVIDERS
from org_analytics.ingest.sqlite_state import SqliteState
from org_analytics.ingest.state import Receipt

SEED = 20261123
BATCH_SIZE = 200
WORDS = [f"{word}{number}" for number in range(400) for word in ("value", "return", "def", "\\n    self.", '"key": ')]
CLAUDE_MODELS = ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
CODEX_MODELS = ["gpt-5.2-codex", "gpt-5-codex"]
TARGETS = {"without prices": "≥ 100 MB/s", "with prices": "≥ 50 MB/s, 1 GB < 20 s, < 100 MiB"}


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(MEASUREMENTS[options.measure](options.history)))
        return
    history = options.history / f"{options.megabytes}MB"
    if not history.exists():
        print(f"writing {options.megabytes} MB of transcripts …", file=sys.stderr)
        write_history(history, options.megabytes * 1_000_000)
    results = {name: _in_process(name, history) for name in MEASUREMENTS}
    print(_table(results))
    if options.json:
        options.json.write_text(json.dumps({"megabytes": options.megabytes, "results": results}, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--history", type=Path, default=Path(".bench/transcripts"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_process(name: str, history: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.ingest", "--measure", name, "--history", str(history)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _table(results: dict[str, dict[str, Any]]) -> str:
    rows = [f"{'':18}{'MB/s':>8}{'MB/cpu-s':>10}{'of json':>9}{'seconds':>10}{'peak MiB':>10}{'sessions':>10}  target"]
    for name, result in results.items():
        share = result["mb_per_cpu_s"] / results["json alone"]["mb_per_cpu_s"]
        speed = f"{result['mb_per_s']:>8.1f}{result['mb_per_cpu_s']:>10.1f}{share:>9.0%}{result['seconds']:>10.2f}"
        rows.append(f"{name:18}{speed}{result['peak_mib']:>10.1f}{result['sessions']:>10}  {TARGETS.get(name, '')}")
    return "\n".join(rows)


def _measured(history: Path, work: Any) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in history.rglob("*.jsonl"))
    start, cpu = time.perf_counter(), time.process_time()
    sessions = work()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = {"mb_per_s": size / 1e6 / seconds, "mb_per_cpu_s": size / 1e6 / cpu_seconds}
    return {**speed, "seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mib": peak, "sessions": sessions}


def _parse_only(history: Path) -> dict[str, Any]:
    def work() -> int:
        for path in history.rglob("*.jsonl"):
            with path.open("rb") as lines:
                for line in lines:
                    json.loads(line)
        return 0

    return _measured(history, work)


def derive_all(sources: list[TranscriptSource], state: Path, prices: Prices) -> int:
    """The number of sessions, after all are derived and marked as stored in batches, as the commands do."""
    sessions = 0
    stored: list[Receipt] = []
    with SqliteState(state) as kept:
        for derived in derive(sources, kept, prices=prices):
            sessions += 1
            if derived.receipt is not None:
                stored.append(derived.receipt)
            if len(stored) >= BATCH_SIZE:
                kept.mark_stored(stored)
                stored.clear()
        kept.mark_stored(stored)
    return sessions


def _derive(history: Path, prices: Prices, state: Path) -> int:
    return derive_all([TranscriptSource(name, history / name) for name in PROVIDERS], state, prices)


def _fresh(history: Path, prices: Prices) -> dict[str, Any]:
    state = history.with_name(f"{history.name}-state") / "state.sqlite3"
    shutil.rmtree(state.parent, ignore_errors=True)
    return _measured(history, lambda: _derive(history, prices, state))


def _nothing_new(history: Path) -> dict[str, Any]:
    state = history.with_name(f"{history.name}-state") / "state.sqlite3"
    return _measured(history, lambda: _derive(history, load_prices(), state))


MEASUREMENTS = {
    "json alone": _parse_only,
    "without prices": lambda history: _fresh(history, NoPrices()),
    "with prices": lambda history: _fresh(history, load_prices()),
    "nothing new": _nothing_new,
}


def write_history(root: Path, size: int) -> None:
    """About `size` bytes of sessions of the past 90 days, three quarters of them Claude Code's."""
    rng = random.Random(SEED)
    partial = root.with_name(root.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    written = 0
    while written < size:
        start = datetime(2026, 8, 25, 8, tzinfo=UTC) + timedelta(minutes=rng.randrange(90 * 24 * 60))
        session = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        if rng.random() < 0.75:
            path = partial / "claude-code/projects" / f"-home-dev-app{rng.randrange(12)}" / f"{session}.jsonl"
            lines = _claude_lines(rng, session, start)
        else:
            day = start.strftime("%Y/%m/%d")
            path = partial / "codex/sessions" / day / f"rollout-{start:%Y-%m-%dT%H-%M-%S}-{session}.jsonl"
            lines = _codex_lines(rng, session, start)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines))
        written += path.stat().st_size
    partial.rename(root)


def _text(rng: random.Random, size: int) -> str:
    return " ".join(rng.choices(WORDS, k=max(1, size // 9)))


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _claude_lines(rng: random.Random, session: str, at: datetime) -> Iterator[dict[str, Any]]:
    """Prompts; answers in a thinking, a text and a tool line; tool results twice in their line, as the tool does."""
    model = rng.choice(CLAUDE_MODELS)
    common = {"sessionId": session, "cwd": f"/nowhere/{session[:4]}", "gitBranch": "main", "version": "2.1.0"}
    cached = 0
    for _ in range(rng.randrange(2, 40)):
        at += timedelta(seconds=rng.uniform(5, 600))
        yield _claude_line(rng, common, at, "user", {"role": "user", "content": _text(rng, 300)})
        for _ in range(rng.randrange(1, 12)):
            message = {"id": f"msg_{rng.getrandbits(96):024x}", "role": "assistant", "model": model}
            write = rng.randrange(200, 4000)
            for part, block in enumerate(("thinking", "text", "tool_use")):
                at += timedelta(seconds=rng.uniform(0.3, 6))
                content = [{"type": block, block: _text(rng, 1200), "signature": _text(rng, 400)}]
                usage = _claude_usage(rng, write, cached, rng.randrange(300, 2000) if part == 2 else 3)
                yield _claude_line(rng, common, at, "assistant", {**message, "content": content, "usage": usage})
            cached += write
            at += timedelta(seconds=rng.uniform(0.1, 20))
            result = _text(rng, rng.choice((200, 1500, 6000, 20000)))
            blocks = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": result}]
            more = {"toolUseResult": {"stdout": result, "stderr": "", "interrupted": False}}
            yield _claude_line(rng, common, at, "user", {"role": "user", "content": blocks}) | more


def _claude_line(
    rng: random.Random, common: dict[str, str], at: datetime, kind: str, message: dict[str, Any]
) -> dict[str, Any]:
    identity = {"uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "parentUuid": None, "isSidechain": False}
    return {**identity, **common, "type": kind, "timestamp": _stamp(at), "message": message}


def _claude_usage(rng: random.Random, write: int, cached: int, output: int) -> dict[str, Any]:
    return {
        "input_tokens": rng.randrange(1, 10),
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": cached,
        "cache_creation": {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
    }


def _codex_lines(rng: random.Random, session: str, at: datetime) -> Iterator[dict[str, Any]]:
    def line(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": _stamp(at), "type": kind, "payload": payload}

    def message(role: str, kind: str, size: int) -> dict[str, Any]:
        content = [{"type": kind, "text": _text(rng, size)}]
        return line("response_item", {"type": "message", "role": role, "content": content})

    meta = {"id": session, "cwd": "/nowhere", "source": "cli", "thread_source": "user", "timestamp": _stamp(at)}
    yield line("session_meta", {**meta, "base_instructions": {"text": _text(rng, 12000)}})
    whole = cached = output = 0
    for turn in range(rng.randrange(2, 25)):
        at += timedelta(seconds=rng.uniform(5, 600))
        yield line("turn_context", {"turn_id": str(turn), "model": rng.choice(CODEX_MODELS)})
        yield line("event_msg", {"type": "task_started", "started_at": int(at.timestamp())})
        yield message("user", "input_text", 400)
        for _ in range(rng.randrange(1, 12)):
            at += timedelta(seconds=rng.uniform(0.3, 20))
            yield line("response_item", {"type": "reasoning", "encrypted_content": _text(rng, 1500)})
            yield line("response_item", {"type": "function_call", "arguments": _text(rng, 400)})
            yield line("response_item", {"type": "function_call_output", "output": _text(rng, rng.choice((500, 9000)))})
            yield line("event_msg", {"type": "agent_reasoning", "text": _text(rng, 300)})
            last = [rng.randrange(9000, 90000), rng.randrange(1000, 8000), rng.randrange(50, 900)]
            whole, cached, output = whole + last[0], cached + last[1], output + last[2]
            info = {"total_token_usage": _codex_usage(whole, cached, output), "last_token_usage": _codex_usage(*last)}
            yield line("event_msg", {"type": "token_count", "info": info, "rate_limits": {"primary": {}}})
        yield message("assistant", "output_text", 900)
        yield line("event_msg", {"type": "task_complete", "completed_at": int(at.timestamp())})


def _codex_usage(whole: int, cached: int, output: int) -> dict[str, int]:
    return {
        "input_tokens": whole,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "total_tokens": whole + output,
    }


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    main()
