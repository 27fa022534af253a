"""What must hold whatever the history and in whatever order, in however many pieces it arrives."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.records import SessionRecord
from tests.ingest import mutations
from tests.ingest.histories import History, random_history
from tests.ingest.machine import Machine
from tests.ingest.writing import Claude, usage

Rows = dict[tuple[str, str], SessionRecord]

seeds = st.integers(0, 2**32)
quick = settings(max_examples=15, deadline=None)


@contextmanager
def a_machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as home:
        yield Machine(Path(home))


def written(history: History) -> dict[str, bytes]:
    """The history's files, by their path below a home directory."""
    with a_machine() as machine:
        machine.write(*history.sessions)
        return {str(path.relative_to(machine.home)): path.read_bytes() for path in machine.home.rglob("*.jsonl")}


def put(machine: Machine, path: str, content: bytes) -> None:
    target = machine.home / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def rows_at_once(files: dict[str, bytes]) -> Rows:
    with a_machine() as machine:
        for path, content in files.items():
            put(machine, path, content)
        machine.run()
        return machine.rows


def without_emptied(rows: Rows) -> Rows:
    """The rows without those of children that were sessions until their parent arrived: their usage went there."""
    return {name: row for name, row in rows.items() if row.models or row.duration_ms or row.provider != "codex"}


@given(seeds)
@quick
def test_a_second_run_changes_nothing(seed: int) -> None:
    with a_machine() as machine:
        machine.write(*random_history(random.Random(seed), newest=True).sessions)
        machine.run()
        assert [derived.outcome for derived in machine.run() if derived.outcome != "unchanged"] == []


@given(seeds)
@quick
def test_files_that_arrive_one_by_one_in_any_order_give_the_same_rows(seed: int) -> None:
    rng = random.Random(seed)
    files = written(random_history(rng, newest=True))
    with a_machine() as machine:
        for path in rng.sample(sorted(files), len(files)):
            put(machine, path, files[path])
            machine.run()
        assert without_emptied(machine.rows) == without_emptied(rows_at_once(files))


@given(seeds)
@quick
def test_two_halves_from_different_places_give_the_same_rows(seed: int) -> None:
    rng = random.Random(seed)
    files = written(random_history(rng, newest=True))
    with a_machine() as machine:
        for path, content in files.items():
            put(machine, f"{rng.choice(('one', 'other'))}/{path}", content)
        for half in ("one", "other"):
            home = machine.home / half
            machine.run([TranscriptSource("claude-code", home / ".claude"), TranscriptSource("codex", home / ".codex")])
        assert without_emptied(machine.rows) == without_emptied(rows_at_once(files))


@given(seeds)
@quick
def test_files_cut_at_any_byte_and_continued_give_the_same_rows(seed: int) -> None:
    rng = random.Random(seed)
    files = written(random_history(rng, newest=True))
    with a_machine() as machine:
        for path, content in files.items():
            put(machine, path, content[: rng.randrange(len(content) + 1)])
        machine.run()
        for path, content in files.items():
            put(machine, path, content)
        machine.run()
        assert without_emptied(machine.rows) == without_emptied(rows_at_once(files))


@given(seeds)
@quick
def test_a_run_interrupted_anywhere_is_completed_by_the_next(seed: int) -> None:
    rng = random.Random(seed)
    files = written(random_history(rng, newest=True))
    with a_machine() as machine:
        for path in rng.sample(sorted(files), len(files)):
            put(machine, path, files[path])
            machine.run(stop_after=rng.randrange(3))
        machine.run()
        assert without_emptied(machine.rows) == without_emptied(rows_at_once(files))


@given(seeds)
@quick
def test_every_response_counts_once_however_often_it_was_forked(seed: int) -> None:
    rng = random.Random(seed)
    history = random_history(rng)
    with a_machine() as machine:
        for session in rng.sample(history.claude, len(history.claude)):
            machine.write(session)
            machine.run()
        counted = sum(usage.requests for row in machine.rows.values() for usage in row.models)
    assert counted == len(responses(history.claude))


def responses(sessions: list[Claude]) -> set[str]:
    lines = [line for session in sessions for line in session.lines]
    lines += [line for session in sessions for agent in session.agents.values() for line in agent]
    lines += [line for session in sessions for agent in session.old_agents.values() for line in agent]
    messages = [line["message"] for line in lines if line["type"] == "assistant"]
    return {message["id"] for message in messages if message["model"] != "<synthetic>"}


@given(seeds)
@quick
def test_assistant_and_user_time_are_within_the_session(seed: int) -> None:
    for row in rows_at_once(written(random_history(random.Random(seed), newest=True))).values():
        span = (row.ended_at - row.started_at).total_seconds() * 1000
        bound = row.duration_ms if row.provider == "claude-code" else span
        assert (row.assistant_ms or 0) + (row.user_ms or 0) <= (bound or 0)


@given(st.permutations(range(9)))
@quick
def test_lines_of_responses_in_any_order_count_the_same(order: list[int]) -> None:
    session = Claude("shuffled")
    for response in range(3):
        for output in (1, 40, 300):
            session.wait(1).reply(usage(10, output, 5, 7), id=f"msg_{response}")
    session.lines = [session.lines[at] for at in order]
    with a_machine() as machine:
        (used,) = machine.one(session).models
    assert (used.requests, used.input_tokens, used.output_tokens) == (3, 30, 900)


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_mutated_transcripts_never_raise(seed: int) -> None:
    for each in range(seed, seed + 3):
        mutations.survive(each)


def size(row: SessionRecord) -> tuple[int, object]:
    return sum(used.tokens for used in row.models), row.cost_usd or 0


@given(seeds)
@quick
def test_a_session_that_grows_is_never_made_worse(seed: int) -> None:
    """There are no forks: what a fork counts falls when its parent is found. Subagents write before their session."""
    rng = random.Random(seed)
    history = random_history(rng, newest=True)
    history.claude = [session for session in history.claude if history.groups.get(session.session) == session.session]
    history.codex = [session for session in history.codex if "forked_from_id" not in session.about]
    files = written(history)
    agents = {path for path in files if "/agent-" in path}
    read = dict.fromkeys(files.keys() - agents, 0)
    with a_machine() as machine:
        before: Rows = {}
        for path in agents:
            put(machine, path, files[path])
        for _ in range(6):
            for path in rng.sample(sorted(read), rng.randrange(len(read) + 1)):
                read[path] = rng.randrange(read[path], len(files[path]) + 1)
                put(machine, path, files[path][: read[path]])
            if rng.random() < 0.3:
                _lose_a_file(rng, machine)
            machine.run()
            for name, row in before.items():
                assert size(machine.rows[name]) >= size(row)
            before = dict(machine.rows)


def _lose_a_file(rng: random.Random, machine: Machine) -> None:
    """What Claude Code does after 30 days, or a person."""
    paths = sorted(machine.home.rglob("*.jsonl"))
    if paths:
        rng.choice(paths).unlink()
