"""A run: what it reads, what it says, what it keeps."""

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from org_analytics.ingest import derive as deriving
from org_analytics.ingest.derive import derive
from org_analytics.ingest.deriver import BEFORE_SINCE
from org_analytics.ingest.files import FileReport
from org_analytics.ingest.pricing import NoPrices
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers import PROVIDERS, default_sources
from org_analytics.ingest.records import DerivationOutcome
from org_analytics.ingest.sqlite_state import SqliteState
from org_analytics.ingest.state import MemoryState
from tests.ingest.machine import Machine
from tests.ingest.writing import START, Claude, Codex, usage

SECRET = "correct horse battery staple"


def outcomes(machine: Machine, **options: object) -> dict[str, str]:
    return {derived.external_id: derived.outcome for derived in machine.run(**options)}  # type: ignore[arg-type]


def test_what_is_unchanged_is_not_read_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write(Claude("a").prompt(), Codex("b").prompt())
    assert outcomes(machine) == {"a": "derived", "b": "derived"}
    assert outcomes(machine) == {"a": "unchanged", "b": "unchanged"}
    machine.write(Claude("a").prompt().prompt())
    assert outcomes(machine) == {"a": "derived", "b": "unchanged"}
    monkeypatch.setattr(PROVIDERS["codex"], "parser_version", 99)
    assert outcomes(machine) == {"a": "unchanged", "b": "derived"}


def test_a_touched_file_is_read_again(machine: Machine) -> None:
    path = Claude("a").prompt().write(machine.claude)
    machine.run()
    os.utime(path, ns=(1, 1))
    assert outcomes(machine) == {"a": "derived"}


def test_titles_asked_for_later_are_sent_later_and_taken_back(machine: Machine) -> None:
    session = Claude("a").prompt()
    session.lines.append({"type": "ai-title", "aiTitle": "about it"})
    assert [machine.one(session, with_titles=titles).title for titles in (False, True, False)] == ["", "about it", ""]


def test_what_was_not_marked_comes_again(machine: Machine) -> None:
    machine.write(Claude("a").prompt(), Claude("b").prompt())
    machine.run(stop_after=1)
    assert len(machine.rows) == 1
    assert sorted(outcomes(machine).values()) == ["derived", "unchanged"]


def test_a_mark_for_files_that_were_read_again_since_is_refused(machine: Machine) -> None:
    machine.write(Claude("a").prompt())
    (older,) = derive(machine.sources(), machine.state)
    machine.write(Claude("a").prompt().wait(1).prompt())
    list(derive(machine.sources(), machine.state))
    assert older.receipt is not None
    machine.state.mark_stored([older.receipt])
    assert outcomes(machine) == {"a": "derived"}


def test_a_subagents_file_that_is_gone_is_no_change(machine: Machine) -> None:
    path = Claude("a").prompt().agent("x", usage(5, 5)).write(machine.claude)
    machine.run()
    (path.parent / "a/subagents/agent-x.jsonl").unlink()
    assert outcomes(machine) == {"a": "unchanged"}


def test_subagents_whose_session_is_missing_wait_for_it(machine: Machine) -> None:
    session = Claude("a").prompt().agent("x", usage(5, 5)).agent("y", usage(7, 7), old=True)
    session.write(machine.claude).unlink()
    (derived,) = machine.run()
    assert (derived.outcome, derived.reason) == ("skipped", deriving.NO_MAIN)
    assert outcomes(machine) == {"a": "skipped"}
    assert sum(used.requests for used in machine.one(session).models) == 2


def test_sessions_that_ended_before_the_date_asked_for_are_left_out(machine: Machine) -> None:
    old = Claude("old").prompt().wait(5).reply(usage(1, 1))
    machine.write(old, Claude("new", START + timedelta(days=9)).prompt())
    since = START + timedelta(days=1)
    assert outcomes(machine, since=since) == {"old": "skipped", "new": "derived"}
    path = machine.claude / "projects/-nowhere-app/old.jsonl"
    os.utime(path, ns=(1, 1))
    assert outcomes(machine, since=since) == {"old": "skipped", "new": "unchanged"}
    path.chmod(0)
    (skipped,) = [derived for derived in machine.run(since=since) if derived.outcome == "skipped"]
    assert (skipped.reason, skipped.skipped) == (BEFORE_SINCE, {})
    path.chmod(0o644)
    assert outcomes(machine) == {"old": "derived", "new": "unchanged"}


def test_a_fork_does_not_count_a_parent_that_is_too_old_to_be_sent(machine: Machine) -> None:
    parent = Claude("parent").prompt().wait(5).reply(usage(100, 10)).wait(1)
    fork = parent.fork("fork", says_so=False).wait(9 * 86400).prompt().wait(5).reply(usage(1, 1))
    machine.write(parent, fork)
    machine.run(since=START + timedelta(days=1))
    assert [used.output_tokens for used in machine.rows["claude-code", "fork"].models] == [1]


@pytest.mark.parametrize("content", ["", "\n", "{", '{"type":"user"}\n', '{"type":"summary","summary":"x"}\n'])
def test_a_file_without_a_time_is_no_session(machine: Machine, content: str) -> None:
    path = machine.claude / "projects/-x/a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    (derived,) = machine.run()
    assert (derived.outcome, derived.reason, derived.record) == (DerivationOutcome.SKIPPED, "no line with a time", None)
    assert outcomes(machine) == {"a": "unchanged"}


def test_numbers_too_large_to_be_true_are_no_session(machine: Machine) -> None:
    machine.write(Claude("a").prompt().reply(usage(2**53 - 1)))
    assert [derived.reason for derived in machine.run()] == ["token counts or cost out of range"]


