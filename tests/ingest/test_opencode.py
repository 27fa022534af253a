"""Sessions of OpenCode: both table versions, the JSON tree, forks, children, and reading beside a running OpenCode."""

import json
import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.ingest.coerce import count
from org_analytics.ingest.derive import derive
from org_analytics.ingest.files import FileReport
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers.opencode import OpenCode
from org_analytics.ingest.providers.opencode_messages import fresh_and_output, token_counts
from org_analytics.ingest.records import SessionRecord
from org_analytics.ingest.sqlite_state import SqliteState
from org_analytics.ingest.state import MemoryState
from tests.ingest.machine import Machine, tokens
from tests.ingest.mutations import ODD_VALUES, check
from tests.ingest.opencode_writing import CANARY, NO_TOKENS, TEXT, TOKENS, OpenCodeFiles, at, write_tree

SYNTHETIC = {"type": "text", "text": "The tool was run by the user", "synthetic": True}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[OpenCodeFiles]:
    written = OpenCodeFiles(tmp_path / "opencode", has_version_2=True)
    yield written
    written.close()


def run(machine: Machine, directory: Path, **options: Any) -> dict[str, SessionRecord]:
    machine.run([TranscriptSource("opencode", directory)], **options)
    return {session: row for (_, session), row in machine.rows.items()}


def spans(row: SessionRecord) -> tuple[int | None, int | None, int | None]:
    return row.duration_ms, row.assistant_ms, row.user_ms


