"""Transcripts with wrong things in them must never end a run: `python -m tests.ingest.mutations [--count 20000]`."""

import argparse
import copy
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from org_analytics.ingest.coerce import is_session_id
from org_analytics.ingest.derive import derive
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.records import SessionRecord
from org_analytics.ingest.state import MemoryState
from org_analytics.limits import MAX_COST_USD, MAX_MS
from tests.ingest.histories import CLAUDE_MODELS, CODEX_MODELS, random_history
from tests.ingest.writing import Claude

ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, 2**53, 2**53 - 1, 10**30),
    *("", "x", "\ud800", "\x00", "a" * 5000, "-1", "../../x", "<synthetic>", "user", "assistant", "session_meta"),
    *("2026-05-13T01:00:00Z", "2026-05-13T01:00:00", "0001-01-01T00:00:00+23:59"),
    *([], [[]], [None, 1, "x"], [{"type": ["text"]}]),
    *({}, {"a": {}}, {"input_tokens": "1"}, {"type": "tool_result"}, {"id": []}),
]
KNOWN_MODELS = {*CLAUDE_MODELS, *CODEX_MODELS}
ODD_LINES = [
    *(b"", b"\n", b"null", b"[]", b"1", b"NaN", b'{"type":NaN}', b"{", b"\xff\xfe", b"\x00" * 50, b'"' * 9, b"{}{}"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b'{"n":' + b"9" * 5000 + b"}", b"\xef\xbb\xbf{}"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.count):
        try:
            survive(seed)
        except Exception:
            print(f"seed {seed}", file=sys.stderr)
            raise
    print(f"{options.count} mutated histories: nothing raised, every record within its bounds")
    return 0


def survive(seed: int) -> None:
    """Mutates one history, derives it and checks what comes out."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as home:
        history = random_history(rng, newest=rng.random() < 0.5)
        for session in history.sessions:
            _mutate_lines(rng, session.lines)
            path = session.write(Path(home, "claude" if isinstance(session, Claude) else "codex"))
            path.write_bytes(_mutate_bytes(rng, path.read_bytes()))
        sources = [
            TranscriptSource("claude-code", Path(home, "claude")),
            TranscriptSource("codex", Path(home, "codex")),
        ]
        state = MemoryState()
        for with_titles in (False, True):
            for derived in derive(sources, state, with_titles=with_titles):
                if derived.record is not None:
                    check(derived.record)


def check(record: SessionRecord) -> None:
    """What the database asks of a row."""
    spans = (record.duration_ms, record.assistant_ms, record.user_ms)
    assert is_session_id(record.external_id)
    assert record.started_at <= record.ended_at
    assert 2000 <= record.started_at.year < 2100
    assert all(span is None or 0 <= span <= MAX_MS for span in spans)
    assert record.cost_usd is None or 0 <= record.cost_usd <= MAX_COST_USD
    assert record.cost_complete == (not record.unpriced_models)
    assert not KNOWN_MODELS & set(record.unpriced_models)
    assert sum(row.cost_usd or 0 for row in record.models) == (record.cost_usd or 0)
    assert len({row.model for row in record.models}) == len(record.models)
    json.dumps(record.git_info).encode()
    for row in record.models:
        counts = (row.requests, row.input_tokens, row.output_tokens, row.cache_write_tokens, row.cache_read_tokens)
        assert all(type(number) is int and 0 <= number < 2**53 for number in counts)
        assert row.model.isprintable()


def _mutate_lines(rng: random.Random, lines: list[dict[str, Any]]) -> None:
    for _ in range(rng.randrange(1, 6)):
        if lines:
            rng.choice([_set_value, _set_value, _set_value, _drop_value, _copy_line, _swap_lines])(rng, lines)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value."""
    found: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found += [(value, key), *_places(value[key])]
    return found


def _place(rng: random.Random, lines: list[dict[str, Any]]) -> tuple[Any, Any] | None:
    places = _places(rng.choice(lines))
    return rng.choice(places) if places else None


def _set_value(rng: random.Random, lines: list[dict[str, Any]]) -> None:
    place = _place(rng, lines)
    if place is not None:
        place[0][place[1]] = copy.deepcopy(rng.choice(ODD_VALUES))


def _drop_value(rng: random.Random, lines: list[dict[str, Any]]) -> None:
    place = _place(rng, lines)
    if place is not None:
        del place[0][place[1]]


def _copy_line(rng: random.Random, lines: list[dict[str, Any]]) -> None:
    lines.insert(rng.randrange(len(lines) + 1), copy.deepcopy(rng.choice(lines)))


def _swap_lines(rng: random.Random, lines: list[dict[str, Any]]) -> None:
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _mutate_bytes(rng: random.Random, data: bytes) -> bytes:
    change: Callable[[random.Random, bytes], bytes] = rng.choice([_keep, _keep, _cut, _flip, _insert_line])
    return change(rng, data)


def _keep(rng: random.Random, data: bytes) -> bytes:
    return data


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 20) if data else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert_line(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(ODD_LINES))
    return b"\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
