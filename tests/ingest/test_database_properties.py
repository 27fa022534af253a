"""What must hold for OpenCode and Cursor whatever the history and in whatever pieces it arrives.

`test_properties.py` has the same for Claude Code and Codex.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.records import SessionRecord
from tests.ingest.cursor_writing import CursorFiles, answer_line, bubble, user_line
from tests.ingest.machine import Machine
from tests.ingest.opencode_writing import TEXT, OpenCodeFiles, at, write_tree

Rows = dict[tuple[str, str], SessionRecord]

NAMES = ("opencode.db", "opencode-beta.db")
CONVERSATIONS = [f"{number}1111111-1111-4111-8111-111111111111" for number in range(3)]

seeds = st.integers(0, 2**32)
quick = settings(max_examples=12, deadline=None)
both = pytest.mark.parametrize("agent", ["opencode", "cursor"])


def write_home(rng: random.Random, agent: str, home: Path) -> None:
    """Sessions with children and copies, or conversations in some of their places."""
    if agent == "cursor":
        for name in CONVERSATIONS:
            write_conversation(rng, CursorFiles(home), name)
        return
    for name in NAMES:
        files = OpenCodeFiles(home, name, has_version_2=True)
        for number in range(rng.randrange(1, 4)):
            session, created = f"ses_{number}_{name}", rng.choice((0, 50))
            files.session(session, created, parent=f"ses_0_{name}" if number and rng.random() < 0.4 else None)
            for _ in range(rng.randrange(5)):
                start = rng.choice((1, 51)) + rng.randrange(40)
                files.user(session, start)
                files.answer(session, start, start + rng.randrange(5))
        files.close()
    answer = {"role": "assistant", "time": {"created": at(5), "completed": at(9)}, "modelID": "gpt-5"}
    write_tree(home, "ses_old", {"msg_old": (answer | {"tokens": {"input": rng.randrange(1, 99)}}, TEXT)})


def write_conversation(rng: random.Random, files: CursorFiles, name: str) -> None:
    if rng.random() < 0.7:
        tag = rng.choice((None, "Monday, Mar 2, 2026, 11:00 AM (UTC+1)"))
        files.transcript(name, [user_line(tag), answer_line(path="/nowhere/app/a")], mtime=rng.randrange(99))
    if rng.random() < 0.5:
        files.meta(name, createdAtMs=at(0), updatedAtMs=at(rng.randrange(1, 99)), cwd="/nowhere")
    if rng.random() < 0.7:
        bubbles = [bubble("1", 2), bubble("2", 3, 9)][: rng.randrange(3)]
        files.composer(name, bubbles, createdAt=at(1), lastUpdatedAt=at(99), modelConfig={"modelName": "gpt-5"})


def paths_of(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def copy(path: Path, source: Path, target: Path, size: int | None = None) -> None:
    """Copies a file with its time, or only its first bytes."""
    copied = target / path.relative_to(source)
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copied)
    if size is not None:
        copied.write_bytes(path.read_bytes()[:size])
    shutil.copystat(path, copied)


def run(machine: Machine, agent: str, home: Path) -> Rows:
    machine.run([TranscriptSource(agent, home)])
    return machine.rows


@both
@given(seed=seeds)
@quick
def test_files_cut_at_any_byte_and_continued_give_the_same_rows(tmp_path_factory: Any, agent: str, seed: int) -> None:
    rng, directory = random.Random(seed), tmp_path_factory.mktemp(agent)
    write_home(rng, agent, directory / "all")
    at_once = run(Machine(directory / "1"), agent, directory / "all")
    machine, grown = Machine(directory / "2"), directory / "grown"
    for path in paths_of(directory / "all"):
        copy(path, directory / "all", grown, rng.randrange(path.stat().st_size + 1))
    run(machine, agent, grown)
    for path in paths_of(directory / "all"):
        copy(path, directory / "all", grown)
    assert run(machine, agent, grown) == at_once


@both
@given(seed=seeds)
@quick
def test_two_halves_in_any_order_and_twice_give_the_same_rows(tmp_path_factory: Any, agent: str, seed: int) -> None:
    rng, directory = random.Random(seed), tmp_path_factory.mktemp(agent)
    write_home(rng, agent, directory / "all")
    at_once = run(Machine(directory / "1"), agent, directory / "all")
    halves = [directory / "one", directory / "other"]
    for path in paths_of(directory / "all"):
        half = rng.choice(halves) if path.suffix != ".json" or agent == "cursor" else halves[0]
        copy(path, directory / "all", half)
    machine = Machine(directory / "2")
    for half in rng.sample(halves, 2) * 2:
        half.mkdir(exist_ok=True)
        run(machine, agent, half)
    assert machine.rows == at_once


def growing_opencode(rng: random.Random, home: Path) -> Iterator[None]:
    """A session and its subagents, in a database and in the tree of files; databases disappear."""
    files = OpenCodeFiles(home)
    files.session("ses_a")
    files.session("ses_child", 1, parent="ses_a")
    messages: dict[str, Any] = {}
    for turn in range(rng.randrange(2, 7)):
        session = rng.choice(("ses_a", "ses_a", "ses_child"))
        open_answer = files.answer(session, turn * 10 + 2, None)
        if rng.random() < 0.7:
            files.finish(open_answer, turn * 10 + 5)
        if rng.random() < 0.4:
            answer = {"role": "assistant", "time": {"created": at(turn * 10 + 3)}, "modelID": "gpt-5"}
            messages[f"msg_{turn}"] = (answer | {"tokens": {"input": rng.randrange(99), "output": 5}}, TEXT)
            write_tree(home, "ses_a", messages)
        yield
    files.close()
    files.path.unlink()
    yield


def growing_cursor(rng: random.Random, home: Path) -> Iterator[None]:
    """A conversation that appears in more and more places, which also disappear."""
    files, name = CursorFiles(home), CONVERSATIONS[0]
    ways = ["transcript", "meta", "composer", "bubbles", "lose"]
    for turn in range(1, 7):
        write = rng.choice(ways)
        if write == "transcript":
            files.transcript(name, [user_line(), answer_line()] * turn, mtime=100 + turn)
        elif write == "meta":
            files.meta(name, createdAtMs=at(0), updatedAtMs=at(turn))
        elif write == "composer":
            files.composer(name, [{"id": "1", "type": 1}], createdAt=at(1), lastUpdatedAt=at(10 + turn))
        elif write == "bubbles":
            files.composer(name, [bubble("1", 2), bubble("2", 3, 3 + turn)], createdAt=at(1), lastUpdatedAt=at(99))
            ways = [way for way in ways if way != "composer"]  # messages do not lose their times
        else:
            for path in paths_of(home):
                if rng.random() < 0.5:
                    path.unlink()
        yield


def knowledge(row: SessionRecord) -> tuple[int, int]:
    """How much a row knows: its tokens, and which of its lengths of time."""
    spans = (row.duration_ms, row.assistant_ms, row.user_ms)
    return row.tokens, sum(span is not None for span in spans[: 1 if row.tokens else 3])


@pytest.mark.parametrize(("agent", "grow"), [("opencode", growing_opencode), ("cursor", growing_cursor)])
@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_a_session_that_grows_is_never_made_worse(tmp_path_factory: Any, agent: str, grow: Any, seed: int) -> None:
    directory = tmp_path_factory.mktemp(agent)
    machine, home = Machine(directory / "1"), directory / "home"
    home.mkdir()
    before: Rows = {}
    for _ in grow(random.Random(seed), home):
        run(machine, agent, home)
        for name, row in before.items():
            assert knowledge(machine.rows[name]) >= knowledge(row)
        before = dict(machine.rows)
