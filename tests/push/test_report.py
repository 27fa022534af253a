"""What the person at the terminal reads after a push."""

from collections import Counter

import pytest

from org_analytics.push import report
from org_analytics.push.pushing import Counts
from org_analytics.push.rows import Row


def test_quiet_outcome_is_one_line() -> None:
    counts = Counts(created=1, updated=2, unchanged=1, known=2)
    assert list(report.summary("https://a.example", counts)) == ["https://a.example: 1 new, 2 updated, 3 unchanged."]


def test_everything_that_did_not_go_through_is_named() -> None:
    counts = Counts(
        refused_before=1,
        skipped_sessions=Counter({"no main transcript": 2, "a reason": 1}),
        skipped_lines=Counter({"not JSON": 3, "line too long": 1}),
        unpriced_models={"gpt-99", "claude-x"},
        unpriced={("codex", "a")},
        partly_priced={("claude-code", "a"), ("claude-code", "b")},
    )
    assert list(report.summary("https://a.example", counts))[1:] == [
        "1 session refused by an earlier push and unchanged since: not sent.",
        "1 session skipped: a reason.",
        "2 sessions skipped: no main transcript.",
        "Lines skipped: 1 line too long, 3 not JSON.",
        "No price is known for claude-x, gpt-99: 1 session unpriced, 2 sessions priced only in part.",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(unpriced_models={"x"}, unpriced={("codex", "a")}), "1 session unpriced"),
        (Counts(unpriced_models={"x"}, partly_priced={("codex", "a")}), "1 session priced only in part"),
    ],
)
def test_unpriced_and_partly_priced_are_told_apart(counts: Counts, said: str) -> None:
    assert list(report.summary("https://a.example", counts))[1:] == [f"No price is known for x: {said}."]


def test_refusals_name_session_field_and_message() -> None:
    row = Row("codex", "abc", b"{}")
    counts = Counts(refused=[(row, {"title": ["Too long.", "Too odd."], "cost_usd": ["No."]}), (row, {})])
    assert list(report.refusals(counts)) == [
        "Refused: codex abc: title: Too long. Too odd.; cost_usd: No.",
        "Refused: codex abc: no reason given",
    ]


def test_many_refusals_are_counted_after_the_first_ones() -> None:
    lines = list(report.refusals(Counts(refused=[(Row("codex", "abc", b"{}"), {})] * 25)))
    assert (len(lines), lines[-1]) == (21, "Refused: 5 sessions more.")


def test_progress_is_one_line_that_is_gone_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = report.Progress()
    for done in (0, 1, 500, 501, 1000):
        progress(done, 1000)
    progress(0, 0)
    written = capsys.readouterr().err.split("\r\x1b[K")
    assert written == ["", "Reading transcripts: 0 %", "Reading transcripts: 50 %", ""]
