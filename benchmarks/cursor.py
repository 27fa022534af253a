"""How fast the files of Cursor become sessions: `python -m benchmarks.cursor [--megabytes 300] [--json FILE]`.

Writes a synthetic `state.vscdb` (kept below .bench/ between runs) whose messages make up most of the file. All of a
conversation's messages are read, because their times are in them.
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
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ingest import derive_all
from org_analytics.ingest.pricing import NoPrices
from org_analytics.ingest.protocol import TranscriptSource

SEED = 20261125
START = 1_772_445_600
DATABASE = Path(".config/Cursor/User/globalStorage/state.vscdb")


def main() -> None:
    options = _options()
    home = options.directory / f"{options.megabytes}MB"
    if options.measure:
        print(json.dumps(_measure(home, options.measure)))
        return
    if not home.exists():
        print(f"writing {options.megabytes} MB of conversations …", file=sys.stderr)
        write_home(home, options.megabytes * 1_000_000)
    results = {name: _in_process(options, name) for name in ("everything", "nothing new")}
    for name, result in results.items():
        print(f"Cursor, {name:14}" + "  ".join(f"{field} {value:.1f}" for field, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps({"megabytes": options.megabytes, "results": results}, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--directory", type=Path, default=Path(".bench/cursor"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_process(options: argparse.Namespace, name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.cursor", "--measure", name]
    command += ["--megabytes", str(options.megabytes), "--directory", str(options.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _measure(home: Path, name: str) -> dict[str, float]:
    state = home / "state" / "state.sqlite3"
    if name == "everything":
        shutil.rmtree(state.parent, ignore_errors=True)
    start, cpu = time.perf_counter(), time.process_time()
    sessions = derive_all([TranscriptSource("cursor", home)], state, NoPrices())
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    size = (home / DATABASE).stat().st_size
    return {
        "MB/s": size / 1e6 / seconds,
        "MB/cpu-s": size / 1e6 / cpu_seconds,
        "seconds": seconds,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "sessions": sessions,
    }


def write_home(home: Path, size: int) -> None:
    """A home directory with about `size` bytes of conversations."""
    rng = random.Random(SEED)
    partial = home.with_name(home.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / DATABASE).parent.mkdir(parents=True)
    database = sqlite3.connect(partial / DATABASE, isolation_level=None)
    database.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")
    for table in ("ItemTable", "cursorDiskKV"):
        database.execute(f"CREATE TABLE {table} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
    written = number = 0
    while written < size:
        number += 1
        rows = _conversation(rng, f"{number:08}-1111-4111-8111-111111111111", START + number * 3600)
        database.execute("BEGIN")
        database.executemany("INSERT INTO cursorDiskKV VALUES (?, ?)", rows)
        database.execute("COMMIT")
        written += sum(len(value) for _, value in rows)
    database.close()
    partial.rename(home)


def _conversation(rng: random.Random, name: str, start: float) -> list[tuple[str, str]]:
    headers, rows, at = [], [], start
    for number in range(rng.randrange(2, 60)):
        at += rng.uniform(1, 200)
        kind = 1 if number % 4 == 0 else 2
        created = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        bubble = {"type": kind, "createdAt": created, "text": "value " * rng.randrange(20, 600)}
        if kind == 2:
            bubble["completedAtMs"] = int(at * 1000) + 900
        headers.append({"bubbleId": str(number), "type": kind})
        rows.append((f"bubbleId:{name}:{number}", json.dumps(bubble)))
    about = {"composerId": name, "createdAt": int(start * 1000), "lastUpdatedAt": int(at * 1000)}
    about |= {"fullConversationHeadersOnly": headers, "modelConfig": {"modelName": "gpt-5"}}
    return [(f"composerData:{name}", json.dumps(about)), *rows]


if __name__ == "__main__":
    main()
