"""Our numbers of OpenCode against those of ccusage: `python -m benchmarks.compare_opencode [--databases 100]`.

Random databases of sessions: input, output and cache tokens and the cost of each session must be the same. Not
compared, because ccusage 20 decides differently:

- forks: it counts copied messages in each session that has them; here a copy counts once;
- children: they are sessions of their own to it; here their usage belongs to the root;
- reasoning: it leaves reasoning tokens out of the output tokens, but not out of the cost;
- old versions, whose output includes reasoning: it charges the reasoning twice;
- usage of compactions of version 2: it ignores them; a price of 0 for a model without a price: here unpriced.
"""

import argparse
import random
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from benchmarks import ccusage
from org_analytics.ingest.derive import derive
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.state import MemoryState
from scripts.npm import UnavailableError
from tests.ingest.opencode_writing import OpenCodeFiles

MODELS = [("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5")]

Totals = dict[str, tuple[tuple[int, ...], Decimal]]  # by session: input, output, cache writes, cache reads; and USD


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        command = ccusage.install()
    except UnavailableError as reason:
        print(reason, file=sys.stderr)
        return 2
    sessions = differing = 0
    for seed in range(options.seed, options.seed + options.databases):
        with tempfile.TemporaryDirectory() as home:
            write(random.Random(seed), Path(home, "opencode"))
            ours, theirs = _ours(Path(home, "opencode")), _theirs(command, Path(home))
        sessions += len(ours)
        for session in sorted(ours.keys() | theirs.keys()):
            if session not in ours or session not in theirs or _differ(ours[session], theirs[session]):
                differing += 1
                print(f"database {seed}: {session}: ours {ours.get(session)}, ccusage {theirs.get(session)}")
    print(f"ccusage {ccusage.VERSION}: {options.databases} databases, {sessions} sessions compared, {differing} differ")
    return 1 if differing else 0


def write(rng: random.Random, directory: Path) -> None:
    """A database with sessions of several models."""
    files = OpenCodeFiles(directory)
    for number in range(rng.randrange(1, 6)):
        session = f"ses_{number}"
        files.session(session, number * 1000)
        for turn in range(rng.randrange(1, 6)):
            provider, model = rng.choice(MODELS)
            counts = {"input": rng.randrange(1, 9000), "output": rng.randrange(1, 3000), "reasoning": 0}
            write_tokens = rng.randrange(500) if provider == "anthropic" else 0
            cache = {"read": rng.randrange(50_000), "write": write_tokens}
            total = counts["input"] + counts["output"] + cache["read"] + cache["write"]
            start = number * 1000 + turn * 60
            tokens = {**counts, "cache": cache, "total": total}
            parent = files.user(session, start)
            files.answer(
                session, start + 1, start + 9, parent=parent, providerID=provider, modelID=model, tokens=tokens, cost=0
            )
    files.close()


def _ours(directory: Path) -> Totals:
    totals: Totals = {}
    for derived in derive([TranscriptSource("opencode", directory)], MemoryState()):
        if derived.record is not None:
            rows = [
                (row.input_tokens, row.output_tokens, row.cache_write_tokens, row.cache_read_tokens)
                for row in derived.record.models
            ]
            counts = tuple(sum(number or 0 for number in column) for column in zip(*rows, strict=True))
            totals[derived.external_id] = counts, derived.record.cost_usd or Decimal(0)
    return totals


def _theirs(command: Path, home: Path) -> Totals:
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    return {
        row["sessionId"]: (tuple(row[name] for name in names), Decimal(str(row["totalCost"])))
        for row in ccusage.sessions(command, "opencode", home, {"OPENCODE_DATA_DIR": home / "opencode"})
    }


def _differ(ours: tuple[tuple[int, ...], Decimal], theirs: tuple[tuple[int, ...], Decimal]) -> bool:
    return ours[0] != theirs[0] or abs(ours[1] - theirs[1]) > ccusage.TOLERANCE


if __name__ == "__main__":
    sys.exit(main())