def test_more_tokens_than_the_server_takes_are_no_session(machine: Machine) -> None:
    large = usage(2**53 - 1)
    machine.write(Claude("a").prompt().reply(large, model="m").reply(large, model="m"))
    assert [derived.reason for derived in machine.run()] == ["token counts or cost out of range"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_transcript_and_is_not_waited_for(machine: Machine) -> None:
    machine.write(Claude("a").prompt())
    os.mkfifo(machine.claude / "projects/-nowhere-app/b.jsonl")
    assert outcomes(machine) == {"a": "derived"}


def test_a_session_with_an_odd_name_is_skipped(machine: Machine) -> None:
    Claude("a").prompt().write(machine.claude).rename(machine.claude / "projects/-nowhere-app/a\nb.jsonl")
    assert [derived.reason for derived in machine.run()] == [deriving.NO_ID]


def test_a_file_that_cannot_be_read_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Claude("a").prompt().write(machine.claude)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    (derived,) = derive(machine.sources(), MemoryState())
    assert derived.skipped == {"file cannot be read": 1}
    assert derived.problems[0].path == os.path.realpath(path)


def test_a_file_that_vanishes_while_being_found_is_left(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Claude("a").prompt().write(machine.claude)

    def vanish(*_: object) -> bool:
        path.unlink()
        return True

    report = FileReport()
    monkeypatch.setattr("os.access", vanish)
    assert list(derive(machine.sources(), MemoryState(), report=report)) == []
    assert not report.refused


def test_progress_ends_with_all_bytes(machine: Machine) -> None:
    machine.write(Claude("a").prompt(), Claude("b").prompt().agent("x", usage(1)), Codex("c").prompt())
    told: list[tuple[int, int]] = []
    list(derive(machine.sources(), MemoryState(), progress=lambda done, total: told.append((done, total))))
    total = sum(path.stat().st_size for path in machine.home.rglob("*.jsonl"))
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_dry_run_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    parent = Claude("p").prompt().wait(1).reply(usage(100, 10)).wait(1)
    fork = parent.fork("f", says_so=False).wait(60).prompt()
    with SqliteState(tmp_path / "state") as kept:
        machine.state = kept
        machine.write(fork)
        machine.run()
        machine.write(parent.prompt())
        before = {id: (kept.session("claude-code", id), kept.lines("claude-code", id)) for id in "pf"}
        machine.state = MemoryState(kept)
        assert outcomes(machine) == {"p": "derived", "f": "derived"}
        assert outcomes(machine) == {"p": "unchanged", "f": "unchanged"}
        machine.state = kept
        assert before == {id: (kept.session("claude-code", id), kept.lines("claude-code", id)) for id in "pf"}
        assert outcomes(machine) == {"p": "derived", "f": "derived"}


def test_nothing_of_a_transcript_is_said_or_kept(
    machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    claude = Claude("a", cwd=f"/nowhere/{SECRET}").prompt(SECRET).wait(1).reply(usage(1, 1), id=SECRET, uuid=SECRET)
    claude.line("user", message=SECRET, timestamp=SECRET).line("assistant", message={"usage": {SECRET: SECRET}})
    claude.lines.append({"type": "summary", "summary": SECRET})
    claude.write(machine.claude)
    with (machine.claude / "projects/-nowhere-app/a.jsonl").open("a") as file:
        file.write(f'{{"broken": "{SECRET}"\n[" {SECRET} "]\n{{"unfinished": "{SECRET}')
    machine.write(Codex("b").prompt(SECRET).reply(SECRET).event("agent_message", message=SECRET))
    path = tmp_path / "state.sqlite3"
    with SqliteState(path) as machine.state, caplog.at_level(logging.DEBUG):
        said = machine.run()
    assert {kind for derived in said for kind in derived.skipped} >= {"not JSON", "unfinished line", "not an object"}
    assert SECRET not in repr(said)
    assert SECRET not in caplog.text
    assert SECRET.encode() not in path.read_bytes()


def test_sources_are_where_the_tools_put_transcripts(tmp_path: Path) -> None:
    cursor = TranscriptSource("cursor", tmp_path)  # its files are in several directories of the home directory
    assert default_sources({}, tmp_path) == [cursor]
    for name in (".claude", ".config/claude", ".codex", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    assert default_sources({}, tmp_path) == [
        TranscriptSource("claude-code", tmp_path / ".claude"),
        TranscriptSource("claude-code", tmp_path / ".config/claude"),
        TranscriptSource("codex", tmp_path / ".codex"),
        cursor,
    ]
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere"), "CODEX_HOME": str(tmp_path / "missing")}
    assert default_sources(environ, tmp_path) == [TranscriptSource("claude-code", tmp_path / "elsewhere"), cursor]


def test_the_same_place_named_twice_counts_once(machine: Machine) -> None:
    machine.write(Claude("a").prompt())
    assert len(machine.run([*machine.sources(), *machine.sources()])) == 1


def test_children_in_a_circle_are_nobodys(machine: Machine) -> None:
    for child, parent in (("a", "b"), ("b", "a")):
        spawn = {"subagent": {"thread_spawn": {"parent_thread_id": parent}}}
        machine.write(Codex(child, about={"source": spawn, "thread_source": "subagent"}))
    assert {derived.reason for derived in machine.run()} == {deriving.NO_MAIN}
    assert machine.rows == {}


def test_times_are_utc(machine: Machine) -> None:
    row = machine.one(Claude("a").prompt(), prices=NoPrices())
    assert row.started_at.tzinfo is UTC
    assert row.started_at == datetime(2026, 5, 13, 1, tzinfo=UTC)
