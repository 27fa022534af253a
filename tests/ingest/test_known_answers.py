"""Transcripts like real ones whose answers are known: measured by hand and with other programs."""

from decimal import Decimal

import pytest

from org_analytics.ingest.active_times import active_times
from org_analytics.ingest.pricing import GenaiPrices
from org_analytics.ingest.transcript import Request
from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import START, Claude, Codex, usage

OLD_SONNET = "claude-3-sonnet-20240229"
AT = int(START.timestamp()) * 1_000_000


def test_codex_session_with_three_turns_and_a_search(machine: Machine) -> None:
    session = Codex("three-turns").wait(0.2).start().wait(0.2)
    session.prompt("<environment_context>\n  <cwd>/nowhere</cwd>\n</environment_context>").wait(0.1).prompt()
    session.wait(0.1).event("user_message", message="please").wait(1.4).reply("First I look.")
    session.wait(2).tokens(1000, 200, 150).wait(7).reply("Done.").wait(0.1)
    session.event("task_complete", turn_id="t", completed_at=int(START.timestamp()) + 11)
    session.wait(49).start().wait(0.4).prompt("and now this").wait(4.5)
    session.line("response_item", {"type": "web_search_call", "status": "completed"})
    session.wait(1).reply("Here.").wait(0.1)
    session.event("task_complete", turn_id="t", completed_at=int(START.timestamp()) + 66)
    session.wait(3.9).start().wait(1).line("response_item", {"type": "custom_tool_call", "status": "failed"})
    session.wait(4).complete().wait(45).line("compacted", {"message": ""}).wait(120).line("of_the_future", {"a": 1})
    row = machine.one(session)
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (75000, 16000, 49500)
    assert tokens(row.models) == (800, 150, 0, 200)
    assert row.cost_usd == Decimal("0.002525")
    assert row.cost_complete


def test_codex_session_of_an_injected_skill_only(machine: Machine) -> None:
    session = Codex("skill").wait(0.2).event("task_started", started_at=1)
    session.wait(0.1).prompt("<skill>\n<name>audit</name>\nRead all.\n</skill>").wait(0.7).reply()
    row = machine.one(session.wait(1).event("task_complete", completed_at=2))
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (1000, None, None)
    assert tokens(row.models) == (0, 0, 0, 0)
    assert row.cost_usd == 0


def test_claude_session_with_tool_results_between_prompts(machine: Machine) -> None:
    def reply(fresh: int, output: int) -> None:
        session.reply(usage(fresh, output), model=OLD_SONNET)

    session = Claude("tools").prompt().wait(30)
    reply(25, 120)
    session.wait(30).prompt().wait(30)
    reply(78, 95)
    session.wait(1).tool_result().wait(29)
    reply(45, 85)
    session.wait(30).prompt().wait(30)
    reply(25, 35)
    session.wait(1).tool_result().wait(29)
    reply(45, 110)
    session.wait(30).prompt().lines.append({"type": "summary", "summary": "All about it", "leafUuid": "x"})
    row = machine.one(session)
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (240000, 150000, 90000)
    assert tokens(row.models) == (218, 445, 0, 0)


def test_claude_session_of_two_prompts_and_one_answer(machine: Machine) -> None:
    session = Claude("short").prompt().wait(30).reply(usage(20, 35), model=OLD_SONNET).wait(30).prompt()
    row = machine.one(session)
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (60000, 30000, 30000)
    assert tokens(row.models) == (20, 35, 0, 0)


def test_clock_of_two_prompts_and_two_answers() -> None:
    marks = [(0, True), (10_500_000, False), (60_000_000, True), (65_500_000, False)]
    assert active_times(marks) == (16_000_000, 49_500_000)


@pytest.mark.parametrize(
    ("vendor", "model", "counts", "usd"),
    [
        (
            "anthropic",
            "claude-sonnet-4-20250514",
            {"input": 100, "output": 50, "write_5m": 25, "read": 10},
            "0.00114675",
        ),
        (
            "anthropic",
            "claude-opus-4-5-20251101",
            {"input": 10, "output": 301, "write_5m": 5254, "read": 21641},
            "0.051233",
        ),
        ("anthropic", "claude-opus-4-8", {"write_5m": 400_000, "write_1h": 600_000}, "8.50"),
        ("anthropic", "claude-haiku-4-5", {"input": 50, "output": 25, "write_5m": 5, "read": 15}, "0.00018275"),
        ("anthropic", "claude-sonnet-4", {"input": 100_000, "output": 10_000, "searches": 5}, "0.50"),
        ("openai", "gpt-5", {"input": 6_000, "output": 2_000, "read": 4_000}, "0.028"),
        ("openai", "gpt-5-codex", {"input": 60_000, "output": 20_000, "read": 40_000}, "0.280"),
        ("openai", "gpt-5.2-codex", {"input": 750, "output": 125, "read": 250}, "0.00310625"),
        ("anthropic", "claude-sonnet-4-5", {"input": 250_000, "output": 5_000}, "1.6125"),
    ],
)
def test_price_of_one_request(vendor: str, model: str, counts: dict[str, int], usd: str) -> None:
    names = ("input", "output", "write_5m", "write_1h", "read", "searches")
    numbers = dict.fromkeys(names, 0) | counts
    request = Request(**numbers, vendor=vendor, model=model, at=AT)
    assert GenaiPrices().cost(vendor, model, [request]) == Decimal(usd)
