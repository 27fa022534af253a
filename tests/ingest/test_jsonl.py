"""Broken lines are counted by kind and never end a file."""

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
    monkeypatch.setattr(jsonl, "MAX_LINE", 50)
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
