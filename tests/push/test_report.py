"""Text for the person at the terminal after a push."""

from collections import Counter

import pytest

from org_analytics.push import report
from org_analytics.push.outbox import PushCounts
from org_analytics.push.payload import PayloadRow


def test_quiet_outcome_is_one_line() -> None:
    counts = PushCounts(created=1, updated=2, unchanged=1, known=2)
    assert list(report.summary("https://a.example", counts)) == ["https://a.example: 1 new, 2 updated, 3 unchanged."]


def test_everything_that_did_not_go_through_is_named() -> None:
    counts = PushCounts(
        refused_before=1,
        skipped_sessions=Counter({"no main transcript": 2, "a reason": 1}),
        skipped_lines=Counter({"not JSON": 3, "line too long": 1}),
        unpriced_models={"gpt-99", "claude-x"},
        unpriced={("codex", "a")},
        partly_priced={("claude-code", "a"), ("claude-code", "b")},
    )
    assert list(report.summary("https://a.example", counts))[1:] == [
        "1 session not sent: refused by an earlier push and unchanged since.",
        "1 session skipped: a reason.",
        "2 sessions skipped: no main transcript.",
        "Lines skipped: 1 line too long, 3 not JSON.",
        "No price is known for claude-x, gpt-99: 1 session unpriced, 2 sessions priced only in part.",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (PushCounts(unpriced_models={"x"}, unpriced={("codex", "a")}), "1 session unpriced"),
        (PushCounts(unpriced_models={"x"}, partly_priced={("codex", "a")}), "1 session priced only in part"),
    ],
)
def test_unpriced_and_partly_priced_are_told_apart(counts: PushCounts, said: str) -> None:
    assert list(report.summary("https://a.example", counts))[1:] == [f"No price is known for x: {said}."]


def test_refusals_name_session_field_and_message() -> None:
    row = PayloadRow("codex", "abc", b"{}")
    counts = PushCounts(refused=[(row, {"title": ["Too long.", "Too odd."], "cost_usd": ["No."]}), (row, {})])
    assert list(report.refusals(counts)) == [
        "Refused: codex abc: title: Too long. Too odd.; cost_usd: No.",
        "Refused: codex abc: no reason given",
    ]


def test_many_refusals_are_counted_after_the_first_ones() -> None:
    lines = list(report.refusals(PushCounts(refused=[(PayloadRow("codex", "abc", b"{}"), {})] * 25)))
    assert (len(lines), lines[-1]) == (21, "Refused: 5 more sessions.")


def test_files_that_were_not_read_are_counted() -> None:
    counts = PushCounts()
    for path in ("/a", "/b"):
        counts.files.refuse("codex", path, "symbolic link that leaves the directory")
    assert list(report.summary("https://a.example", counts))[1:] == [
        "codex: 2 files not read: symbolic link that leaves the directory."
    ]


def test_models_without_a_price_are_listed_with_their_sessions() -> None:
    assert list(report.unpriced_lines({"b": 2, "a": 1}))[1:3] == ["  a: 1 session", "  b: 2 sessions"]
    assert list(report.unpriced_lines({})) == ["Every model in the transcripts on this machine has a price."]