def test_two_turns(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.user("ses_a", 0)
    files.answer("ses_a", 1, 10.5)
    files.user("ses_a", 60)
    files.answer("ses_a", 60.1, 65.5)
    row = run(machine, files.directory)["ses_a"]
    assert spans(row) == (65500, 16000, 49500)
    assert tokens(row.models) == (800, 140, 0, 1200)
    assert row.cost_usd == Decimal("0.00255")
    assert row.title == ""


def test_the_title_is_kept_when_asked_for_unless_it_is_the_default_one(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.session("ses_b", title="New session - 2026-03-02T10:13:19.000Z")
    for session in ("ses_a", "ses_b"):
        files.user(session, 0)
    rows = run(machine, files.directory, with_titles=True)
    assert (rows["ses_a"].title, rows["ses_b"].title) == ("A title", "")


def test_usage_of_children_and_their_children_belongs_to_the_root(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.user("ses_a", 0)
    files.answer("ses_a", 1, 2)
    files.session("ses_b", 1, parent="ses_a")
    files.answer("ses_b", 1, 5)
    files.session("ses_c", 2, parent="ses_b")
    files.answer("ses_c", 2, 500)
    rows = run(machine, files.directory)
    assert rows.keys() == {"ses_a"}
    assert (rows["ses_a"].models[0].requests, rows["ses_a"].duration_ms) == (3, 2000)


def test_a_child_without_its_root_is_skipped(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_b", parent="ses_gone")
    files.answer("ses_b", 1, 5)
    said = machine.run([TranscriptSource("opencode", files.directory)])
    assert [derived.reason for derived in said] == ["no main transcript"]


def write_fork(files: OpenCodeFiles, *, origin: bool) -> None:
    if origin:
        files.session("ses_a")
        files.user("ses_a", 0)
        files.answer("ses_a", 1, 8)
    files.session("ses_fork", 120)
    files.user("ses_fork", 0)
    files.answer("ses_fork", 1, 8)
    files.user("ses_fork", 121)
    files.answer("ses_fork", 121.5, 131)


def test_copies_in_a_fork_count_in_the_session_that_they_come_from(machine: Machine, files: OpenCodeFiles) -> None:
    write_fork(files, origin=True)
    rows = run(machine, files.directory)
    assert [rows[name].models[0].requests for name in ("ses_a", "ses_fork")] == [1, 1]
    assert spans(rows["ses_fork"]) == (10000, 10000, None)


def test_copies_count_in_the_fork_where_their_origin_is_not_there(machine: Machine, files: OpenCodeFiles) -> None:
    write_fork(files, origin=False)
    row = run(machine, files.directory)["ses_fork"]
    assert (row.models[0].requests, spans(row)) == (2, (10000, 10000, None))


def test_a_fork_of_only_copies_keeps_their_times_and_counts_nothing(machine: Machine, files: OpenCodeFiles) -> None:
    write_fork(files, origin=True)
    files.session("ses_empty", 140)
    files.user("ses_empty", 0)
    files.answer("ses_empty", 1, 8)
    row = run(machine, files.directory)["ses_empty"]
    assert spans(row) == (None, None, None)
    assert row.cost_usd == 0
    assert not row.models
    assert row.started_at.timestamp() * 1000 == at(0)


def test_equal_messages_of_two_sessions_that_are_no_copies_count_in_both(
    machine: Machine, files: OpenCodeFiles
) -> None:
    for session in ("ses_a", "ses_b"):
        files.session(session)
        files.user(session, 0)
        files.answer(session, 1, 8)
    rows = run(machine, files.directory)
    assert [spans(row) for row in rows.values()] == [(8000, 8000, None)] * 2
    assert [row.models[0].requests for row in rows.values()] == [1, 1]


def test_shell_commands_manual_compactions_and_unfinished_answers_are_off_the_clock(
    machine: Machine, files: OpenCodeFiles
) -> None:
    files.session("ses_a")
    files.answer("ses_a", 0.1, 5, parent=files.user("ses_a", 0))
    shell = files.user("ses_a", 30, SYNTHETIC)
    files.answer("ses_a", 30, 40, parent=shell, tokens=NO_TOKENS, cost=0)
    compaction = files.user("ses_a", 50, {"type": "compaction", "auto": False})
    files.answer("ses_a", 50, 58, parent=compaction)
    files.answer("ses_a", 60.1, 62, parent=files.user("ses_a", 60), tokens=NO_TOKENS, error={"name": "APIError"})
    files.answer("ses_a", 100.1, None, parent=files.user("ses_a", 100), tokens=NO_TOKENS)
    row = run(machine, files.directory)["ses_a"]
    assert spans(row) == (100100, 7000, 93000)
    assert row.models[0].requests == 2


def test_an_automatic_compaction_belongs_to_the_running_turn(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.answer("ses_a", 0.1, 10, parent=files.user("ses_a", 0))
    files.answer("ses_a", 10, 15, parent=files.user("ses_a", 10, {"type": "compaction", "auto": True}))
    files.answer("ses_a", 15, 25, parent=files.user("ses_a", 15, SYNTHETIC))
    files.answer("ses_a", 100, 105, parent=files.user("ses_a", 100))
    assert spans(run(machine, files.directory)["ses_a"]) == (105000, 30000, 75000)


@pytest.mark.parametrize("part", [{"type": "file", "url": "x"}, {"type": "agent"}, {"type": "subtask"}])
def test_a_file_an_agent_or_a_subtask_is_a_prompt(machine: Machine, files: OpenCodeFiles, part: Any) -> None:
    files.session("ses_a")
    files.answer("ses_a", 1, 8, parent=files.user("ses_a", 0, part))
    assert run(machine, files.directory)["ses_a"].assistant_ms == 8000


@pytest.mark.parametrize("part", [{"type": "text", "text": " \n"}, {"type": "text", "text": "x", "ignored": True}])
def test_blank_and_ignored_text_is_no_prompt(machine: Machine, files: OpenCodeFiles, part: Any) -> None:
    files.session("ses_a")
    files.answer("ses_a", 1, 8, parent=files.user("ses_a", 0, part))
    assert run(machine, files.directory)["ses_a"].assistant_ms is None


CACHE = {"read": 600, "write": 40}


@pytest.mark.parametrize(
    ("given_tokens", "expected"),
    [
        ({"total": 1110, "input": 400, "output": 40, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"total": 1110, "input": 400, "output": 70, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"total": 1110, "input": 1040, "output": 40, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"total": 1110, "input": 1040, "output": 70, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"input": 400, "output": 40, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"total": 5, "input": 400, "output": 40, "reasoning": 30, "cache": CACHE}, (400, 70)),
        ({"total": True, "input": "1", "output": -1, "cache": []}, (0, 0)),
    ],
)
def test_total_tells_how_a_version_counts_tokens(given_tokens: dict[str, Any], expected: tuple[int, int]) -> None:
    assert fresh_and_output(token_counts(given_tokens), count(given_tokens.get("total"))) == expected


@pytest.mark.parametrize(
    ("provider", "model", "cost", "expected"),
    [
        ("openai", "gpt-5", 99, ("gpt-5", Decimal("0.001275"))),
        ("opencode", "gpt-5", 0, ("gpt-5", Decimal("0.001275"))),
        ("vercel", "openai/gpt-5", 0, ("gpt-5", Decimal("0.001275"))),
        ("acme", "acme-large-7", 0.02, ("acme-large-7", Decimal("0.02"))),
        ("acme", "acme-large-7", 0, ("acme-large-7", None)),
        ("acme", "acme-large-7", "free", ("acme-large-7", None)),
    ],
)
def test_cost_is_the_list_price_then_the_agents_own_figure_then_unknown(
    machine: Machine, files: OpenCodeFiles, provider: str, model: str, cost: Any, expected: tuple[str, Decimal | None]
) -> None:
    files.session("ses_a")
    files.answer("ses_a", 1, 8, providerID=provider, modelID=model, cost=cost)
    row = run(machine, files.directory)["ses_a"]
    assert (row.models[0].model, row.cost_usd) == expected
    assert row.cost_complete == (expected[1] is not None)


def test_version_2_continues_what_version_1_began(machine: Machine, files: OpenCodeFiles) -> None:
    old = {"total": 1070, "input": 400, "output": 70, "reasoning": 30, "cache": {"read": 600, "write": 0}}
    files.session("ses_a")
    files.user("ses_a", 0, id="u1")
    files.answer("ses_a", 1, 10.5, id="a1", tokens=old)
    files.session_2("ses_a")
    files.row_2("ses_a", "user", 0, id="u1", text="please")
    files.answer_2("ses_a", 1, 10.5, id="a1", tokens={name: value for name, value in old.items() if name != "total"})
    files.row_2("ses_a", "model-switched", 20)
    files.row_2("ses_a", "user", 60, text="and now")
    files.answer_2("ses_a", 60.1, 65.5)
    files.row_2("ses_a", "idle", 99)
    row = run(machine, files.directory)["ses_a"]
    assert spans(row) == (65500, 16000, 49500)
    assert tokens(row.models) == (800, 140, 0, 1200)


def test_version_2_compaction_has_usage_and_is_off_the_clock(machine: Machine, files: OpenCodeFiles) -> None:
    files.session_2("ses_a")
    files.row_2("ses_a", "user", 0, text="go")
    files.answer_2("ses_a", 1, 5)
    files.row_2("ses_a", "shell", 30, 40, command="ls")
    model = {"providerID": "openai", "id": "gpt-5"}
    files.row_2("ses_a", "compaction", 50, status="completed", reason="manual", tokens=TOKENS, model=model)
    files.row_2("ses_a", "user", 60, text="next")
    files.answer_2("ses_a", 60.1, 62, tokens=None, error={"type": "provider"})
    row = run(machine, files.directory)["ses_a"]
    assert (spans(row), row.models[0].requests) == ((62000, 7000, 55000), 2)


def test_the_tree_of_old_versions_is_read_and_the_database_wins(machine: Machine, files: OpenCodeFiles) -> None:
    user = ({"role": "user", "time": {"created": at(0)}}, TEXT)
    times = {"created": at(1), "completed": at(9)}
    answer = {"role": "assistant", "time": times, "providerID": "openai", "modelID": "gpt-5", "tokens": TOKENS}
    write_tree(files.directory, "ses_old", {"u": user, "a": (answer, {"type": "text", "text": "done"})})
    write_tree(files.directory, "ses_a", {"m1": user, "m2": (answer, {"type": "text"})})
    files.session("ses_a")
    files.user("ses_a", 0, id="m1")
    files.answer("ses_a", 1, 20, id="m2", tokens=TOKENS | {"total": None, "input": 1})
    rows = run(machine, files.directory)
    assert (spans(rows["ses_old"]), tokens(rows["ses_old"].models)) == ((9000, 9000, None), (400, 70, 0, 600))
    assert (spans(rows["ses_a"]), tokens(rows["ses_a"].models)) == ((20000, 20000, None), (1, 70, 0, 600))


def test_databases_of_all_release_channels_are_read(machine: Machine, files: OpenCodeFiles) -> None:
    other = OpenCodeFiles(files.directory, "opencode-dev.db")
    other.session("ses_dev")
    other.user("ses_dev", 1)
    other.close()
    assert run(machine, files.directory).keys() == {"ses_dev"}


def test_what_looks_like_a_database_and_is_none_is_reported(machine: Machine, files: OpenCodeFiles) -> None:
    (files.directory / "opencode-broken.db").write_bytes(b"not a database" * 100)
    report = FileReport()
    list(derive([TranscriptSource("opencode", files.directory)], MemoryState(), report=report))
    assert dict(report.refused) == {("opencode", "database cannot be read"): 1}


def test_a_broken_row_is_skipped_and_counted(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.user("ses_a", 0)
    for broken in ("{", b"\xff", "[]", json.dumps({"role": "x", "time": {"created": at(1)}}), "[" * 50_000):
        files.message("ses_a", broken)
    files.answer("ses_a", 1, 8)
    (said,) = machine.run([TranscriptSource("opencode", files.directory)])
    assert said.record is not None
    assert said.record.assistant_ms == 8000
    assert sum(said.skipped.values()) == 5


def test_a_second_run_changes_nothing_and_an_answer_finished_in_place_is_seen(
    machine: Machine, files: OpenCodeFiles
) -> None:
    files.session("ses_a")
    files.user("ses_a", 0)
    message = files.answer("ses_a", 1, None)
    assert run(machine, files.directory)["ses_a"].duration_ms == 1000
    source = [TranscriptSource("opencode", files.directory)]
    assert [derived.outcome for derived in machine.run(source)] == ["unchanged"]
    files.finish(message, 8)
    assert run(machine, files.directory)["ses_a"].duration_ms == 8000


def test_an_undo_makes_a_session_smaller(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.user("ses_a", 0)
    files.answer("ses_a", 1, 8)
    undone = files.answer("ses_a", 9, 10)
    assert run(machine, files.directory)["ses_a"].models[0].requests == 2
    files.undo(undone)
    assert run(machine, files.directory)["ses_a"].models[0].requests == 1


def test_a_database_that_cannot_be_read_any_more_keeps_the_stored_row(machine: Machine, files: OpenCodeFiles) -> None:
    files.session("ses_a")
    files.answer("ses_a", 1, 8)
    before = run(machine, files.directory)
    files.close()
    files.path.write_bytes(b"broken" * 1000)
    assert run(machine, files.directory) == before


def test_a_commit_that_is_only_in_the_log_is_read_and_no_byte_is_changed(machine: Machine, tmp_path: Path) -> None:
    files = OpenCodeFiles(tmp_path / "a %41?#b" / "opencode", wal=True)
    files.session("ses_a")
    files.answer("ses_a", 1, 8)
    paths = [files.path, Path(f"{files.path}-wal")]
    before = [path.read_bytes() for path in paths]
    assert run(machine, files.directory)["ses_a"].models[0].requests == 1
    assert [path.read_bytes() for path in paths] == before
    files.answer("ses_a", 9, 10)
    assert run(machine, files.directory)["ses_a"].models[0].requests == 2
    files.close()


@pytest.mark.parametrize("has_log", [True, False])
def test_without_usable_side_files_the_log_is_still_read(machine: Machine, tmp_path: Path, has_log: bool) -> None:
    files = OpenCodeFiles(tmp_path / "running", wal=True)
    files.session("ses_a")
    files.answer("ses_a", 1, 8)
    if not has_log:
        files.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    directory = tmp_path / "opencode"
    directory.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{files.path}{suffix}", directory / f"opencode.db{suffix}")
    (directory / "opencode.db-shm").mkdir()  # SQLite cannot make its side file, as in a directory without write access
    files.close()
    before = {path: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    assert run(machine, directory)["ses_a"].models[0].requests == 1
    assert {path: path.read_bytes() for path in directory.iterdir() if path.is_file()} == before


def test_private_copies_are_deleted_after_the_run(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    test_without_usable_side_files_the_log_is_still_read(machine, tmp_path, True)
    assert list(temporary.iterdir()) == []


def test_secrets_and_text_show_up_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = OpenCodeFiles(tmp_path / "opencode", has_version_2=True)
    files.session("ses_a")
    files.user("ses_a", 0)
    files.answer("ses_a", 1, 8, error={"name": "APIError", "data": {"message": CANARY}})
    files.message("ses_a", "{" + CANARY)
    files.close()
    state = tmp_path / "state.sqlite3"
    with caplog.at_level(logging.DEBUG), SqliteState(state) as kept:
        said = list(derive([TranscriptSource("opencode", files.directory)], kept, report=FileReport()))
    assert [derived.outcome for derived in said] == ["derived"]
    assert CANARY not in repr(said) + caplog.text
    assert all(CANARY.encode() not in path.read_bytes() for path in tmp_path.glob("state*"))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["/home/ann/.local/share/opencode"]),
        ({"XDG_DATA_HOME": "/data"}, ["/data/opencode"]),
        ({"OPENCODE_DB": "/x/my.db"}, ["/home/ann/.local/share/opencode", "/x/my.db"]),
        ({"OPENCODE_DB": "my.db"}, ["/home/ann/.local/share/opencode", "/home/ann/.local/share/opencode/my.db"]),
        ({"OPENCODE_DB": ":memory:"}, ["/home/ann/.local/share/opencode"]),
    ],
)
def test_places(environ: dict[str, str], expected: list[str]) -> None:
    assert [str(root) for root in OpenCode().roots(environ, Path("/home/ann"))] == expected


NAMES = ("opencode.db", "opencode-a.db", "opencode-b.db")


def random_files(rng: random.Random, directory: Path, name: str) -> None:
    """Sessions with children and with copies of each other's messages, also of sessions in other databases."""
    files = OpenCodeFiles(directory, name, has_version_2=True)
    for number in range(rng.randrange(1, 5)):
        session, created = f"ses_{number}_{name}", rng.choice((0, 50, 100))
        parent = f"ses_0_{rng.choice(NAMES)}" if rng.random() < 0.3 and number else None
        files.session(session, created, parent=parent)
        for _ in range(rng.randrange(6)):
            start = rng.choice((1, 51, 101, 151)) + rng.randrange(3)
            model = rng.choice(("gpt-5", "acme-large-7"))
            files.user(session, start, rng.choice((TEXT, SYNTHETIC, {"type": "file"})))
            files.answer(session, start, start + rng.randrange(5), modelID=model)
    files.close()


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_databases_that_arrive_in_any_order_give_the_same_rows(tmp_path_factory: Any, seed: int) -> None:
    directory = tmp_path_factory.mktemp("opencode")
    for number, name in enumerate(NAMES):
        random_files(random.Random(seed + number), directory / "all", name)
    at_once, one_by_one = Machine(directory / "1"), Machine(directory / "2")
    run(at_once, directory / "all")
    (directory / "some").mkdir()
    for name in random.Random(seed).sample(NAMES, len(NAMES)):
        shutil.copyfile(directory / "all" / name, directory / "some" / name)
        run(one_by_one, directory / "some")
    assert one_by_one.rows == at_once.rows


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_a_growing_session_never_loses_usage(tmp_path_factory: Any, seed: int) -> None:
    rng = random.Random(seed)
    directory = tmp_path_factory.mktemp("opencode")
    machine, files = Machine(directory / "1"), OpenCodeFiles(directory / "opencode")
    files.session("ses_a")
    used = 0
    for turn in range(rng.randrange(1, 8)):
        files.user("ses_a", turn * 10)
        files.answer("ses_a", turn * 10 + 1, rng.choice((None, turn * 10 + 5)))
        now = sum(tokens(run(machine, files.directory)["ses_a"].models))
        assert now == used + 1070
        used = now
    files.close()


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_odd_values_anywhere_never_raise(tmp_path_factory: Any, seed: int) -> None:
    rng = random.Random(seed)
    directory = tmp_path_factory.mktemp("opencode")
    random_files(rng, directory, "opencode.db")
    _mutate(rng, directory / "opencode.db")
    for with_titles in (False, True):
        for derived in derive([TranscriptSource("opencode", directory)], MemoryState(), with_titles=with_titles):
            if derived.record is not None:
                assert derived.record.started_at <= derived.record.ended_at


def _mutate(rng: random.Random, path: Path) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    odd = [value for value in ODD_VALUES if not isinstance(value, list | dict) and value not in (10**30, "\ud800")]
    columns: dict[str, tuple[str, ...]] = {
        "session": ("id", "parent_id", "directory", "title", "time_created", "time_updated")
    }
    columns |= {"message": ("session_id", "time_created", "time_updated", "data"), "part": ("data", "message_id")}
    for _ in range(rng.randrange(1, 8)):
        table = rng.choice(list(columns))
        column = rng.choice(columns[table])
        (row,) = database.execute(f"SELECT max(rowid) FROM {table}").fetchone()
        if row is None:
            continue
        target = rng.randrange(1, row + 1)
        value = rng.choice(odd)
        if column == "data" and rng.random() < 0.8:
            found = database.execute(f"SELECT data FROM {table} WHERE rowid = ?", (target,)).fetchone()
            try:
                data = json.loads(found[0])
                inner = rng.choice([data, *(part for part in data.values() if isinstance(part, dict) and part)])
                inner[rng.choice(list(inner))] = rng.choice(ODD_VALUES)
                value = json.dumps(data)
            except (TypeError, ValueError, AttributeError, IndexError):
                pass
        try:
            database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, target))
        except sqlite3.IntegrityError:
            continue
    database.close()


SAMPLES = os.environ.get("ORG_ANALYTICS_TRANSCRIPT_SAMPLES", "")


@pytest.mark.skipif(not SAMPLES, reason="ORG_ANALYTICS_TRANSCRIPT_SAMPLES names no directory")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_given_samples_come_out_as_expected(machine: Machine, version: str) -> None:
    directory = Path(SAMPLES, "opencode", version)
    expected = json.loads((directory / "expected.json").read_text())["rows"]
    rows = run(machine, directory, with_titles=True)
    assert rows.keys() == expected.keys()
    for name, row in rows.items():
        models = {
            model.model: {
                "requests": model.requests,
                "input": model.input_tokens,
                "output": model.output_tokens,
                "cache_write": model.cache_write_tokens,
                "cache_read": model.cache_read_tokens,
                "cost_usd": model.cost_usd,
            }
            for model in row.models
        }
        for model in expected[name]["models"].values():
            model["cost_usd"] = None if model["cost_usd"] is None else Decimal(model["cost_usd"])
        wanted = {field: expected[name][field] for field in ("duration_ms", "assistant_ms", "user_ms", "title")}
        assert (spans(row), row.title) == (
            (wanted["duration_ms"], wanted["assistant_ms"], wanted["user_ms"]),
            wanted["title"],
        )
        assert models == expected[name]["models"]
        assert round(row.started_at.timestamp() * 1000) == expected[name]["started_at_ms"]
        assert round(row.ended_at.timestamp() * 1000) == expected[name]["ended_at_ms"]
        assert row.unpriced_models == tuple(expected[name]["unpriced_models"])
        check(row)
