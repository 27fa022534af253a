"""What Claude Code's lines mean."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from org_analytics.ingest.files import FileReport
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers.claude import ClaudeCode
from tests.ingest.machine import Machine, cost, tokens
from tests.ingest.writing import START, Claude, usage

HAIKU = "claude-haiku-4-5-20251001"


def test_several_lines_of_one_response_count_once_at_their_largest(machine: Machine) -> None:
    session = Claude("s").prompt().wait(1).reply(usage(10, 76), id="a").reply(usage(10, 5635), id="a")
    row = machine.one(session.reply(usage(10, 1), id="a"))
    assert tokens(row.models) == (10, 5635, 0, 0)
    assert row.models[0].requests == 1


def test_a_response_without_an_id_counts_once_per_line(machine: Machine) -> None:
    session = Claude("s").prompt().wait(1).reply(usage(10, 1)).reply(usage(10, 1))
    for line in session.lines[1:]:
        del line["message"]["id"]
    assert tokens(machine.one(session).models) == (20, 2, 0, 0)


def test_synthetic_messages_use_nothing_but_answer(machine: Machine) -> None:
    row = machine.one(Claude("s").prompt().wait(5).reply(usage(10, 5), model="<synthetic>"))
    assert (row.models, row.cost_usd, row.cost_complete, row.assistant_ms) == ((), 0, True, 5000)


@pytest.mark.parametrize(
    ("split", "usd"),
    [
        (None, "0.00625"),
        ({"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}, "0.0085"),
        ({"ephemeral_1h_input_tokens": 600}, "0.0085"),
    ],
)
def test_cache_writes_cost_by_how_long_they_are_kept(machine: Machine, split: object, usd: str) -> None:
    row = machine.one(Claude("s").reply(usage(write=1000, cache_creation=split), model="claude-opus-4-8"))
    assert tokens(row.models) == (0, 0, 1000, 0)
    assert row.cost_usd == Decimal(usd)


def test_searches_and_fast_mode_have_their_price(machine: Machine) -> None:
    searched = usage(100_000, 10_000, server_tool_use={"web_search_requests": 5})
    assert machine.one(Claude("a").reply(searched)).cost_usd == Decimal("0.50")
    fast = usage(1000, 1000, speed="fast")
    assert machine.one(Claude("b").reply(fast, model="claude-opus-4-8")).cost_usd == Decimal("0.06")
    assert machine.one(Claude("c").reply(fast, model="claude-opus-4-6")).cost_usd == Decimal("0.18")


def test_iterations_are_not_added(machine: Machine) -> None:
    row = machine.one(Claude("s").reply(usage(5, 7, iterations=[usage(5, 7), usage(5, 7)])))
    assert tokens(row.models) == (5, 7, 0, 0)


def test_subagents_belong_to_their_session(machine: Machine) -> None:
    session = Claude("parent").prompt().wait(5).reply(usage(1, 2)).wait(1)
    session.agent("new", usage(10, 20), model=HAIKU).agent("old", usage(100, 200), model=HAIKU, old=True)
    session.line("assistant", message={"id": "in", "model": HAIKU, "usage": usage(1000, 2000)}, isSidechain=True)
    machine.one(session)
    assert list(machine.rows) == [("claude-code", "parent")]
    used = {row.model: row for row in machine.rows["claude-code", "parent"].models}
    assert (used[HAIKU].requests, used[HAIKU].input_tokens, used[HAIKU].output_tokens) == (3, 1110, 2220)


def test_what_subagents_do_is_not_on_the_clock(machine: Machine) -> None:
    session = Claude("s").prompt().wait(5).reply().wait(5)
    session.line("user", message={"content": "do this"}, isSidechain=True).wait(5)
    session.line("assistant", message={"model": HAIKU}, isSidechain=True).wait(5)
    row = machine.one(session.prompt().wait(1).reply())
    assert (row.assistant_ms, row.user_ms) == (6000, 15000)


def test_only_what_a_subagent_used_is_taken_from_its_file(machine: Machine) -> None:
    session = Claude("s").prompt().wait(5).line("system", content="x").wait(60).agent("a", usage(1, 1))
    session.agents["a"].insert(0, session.lines[0] | {"uuid": "another", "isSidechain": True})
    row = machine.one(session)
    assert (row.duration_ms, tokens(row.models)) == (5000, (1, 1, 0, 0))


def test_a_subagent_without_a_file_counts_by_its_result(machine: Machine) -> None:
    result = {"agentId": "gone", "usage": usage(10, 20), "content": "done"}
    session = Claude("s").prompt().wait(1).reply(usage(1, 1), model=HAIKU).wait(1)
    row = machine.one(session.tool_result(toolUseResult=result).tool_result(toolUseResult=result))
    assert tokens(row.models) == (11, 21, 0, 0)
    assert [used.model for used in row.models] == [HAIKU]


def test_a_subagent_without_a_file_is_priced_as_its_result_says(machine: Machine) -> None:
    session = Claude("s").tool_result(toolUseResult={"agentId": "a", "usage": usage(10, 20), "model": HAIKU})
    session.wait(1).reply(usage(1, 1)).tool_result(toolUseResult={"agentId": "b", "usage": usage(5, 5)})
    assert {used.model: used.requests for used in machine.one(session).models} == {
        HAIKU: 1,
        "claude-sonnet-4-20250514": 2,
    }


def test_a_subagent_with_a_file_does_not_count_by_its_result_as_well(machine: Machine) -> None:
    session = Claude("s").prompt().agent("kept", usage(10, 20))
    row = machine.one(session.tool_result(toolUseResult={"agentId": "kept", "usage": usage(10, 20)}))
    assert tokens(row.models) == (10, 20, 0, 0)


def test_a_fork_does_not_count_its_parents_subagents(machine: Machine) -> None:
    parent = Claude("zzz").prompt().agent("kept", usage(10, 20)).wait(1)
    parent.tool_result(toolUseResult={"agentId": "kept", "usage": usage(10, 20)})
    fork = parent.fork("aaa", says_so=False).wait(1).reply(usage(1, 1))
    machine.write(parent.wait(5).reply(usage(1, 1)), fork)
    machine.run()
    assert sum(used.output_tokens for row in machine.rows.values() for used in row.models) == 22


@pytest.mark.parametrize(
    "content",
    [
        "please",
        [{"type": "text", "text": "please"}],
        [{"type": "image", "source": {}}],
        [{"type": "text", "text": "<system-reminder>x</system-reminder>"}, {"type": "text", "text": "please"}],
        "<system-reminder>x</system-reminder> please",
        "<command-name>/review</command-name>",
        "<bash-input>ls</bash-input>",
        "<b>bold</b>",
        "[Request interrupted by user] is what it said. Why?",
        "Caveat: The messages below were generated by the user. What does that mean?",
    ],
)
def test_prompts(machine: Machine, content: object) -> None:
    session = Claude("s").prompt().wait(1).reply().wait(9).line("user", message={"content": content})
    assert machine.one(session).user_ms == 9000


@pytest.mark.parametrize(
    "fields",
    [
        {"message": {"content": [{"type": "tool_result", "content": "x"}, {"type": "text", "text": "please"}]}},
        {"message": {"content": "x"}, "isMeta": True},
        {"message": {"content": "x"}, "isSidechain": True},
        {"message": {"content": "x"}, "isCompactSummary": True},
        {"message": {"content": "x"}, "toolUseResult": ["x"]},
        {"message": {"content": "<local-command-stdout>x</local-command-stdout>"}},
        {"message": {"content": "<bash-stdout>x</bash-stdout><bash-stderr></bash-stderr>"}},
        {"message": {"content": "<system-reminder>never closed"}},
        {"message": {"content": "<task-notification>x</task-notification>"}},
        {"message": {"content": "Caveat: The messages below were generated by the user while running local commands."}},
        {"message": {"content": [{"type": "text", "text": "[Request interrupted by user for tool use]"}]}},
        {"message": {"content": "<system-reminder>x</system-reminder>\n[Request interrupted by user]"}},
        {"message": {"content": "  \n"}},
        {"message": {"content": []}},
        {"message": {"content": None}},
        {"message": "please"},
    ],
)
def test_user_lines_that_are_no_prompts(machine: Machine, fields: dict[str, object]) -> None:
    session = Claude("s").prompt().wait(1).reply().wait(9).line("user", **fields)
    row = machine.one(session)
    assert (row.user_ms, row.assistant_ms, row.duration_ms) == (None, 1000, 10000)


def test_a_prompt_without_an_answer_gives_nothing(machine: Machine) -> None:
    row = machine.one(Claude("s").prompt().wait(10).prompt().wait(4).reply().wait(3).prompt().wait(50).prompt())
    assert (row.assistant_ms, row.user_ms, row.duration_ms) == (4000, 3000, 67000)


def test_lines_out_of_order_give_no_negative_time(machine: Machine) -> None:
    session = Claude("s").wait(50).prompt().wait(-20).reply().wait(-10).prompt().wait(5).reply()
    row = machine.one(session)
    assert (row.assistant_ms, row.user_ms, row.duration_ms) == (5000, 0, 30000)


def test_a_response_has_the_price_of_the_day_on_which_it_began(machine: Machine) -> None:
    session = Claude("s", datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC))
    session.reply(usage(300_000, 1), id="a", model="claude-sonnet-4-6").wait(5)
    row = machine.one(session.reply(usage(300_000, 1000), id="a", model="claude-sonnet-4-6"))
    assert row.cost_usd == Decimal("1.8225")


def test_one_line_has_no_duration(machine: Machine) -> None:
    row = machine.one(Claude("s").prompt())
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (None, None, None)
    assert row.started_at == row.ended_at == START


def test_times_without_a_zone_and_unknown_types_count_for_nothing(machine: Machine) -> None:
    session = Claude("s").prompt().wait(5).reply()
    session.wait(50).line("progress").line("user", timestamp="2026-05-13T03:00:00", message={"content": "x"})
    session.write(machine.claude)
    (derived,) = machine.run()
    assert machine.rows["claude-code", "s"].duration_ms == 5000
    assert derived.skipped == {"no valid timestamp": 1}


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([{"type": "summary", "summary": "s"}], "s"),
        ([{"type": "ai-title", "aiTitle": "a"}, {"type": "summary", "summary": "s"}], "a"),
        ([{"type": "custom-title", "customTitle": "1"}, {"type": "custom-title", "customTitle": "2"}], "2"),
        ([{"type": "custom-title", "customTitle": "c"}, {"type": "ai-title", "aiTitle": "a"}], "c"),
        ([{"type": "summary", "summary": "a\nb\x00c" + "d" * 300}], "a b c" + "d" * 250),
        ([{"type": "summary", "summary": 5}], ""),
        ([], ""),
    ],
)
def test_titles_are_taken_only_when_asked_for(machine: Machine, lines: list[dict[str, object]], title: str) -> None:
    session = Claude("s").prompt("a secret")
    session.lines += lines
    assert machine.one(session).title == ""
    assert machine.one(session, with_titles=True).title == title


def test_the_repository_of_a_pull_request_is_the_sessions(machine: Machine) -> None:
    session = Claude("s").prompt()
    session.lines.append({"type": "pr-link", "prNumber": 1, "prRepository": "acme/api"})
    assert machine.one(session).git_info == {"path": "acme/api"}


def test_a_session_in_two_places_is_one(machine: Machine) -> None:
    session = Claude("s").prompt().wait(1).reply(usage(1, 1))
    session.write(machine.home / "other")
    session.wait(5).prompt().wait(1).reply(usage(10, 10)).write(machine.claude)
    machine.run(
        [TranscriptSource("claude-code", machine.home / "other"), TranscriptSource("claude-code", machine.claude)]
    )
    (row,) = machine.rows.values()
    assert tokens(row.models) == (11, 11, 0, 0)
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (7000, 2000, 5000)


def test_an_unpriced_model_leaves_the_rest_priced(machine: Machine) -> None:
    session = Claude("s").reply(usage(1000)).reply(usage(1000), model="in-house-7b")
    row = machine.one(session)
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (Decimal("0.003"), False, ("in-house-7b",))
    alone = machine.one(Claude("t").reply(usage(1), model="in-house-7b"))
    assert (alone.cost_usd, alone.cost_complete) == (None, False)
    assert cost([row, alone]) == Decimal("0.003")


def test_odd_model_names_are_unknown(machine: Machine) -> None:
    session = Claude("s").reply(usage(1), model="a\nb").reply(usage(1), model="x" * 200).reply(usage(1), model="")
    assert machine.one(session).unpriced_models == ("unknown",)


@pytest.mark.parametrize("bad", [True, -1, 1.5, 2**53, "7", None, [7]])
def test_counts_are_whole_numbers_below_two_to_the_53(machine: Machine, bad: object) -> None:
    row = machine.one(Claude("s").reply(usage(5, output_tokens=bad)))
    assert tokens(row.models) == (5, 0, 0, 0)


def test_usage_without_one_valid_count_is_named(machine: Machine) -> None:
    Claude("s").reply({"input_tokens": "7"}).write(machine.claude)
    (derived,) = machine.run()
    assert derived.record is not None
    assert (derived.record.models, derived.skipped) == ((), {"no valid usage": 1})


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["HOME/.claude", "HOME/.config/claude"]),
        ({"CLAUDE_CONFIG_DIR": "/a, /b,"}, ["/a", "/b"]),
        ({"CLAUDE_CONFIG_DIR": "~nobody-has-this-name/a"}, ["~nobody-has-this-name/a"]),
        ({"CLAUDE_CONFIG_DIR": ""}, ["HOME/.claude", "HOME/.config/claude"]),
    ],
)
def test_roots(environ: dict[str, str], expected: list[str]) -> None:
    assert [str(root) for root in ClaudeCode().roots(environ, Path("HOME"))] == expected


def test_only_transcripts_are_found(machine: Machine) -> None:
    path = Claude("s").prompt().agent("a", usage(1)).write(machine.claude)
    for other in ("notes.jsonl", "projects/loose.jsonl", "projects/-nowhere-app/s/tool-results/x.jsonl"):
        (machine.claude / other).parent.mkdir(parents=True, exist_ok=True)
        (machine.claude / other).write_bytes(path.read_bytes())
    (path.parent / "memory.md").write_text("x")
    found = sorted(
        str(Path(found.file.path).relative_to(machine.claude / "projects"))
        for found in ClaudeCode().find(machine.claude, FileReport())
    )
    assert found == ["-nowhere-app/s.jsonl", "-nowhere-app/s/subagents/agent-a.jsonl"]


def test_an_old_subagent_that_names_no_session_is_nobodys(machine: Machine) -> None:
    directory = machine.claude / "projects/-nowhere"
    directory.mkdir(parents=True)
    (directory / "agent-a.jsonl").write_text('{"type":"assistant"}\n' * 30)
    (directory / "agent-b.jsonl").write_text("")
    assert machine.run() == []
