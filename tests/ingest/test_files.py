"""Which files are found, and that every one that looks like a transcript is accounted for."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from org_analytics.ingest import decompression, files
from org_analytics.ingest.derive import derive
from org_analytics.ingest.files import FileReport
from org_analytics.ingest.jsonl import DAMAGED
from org_analytics.ingest.protocol import TranscriptSource
from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import Claude, Codex, jsonl, usage

zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")


def refused(machine: Machine, *sources: TranscriptSource) -> dict[str, int]:
    report = FileReport()
    list(derive(sources or machine.sources(), machine.state, report=report))
    kinds = Counter[str]()
    for (_, kind), number in report.refused.items():
        kinds[kind] += number
    return dict(kinds)


def compressed(path: Path) -> Path:
    """The file as Codex compresses it: with another ending, in the place of the plain one."""
    target = path.with_name(path.name + ".zst")
    target.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    path.unlink()
    return target


def thread() -> Codex:
    return Codex("s").wait(1).prompt().wait(1).tokens(1000, 0, 10).reply()


def test_a_compressed_rollout_is_read(machine: Machine) -> None:
    compressed(thread().write(machine.codex))
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1000, 10, 0, 0)


def test_a_rollout_that_was_compressed_since_is_the_same_session(machine: Machine) -> None:
    path = thread().write(machine.codex)
    machine.run()
    before = dict(machine.rows)
    compressed(path)
    machine.run()
    assert machine.rows == before


def test_a_plain_rollout_counts_rather_than_a_compressed_one_of_its_name(machine: Machine) -> None:
    compressed(thread().write(machine.codex))
    machine.write(thread().wait(1).tokens(5, 0, 5))
    assert refused(machine) == {}
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1005, 15, 0, 0)


def test_without_a_module_compressed_rollouts_are_counted_and_no_row_loses(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = thread().write(machine.codex)
    machine.run()
    compressed(path)
    machine.write(thread().wait(60).page().wait(1).tokens(3, 0, 3))
    monkeypatch.setattr(files, "can_read_zstd", lambda: False)
    assert refused(machine) == {decompression.NOT_INSTALLED: 1}
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1000, 10, 0, 0)
    monkeypatch.undo()
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1003, 13, 0, 0)


def test_damaged_compressed_data_is_named(machine: Machine) -> None:
    path = compressed(thread().write(machine.codex))
    lines = path.read_bytes()
    path.write_bytes(lines + b"this is no frame")
    (said,) = machine.run()
    assert said.skipped == {DAMAGED: 1}
    assert tokens(machine.rows["codex", "s"].models) == (1000, 10, 0, 0)


def test_several_frames_are_one_file(machine: Machine) -> None:
    path = thread().write(machine.codex)
    lines = path.read_bytes().splitlines(keepends=True)
    target = path.with_name(path.name + ".zst")
    target.write_bytes(b"".join(zstandard.ZstdCompressor().compress(line) for line in lines))
    path.unlink()
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1000, 10, 0, 0)


def test_symbolic_links_are_followed_inside_the_root_only(machine: Machine) -> None:
    project = Claude("a").prompt().write(machine.claude).parent
    other = Claude("b").prompt().write(machine.home / "other")
    (project / "b.jsonl").symlink_to(other)
    (machine.claude / "projects/-linked").symlink_to(other.parent)
    (machine.claude / "projects/-again").symlink_to(project)
    (project / "same.jsonl").symlink_to(project / "a.jsonl")
    (machine.claude / "projects/-circle").symlink_to(machine.claude / "projects")
    assert refused(machine) == {files.LINK_OUTSIDE: 2}
    machine.run()
    assert {session for _, session in machine.rows} == {"a"}


def test_a_root_may_itself_be_a_symbolic_link(machine: Machine) -> None:
    Claude("a").prompt().write(machine.home / "real")
    machine.claude.symlink_to(machine.home / "real")
    machine.run()
    assert list(machine.rows) == [("claude-code", "a")]


def test_a_known_file_that_became_a_link_is_not_followed(machine: Machine) -> None:
    path = Claude("a").prompt().write(machine.claude)
    machine.run()
    other = Claude("a").prompt().reply(usage(9, 9)).write(machine.home / "other")
    path.unlink()
    path.symlink_to(other)
    assert refused(machine) == {files.LINK_OUTSIDE: 1}
    machine.run()
    assert machine.rows["claude-code", "a"].models == ()


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        (".claude/projects/loose.jsonl", b"{}", "not in a directory of a project"),
        (".claude/projects/-x/agent-a.jsonl", b'{"type":"user"}\n', "names no session"),
        (".codex/sessions/2026/01/01/notes.jsonl", b"{}", "not named rollout-*.jsonl"),
        (".codex/sessions/rollout-old.json", b"{}", "not named rollout-*.jsonl"),
        (".codex/sessions/rollout-a.jsonl", b"", "no valid session_meta line"),
        (".codex/archived_sessions/rollout-a.jsonl", jsonl([{"type": "x"}] * 30), "no valid session_meta line"),
    ],
)
def test_files_that_look_like_transcripts_are_counted(machine: Machine, path: str, content: bytes, kind: str) -> None:
    target = machine.home / path
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    assert refused(machine) == {kind: 1}


@pytest.mark.parametrize("path", [".claude/projects/-x/audit.jsonl", ".claude/projects/-x/s/tool-results/x.jsonl"])
def test_logs_are_not_transcripts(machine: Machine, path: str) -> None:
    target = machine.home / path
    target.parent.mkdir(parents=True)
    target.write_text("{}")
    assert refused(machine) == {}
    assert machine.run() == []


def test_a_root_one_directory_too_deep_is_said(machine: Machine) -> None:
    machine.write(Claude("a").prompt(), Claude("b").prompt(), thread())
    assert list(
        refused(
            machine,
            TranscriptSource("claude-code", machine.claude / "projects"),
            TranscriptSource("codex", machine.codex / "sessions"),
        ).values()
    ) == [2, 1]


def test_a_directory_that_cannot_be_read_is_counted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write(Claude("a").prompt())

    def refuse(*_: object) -> Any:
        raise PermissionError

    monkeypatch.setattr("os.scandir", refuse)
    assert refused(machine) == {files.UNREADABLE_DIRECTORY: 3}


def test_a_file_that_cannot_be_read_is_counted_and_read_once_it_can(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write(Claude("a").prompt().reply(usage(1, 1)))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert refused(machine) == {files.UNREADABLE: 1}
    monkeypatch.undo()
    machine.run()
    assert tokens(machine.rows["claude-code", "a"].models)[:2] == (1, 1)


def test_accepted_files_are_counted(machine: Machine) -> None:
    machine.write(Claude("a").prompt().agent("x", usage(1)), thread())
    report = FileReport()
    list(derive(machine.sources(), machine.state, report=report))
    assert report.accepted == {"claude-code": 2, "codex": 1}


def test_a_compressed_stream_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"one\ntwo\n"))
    with decompression.open_file(str(path), io.DEFAULT_BUFFER_SIZE) as file:
        assert file.readline() == b"one\n"
