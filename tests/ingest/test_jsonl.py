"""Broken lines are counted by kind and never end a file."""

import json
import time
from pathlib import Path

import pytest

from org_analytics.ingest import jsonl
from org_analytics.ingest.jsonl import Problem, SkippedLines, read_lines


def read(path: Path, content: bytes) -> tuple[list[dict[str, object]], SkippedLines]:
    path.write_bytes(content)
    skipped = SkippedLines()
    return [line for _, _, line in read_lines(str(path), skipped)], skipped


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": -Infinity}', "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"\x00" * 100, "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"text"', "not an object"),
    ],
)
def test_a_broken_line_is_counted_by_kind(tmp_path: Path, broken: bytes, kind: str) -> None:
    path = tmp_path / "a.jsonl"
    found, skipped = read(path, b'{"n": 1}\n' + broken + b'\n{"n": 2}\n')
    assert found == [{"n": 1}, {"n": 2}]
    assert skipped.counts == {kind: 1}
    assert skipped.problems == [Problem(str(path), 2, kind)]


def test_a_line_over_the_limit_is_skipped_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_SIZE", 50)
    just_fits = b'{"n": "' + b"x" * 40 + b'"}\n'
    found, skipped = read(tmp_path / "a", just_fits + b'{"n": "' + b"y" * 4_000_000 + b'"}\n{"n": 3}\n' + b"z" * 60)
    assert found == [{"n": "x" * 40}, {"n": 3}]
    assert skipped.counts == {"line too long": 2}


def test_a_last_line_that_is_not_finished_is_a_session_still_being_written(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", b'{"n": 1}\n{"n": ')
    assert (found, skipped.counts) == ([{"n": 1}], {"unfinished line": 1})


def test_a_last_line_needs_no_newline(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", b'{"n": 1}\n{"n": 2}')
    assert (found, skipped.counts) == ([{"n": 1}, {"n": 2}], {})


def test_blank_lines_are_nothing(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", b'\n  \n{"n": 1}\r\n\n')
    assert (found, skipped.counts) == ([{"n": 1}], {})


def test_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    skipped = SkippedLines()
    assert list(read_lines(str(tmp_path), skipped)) == []
    assert skipped.problems == [Problem(str(tmp_path), 0, "file cannot be read")]


def test_many_problems_are_all_counted_and_the_first_ones_named(tmp_path: Path) -> None:
    _, skipped = read(tmp_path / "a", b"{\n" * 1000)
    assert skipped.counts == {"not JSON": 1000}
    assert [problem.line for problem in skipped.problems] == list(range(1, jsonl.MAX_PROBLEMS + 1))


CLAUDE = {"type": "user", "timestamp": "2026-05-13T01:00:00Z", "sessionId": "s", "message": {"content": 'say "{"'}}
CODEX = {"timestamp": "2026-05-13T01:00:00Z", "type": "session_meta", "payload": {"id": "é", "timestamp": "x"}}
NESTED = {"type": "assistant", "timestamp": "2026-05-13T01:00:00Z", "message": {"usage": {"output_tokens": 9}}}
PROGRESS = {"type": "progress", "timestamp": "2026-05-13T01:00:00Z", "data": {"message": NESTED}, "sessionId": "s"}
QUOTING = {**CLAUDE, "message": {"content": json.dumps(NESTED) + json.dumps([NESTED])}}


def encoded(*records: dict[str, object]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() for record in records)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", b"\xef\xbb\xbf" + encoded(CODEX) + b"\n" + encoded(CODEX))
    assert (found, skipped.counts) == ([CODEX, CODEX], {})


def test_utf_16_is_broken(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", (json.dumps(CODEX) + "\n").encode("utf-16"))
    assert found == []
    assert skipped.counts


@pytest.mark.parametrize("before", [b"", b"\x00" * 9])
@pytest.mark.parametrize("after", [b"", b"\x00" * 9])
def test_nul_bytes_around_a_record_are_dropped(tmp_path: Path, before: bytes, after: bytes) -> None:
    found, skipped = read(tmp_path / "a", before + encoded(CLAUDE) + after + b"\n" + encoded(CODEX) + b"\n")
    assert found == [CLAUDE, CODEX]
    assert skipped.counts == ({"not JSON": 1} if before or after else {})


@pytest.mark.parametrize("between", [b"", b" ", b"\x00\x00"])
@pytest.mark.parametrize("number", [2, 3, 20])
def test_records_on_one_line_are_read_one_by_one(tmp_path: Path, number: int, between: bytes) -> None:
    found, skipped = read(tmp_path / "a", between.join([encoded(CLAUDE)] * number) + b"\n")
    assert found == [CLAUDE] * number
    assert skipped.counts == {"not JSON": 1}


@pytest.mark.parametrize("broken", [CLAUDE, CODEX, PROGRESS, QUOTING])
@pytest.mark.parametrize("whole", [[CLAUDE], [CODEX], [CODEX, CLAUDE]])
def test_records_behind_one_that_was_cut_at_any_byte_are_read_and_no_part_of_it(
    tmp_path: Path, broken: dict[str, object], whole: list[dict[str, object]]
) -> None:
    line = encoded(broken)
    for cut in range(len(line)):
        found, _ = read(tmp_path / "a", line[:cut] + encoded(*whole) + b"\n")
        assert found == whole


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("record", [CLAUDE, CODEX, PROGRESS, QUOTING])
def test_no_part_of_a_cut_record_becomes_a_record(tmp_path: Path, record: dict[str, object], end: bytes) -> None:
    line = encoded(record)
    for cut in range(1, len(line)):
        found, _ = read(tmp_path / "a", line[:cut] + end)
        assert found == []


@pytest.mark.parametrize(
    "hostile",
    [b'{"a":' * 200_000, b'{"timestamp":"x","type":"y",' * 50_000, b'{"a":"' * 200_000, b'{"":[' * 100_000 + b"1"],
)
def test_repairing_a_hostile_line_ends_soon(tmp_path: Path, hostile: bytes) -> None:
    start = time.process_time()
    assert read(tmp_path / "a", hostile + b"\n")[0] == []
    assert time.process_time() - start < 5
