"""Our numbers against those of ccusage: `python -m benchmarks.compare_ccusage [--histories 200] [--seed 0]`.

Random histories are derived by us and reported by ccusage (npm, offline prices): token sums by model
and costs must be the same for every session, Claude Code's forks taken together with what they were forked from (which
of them owns a response is our own rule). Not compared, since not defined by both: what only a `toolUseResult` says of a
subagent, searches, price tiers by request size, durations. Costs differ by ccusage's floating point, nothing more.
"""

import argparse
import random
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import ccusage
from org_analytics.ingest.derive import derive
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.state import MemoryState
from scripts.npm import UnavailableError
from tests.ingest.histories import History, random_history

Total = tuple[dict[str, tuple[int, ...]], Decimal]  # by model: input, output, cache writes, cache reads; and USD
Totals = dict[str, Total]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        command = ccusage.install()
    except UnavailableError as reason:
        print(reason, file=sys.stderr)
        return 2
    sessions, differing = 0, 0
    for seed in range(options.seed, options.seed + options.histories):
        compared, differences = compare(command, random_history(random.Random(seed)))
        sessions += compared
        differing += bool(differences)
        for difference in differences:
            print(f"history {seed}: {difference}")
    print(
        f"ccusage {ccusage.VERSION}: {options.histories} histories, {sessions} sessions compared,"
        f" {differing} histories differ"
    )
    return 1 if differing else 0


def compare(command: Path, history: History) -> tuple[int, list[str]]:
    """Return the number of compared sessions, and the differences."""
    with tempfile.TemporaryDirectory() as home:
        for session in history.claude:
            session.write(Path(home, ".claude"))
        for session in history.codex:
            session.write(Path(home, ".codex"))
        ours = _ours(Path(home), history)
        theirs = _theirs(command, Path(home), history)
    return len(ours), [
        f"session {session}: ours {ours.get(session)}, ccusage {theirs.get(session)}"
        for session in sorted(ours.keys() | theirs.keys())
        if _differ(ours.get(session), theirs.get(session))
    ]


def _differ(ours: Total | None, theirs: Total | None) -> bool:
    if ours is None or theirs is None:  # ccusage leaves out sessions without usage
        return any(any(counts) for usage, _ in filter(None, (ours, theirs)) for counts in usage.values())
    return ours[0] != theirs[0] or abs(ours[1] - theirs[1]) > ccusage.TOLERANCE


class _Sums:
    """Usage by model and cost of each group of sessions."""

    def __init__(self, history: History) -> None:
        self._groups = history.groups
        self._usages: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
        self._costs: dict[str, Decimal] = defaultdict(Decimal)

    def add(self, session: str, model: str, counts: tuple[int, ...]) -> None:
        sums = self._usages[self._groups.get(session, session)][model]
        for at, number in enumerate(counts):
            sums[at] += number

    def add_cost(self, session: str, cost: Decimal) -> None:
        self._costs[self._groups.get(session, session)] += cost

    def totals(self) -> Totals:
        return {
            group: ({model: tuple(sums) for model, sums in models.items()}, self._costs[group])
            for group, models in self._usages.items()
        }


def _ours(home: Path, history: History) -> Totals:
    sources = [TranscriptSource("claude-code", home / ".claude"), TranscriptSource("codex", home / ".codex")]
    records = {derived.external_id: derived.record for derived in derive(sources, MemoryState())}  # the last one counts
    sums = _Sums(history)
    for session, record in records.items():
        if record is not None:
            sums.add_cost(session, record.cost_usd or Decimal(0))
            for row in record.models:
                counts = (row.input_tokens, row.output_tokens, row.cache_write_tokens, row.cache_read_tokens)
                sums.add(session, row.model, counts)
    return sums.totals()


def _theirs(command: Path, home: Path, history: History) -> Totals:
    sums = _Sums(history)
    claude, codex = {"CLAUDE_CONFIG_DIR": home / ".claude"}, {"CODEX_HOME": home / ".codex"}
    for row in ccusage.sessions(command, "claude", home, claude, "--mode", "calculate"):
        sums.add_cost(row["sessionId"], Decimal(str(row["totalCost"])))
        for part in row["modelBreakdowns"]:
            sums.add(row["sessionId"], part["modelName"].removesuffix("-fast"), _counts(part))
    for row in ccusage.sessions(command, "codex", home, codex):
        session = row["sessionId"][-36:]
        sums.add_cost(session, Decimal(str(row["costUSD"])))
        for model, part in row["models"].items():
            sums.add(session, model, _counts(part))
    return sums.totals()


def _counts(part: dict[str, Any]) -> tuple[int, ...]:
    return tuple(part[name] for name in ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens"))


if __name__ == "__main__":
    sys.exit(main())
