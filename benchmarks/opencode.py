"""How fast a database of OpenCode becomes sessions: `python -m benchmarks.opencode [--megabytes 1000] [--json FILE]`.

Writes two synthetic databases (kept below .bench/ between runs): one with ordinary messages (OpenCode 1.18 writes some
140 bytes for a prompt and 370 for an answer, beside its parts), one with long messages, as from prompts whose changes
are kept with them. Each measurement runs in a process of its own. "MB/s" counts the data of messages and of the parts
of user messages, which are all that has to be read; "file MB/s" counts the whole file. "json alone" reads and parses
the messages and does nothing else: no reader can be faster.
"""

import argparse
import json
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.ingest import derive_all
from org_analytics.ingest.pricing import load_prices
from org_analytics.ingest.protocol import TranscriptSource

SEED = 20261125
START = 1_772_445_600_000
MESSAGES = {"ordinary": 0, "long": 2000}  # additional bytes of an average message
MODELS = [("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5"), ("opencode", "gpt-5-codex")]
TABLES = """
CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text, title text, time_created integer,
    time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer,
    data text);
CREATE INDEX message_session_time_created_id_idx ON message (session_id, time_created, id);
CREATE INDEX part_message_id_id_idx ON part (message_id, id);
"""
READ_SIZE = """
SELECT (SELECT sum(length(data)) FROM message) + (SELECT sum(length(part.data)) FROM part
    JOIN message ON message.id = part.message_id WHERE message.data LIKE '{"role":"user"%')
"""


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(MEASUREMENTS[options.measure](options.directory / "opencode.db")))
        return
    results: dict[str, dict[str, float]] = {}
    for kind, message_bytes in MESSAGES.items():
        database = options.directory / f"{options.megabytes}MB-{kind}" / "opencode.db"
        if not database.exists():
            print(f"writing {options.megabytes} MB of sessions …", file=sys.stderr)
            write_database(database, options.megabytes * 1_000_000, message_bytes)
        for name in MEASUREMENTS:
            result = results[f"{kind} messages, {name}"] = _in_process(database.parent, name)
            shown = "  ".join(f"{field} {value:.1f}" for field, value in result.items())
            print(f"{kind} messages, {name:14}{shown}")
    print("target: ≥ 50 MB/s of message data (with long messages), peak < 100 MiB")
    if options.json:
        options.json.write_text(json.dumps({"megabytes": options.megabytes, "results": results}, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--directory", type=Path, default=Path(".bench/opencode"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_process(directory: Path, name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.opencode", "--measure", name, "--directory", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _parse_only(database: Path) -> dict[str, float]:
    def work() -> int:
        connection = sqlite3.connect(database)
        sessions = [row[0] for row in connection.execute("SELECT id FROM session")]
        for session in sessions:
            for (data,) in connection.execute("SELECT data FROM message WHERE session_id = ?", (session,)):
                json.loads(data)
        connection.close()
        return len(sessions)

    return _measured(database, work)


def _fresh(database: Path) -> dict[str, float]:
    for path in database.parent.glob("state.sqlite3*"):
        path.unlink()
    return _nothing_new(database)


def _nothing_new(database: Path) -> dict[str, float]:
    prices = load_prices()
    sources = [TranscriptSource("opencode", database.parent)]
    return _measured(database, lambda: derive_all(sources, database.with_name("state.sqlite3"), prices))


def _measured(database: Path, work: Callable[[], int]) -> dict[str, float]:
    with closing(sqlite3.connect(database)) as connection:
        (size,) = connection.execute(READ_SIZE).fetchone()
    start, cpu = time.perf_counter(), time.process_time()
    sessions = work()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    return {
        "MB/s": size / 1e6 / seconds,
        "MB/cpu-s": size / 1e6 / cpu_seconds,
        "file MB/s": database.stat().st_size / 1e6 / seconds,
        "seconds": seconds,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "message MB": size / 1e6,
        "sessions": sessions,
    }


MEASUREMENTS = {"json alone": _parse_only, "with prices": _fresh, "nothing new": _nothing_new}


def write_database(path: Path, size: int, message_bytes: int) -> None:
    """A database of about `size` bytes."""
    rng = random.Random(SEED)
    partial = path.parent.with_name(path.parent.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    database = sqlite3.connect(partial / path.name, isolation_level=None)
    database.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;" + TABLES)
    written = number = 0
    while written < size:
        number += 1
        session, created = f"ses_{number:08}", START + number * 60_000
        database.execute("BEGIN")
        values = (session, None, "/nowhere/app", "A title", created, created)
        database.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", values)
        for message, at, data, parts in _messages(rng, session, created, message_bytes):
            database.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", (message, session, at, at, data))
            rows = [(f"prt_{message}_{index}", message, session, at, at, part) for index, part in enumerate(parts)]
            database.executemany("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", rows)
            written += len(data) + sum(map(len, parts)) + 150
        database.execute("COMMIT")
    database.close()
    partial.rename(path.parent)


def _messages(
    rng: random.Random, session: str, at: int, message_bytes: int
) -> Iterator[tuple[str, int, str, list[str]]]:
    """Prompts with the summary of their changes, and several answers to each with the tools that they used."""
    for turn in range(rng.randrange(2, 20)):
        at += rng.randrange(5_000, 600_000)
        texts = {side: _text(rng, 3 * message_bytes) for side in ("before", "after")}
        diffs = [{"file": "src/app.py", **texts}] if message_bytes else []
        user = f"msg_{session}_{turn:03}_000"
        data = {"role": "user", "time": {"created": at}, "summary": {"title": _text(rng, 40), "diffs": diffs}}
        yield user, at, _dump(data), [_dump({"type": "text", "text": _text(rng, 400)})]
        for step in range(1, rng.randrange(2, 10)):
            start, at = at, at + rng.randrange(300, 20_000)
            yield (
                f"msg_{session}_{turn:03}_{step:03}",
                start,
                _dump(_answer(rng, user, start, at, message_bytes)),
                [
                    _dump(
                        {
                            "type": "tool",
                            "tool": "bash",
                            "state": {"output": _text(rng, rng.choice((500, 4000, 12_000)))},
                        }
                    )
                ],
            )


def _answer(rng: random.Random, user: str, start: int, end: int, message_bytes: int) -> dict[str, Any]:
    provider, model = rng.choice(MODELS)
    fresh, output, read = rng.randrange(10, 4000), rng.randrange(10, 2000), rng.randrange(60_000)
    tokens = {"total": fresh + output + read, "input": fresh, "output": output, "reasoning": 0}
    return {
        "role": "assistant",
        "parentID": user,
        "mode": "build",
        "path": {"cwd": "/nowhere/app", "root": "/nowhere/app"},
        "system": [_text(rng, message_bytes)] if message_bytes else [],
        "cost": 0.001275,
        "tokens": tokens | {"cache": {"read": read, "write": 0}},
        "modelID": model,
        "providerID": provider,
        "time": {"created": start, "completed": end},
        "finish": "stop",
    }


def _text(rng: random.Random, size: int) -> str:
    words = ("value1", "return", "def", "self.", '"key":', "while", "\n    ")
    return " ".join(rng.choices(words, k=max(1, size // 7)))


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


if __name__ == "__main__":
    main()
