"""Which lines of Claude Code are one response, whose it is, and what its advisor used."""

import itertools
import uuid
from decimal import Decimal
from typing import Any

import pytest

from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import Claude, usage

OPUS = "claude-opus-4-7"
SONNET = "claude-sonnet-4-6"


def advised(**advisor: Any) -> dict[str, Any]:
    """A usage whose iterations repeat it, with one request to an advisor among them."""
    entry = {"type": "advisor_message", "model": OPUS, **usage(10_000, 1000), **advisor}
    iterations = [{"type": "message", **usage(40, 50)}, entry, {"type": "fallback_message", **usage(60, 150)}]
    return usage(100, 200, 1000, 2000, iterations=iterations)


def counted(machine: Machine) -> dict[str, tuple[int, int]]:
    return {session: tokens(row.models)[:2] for (_, session), row in machine.rows.items()}


def without_request_ids(session: Claude) -> Claude:
    for line in session.lines:
        line.pop("requestId", None)
    return session


def test_a_request_to_an_advisor_is_one_more_request_with_its_own_model(machine: Machine) -> None:
    session = Claude("s").prompt().wait(9).reply(advised(), id="a", model=SONNET)
    row = machine.one(session.wait(1).reply(advised(), id="a", model=SONNET))
    assert {used.model: (used.requests, *tokens([used])) for used in row.models} == {
        SONNET: (1, 100, 200, 1000, 2000),
        OPUS: (1, 10_000, 1000, 0, 0),
    }
    assert row.cost_usd == Decimal("0.08265")


def test_the_largest_usage_of_an_advisor_counts(machine: Machine) -> None:
    session = Claude("s").reply(advised(output_tokens=1), id="a", model=SONNET)
    used = {row.model: row for row in machine.one(session.reply(advised(), id="a", model=SONNET)).models}
    assert used[OPUS].output_tokens == 1000


def test_an_advisor_with_the_main_model_shares_its_row(machine: Machine) -> None:
    (used,) = machine.one(Claude("s").reply(advised(model=SONNET), model=SONNET)).models
    assert (used.requests, tokens([used])[:2]) == (2, (10_100, 1200))


def test_an_advisor_of_a_subagent_without_a_file_counts_once_also_beside_a_fork(machine: Machine) -> None:
    result = {"agentId": "x", "model": SONNET, "usage": advised()}
    session = Claude("s").prompt().wait(5).tool_result(toolUseResult=result)
    fork = session.fork("fork").wait(5).prompt()
    machine.write(session, fork)
    machine.run()
    used = {row.model: tokens([row])[:2] for row in machine.rows["claude-code", "s"].models}
    assert used == {SONNET: (100, 200), OPUS: (10_000, 1000)}
    assert machine.rows["claude-code", "fork"].models == ()
    session.agent("x", usage(7, 7), id="a", model=SONNET)
    machine.write(session)
    machine.run()
    assert [tokens([row])[:2] for row in machine.rows["claude-code", "s"].models] == [(7, 7)]
    assert machine.rows["claude-code", "fork"].models == ()


def test_an_advisor_inside_a_subagent_belongs_to_the_session(machine: Machine) -> None:
    session = Claude("s").prompt().agent("x", advised(), id="a", model=SONNET)
    session.line("assistant", message={"id": "b", "model": SONNET, "usage": advised()}, isSidechain=True)
    used = {row.model: row.requests for row in machine.one(session).models}
    assert used == {SONNET: 2, OPUS: 2}


def test_the_advisor_of_a_copied_response_is_the_parents(machine: Machine) -> None:
    parent = Claude("ppp").prompt().wait(5).reply(advised(), model=SONNET).wait(5)
    fork = parent.fork("fff", says_so=False).wait(60).prompt().wait(5).reply(usage(1, 1))
    machine.write(parent, fork)
    machine.run()
    assert counted(machine) == {"ppp": (10_100, 1200), "fff": (1, 1)}


def test_a_gateways_constant_id_empties_no_session(machine: Machine) -> None:
    sessions = [without_request_ids(Claude(name).prompt().wait(5).reply(usage(100, 10), id="relay")) for name in "abc"]
    machine.write(*sessions)
    machine.run()
    assert counted(machine) == dict.fromkeys("abc", (100, 10))
    assert [row.assistant_ms for row in machine.rows.values()] == [5000] * 3


def test_a_constant_id_with_request_ids_is_several_responses_of_one_session(machine: Machine) -> None:
    session = Claude("s").prompt()
    for number in range(3):
        for output in (1, 10):
            session.reply(usage(100, output), id="relay", requestId=f"r{number}")
    (used,) = machine.one(session).models
    assert (used.requests, tokens([used])[:2]) == (3, (300, 30))


@pytest.mark.parametrize("request_ids", list(itertools.product(["r", None], repeat=3)))
def test_lines_of_a_response_without_the_request_id_belong_to_it(
    machine: Machine, request_ids: tuple[str | None, ...]
) -> None:
    session = Claude("s").prompt()
    for output, request_id in zip((1, 70, 30), request_ids, strict=True):
        session.reply(usage(5, output), id="a", requestId=request_id)
    (used,) = machine.one(session).models
    assert (used.requests, tokens([used])[:2]) == (1, (5, 70))


@pytest.mark.parametrize("says_so", [True, False])
@pytest.mark.parametrize("order", ["pf", "fp"])
def test_a_constant_id_beside_a_real_fork(machine: Machine, says_so: bool, order: str) -> None:
    parent = Claude("p").prompt().wait(5).reply(usage(100, 10), id="relay").wait(5)
    fork = parent.fork("f", says_so=says_so).wait(60).prompt().wait(5).reply(usage(7, 3), id="relay")
    sessions = {"p": without_request_ids(parent), "f": without_request_ids(fork)}
    for name in order:
        machine.write(sessions[name])
        machine.run()
    assert counted(machine) == {"p": (100, 10), "f": (7, 3)}


def test_a_fork_that_was_copied_whole_does_not_take_its_parents_lines(machine: Machine) -> None:
    parent = Claude("zzz").prompt().wait(5).reply(usage(100, 10)).wait(5)
    fork = parent.fork("mmm", says_so=False).wait(60).prompt().wait(5).reply(usage(20, 2)).wait(5)
    copy = fork.fork("aaa", says_so=False).wait(60).prompt().wait(5).reply(usage(3, 1))
    machine.write(parent, fork, copy)
    machine.run()
    assert counted(machine) == {"zzz": (100, 10), "mmm": (20, 2), "aaa": (3, 1)}


def test_a_declared_fork_under_new_line_ids_does_not_count_the_response_again(machine: Machine) -> None:
    parent = Claude("p").prompt().wait(5).reply(usage(100, 10)).wait(5)
    fork = parent.fork("f").wait(60).prompt().wait(5).reply(usage(1, 1))
    for line in fork.lines:
        line["uuid"] = str(uuid.uuid4())
    machine.write(parent, fork)
    machine.run()
    assert counted(machine) == {"p": (100, 10), "f": (1, 1)}


@pytest.mark.parametrize(
    ("model", "geo", "usd"),
    [
        ("claude-opus-4-6", "us", "0.0825"),
        ("claude-sonnet-4-6", "us", "0.0495"),
        ("claude-opus-4-8", "us", "0.0825"),
        ("claude-opus-4-8", "global", "0.075"),
        ("claude-opus-4-8", None, "0.075"),
        ("claude-opus-4-5", "us", "0.075"),
        ("claude-haiku-4-5-20251001", "us", "0.015"),
    ],
)
def test_inference_in_the_us_costs_more_for_newer_models(machine: Machine, model: str, geo: object, usd: str) -> None:
    used = usage(10_000, 1000, inference_geo=geo)
    assert machine.one(Claude("s").reply(used, model=model)).cost_usd == Decimal(usd)


def test_the_place_of_inference_does_not_change_the_price_of_searches(machine: Machine) -> None:
    used = usage(10_000, 1000, inference_geo="us", server_tool_use={"web_search_requests": 5})
    assert machine.one(Claude("s").reply(used, model="claude-opus-4-8")).cost_usd == Decimal("0.1325")


def test_the_line_whose_usage_counts_says_the_place(machine: Machine) -> None:
    session = Claude("s").reply(usage(10_000, 1, inference_geo="us"), id="a", model="claude-opus-4-8")
    row = machine.one(session.reply(usage(10_000, 1000), id="a", model="claude-opus-4-8"))
    assert row.cost_usd == Decimal("0.075")


AGENT_LINES = [
    {"turnOrigin": "agent"},
    {"turnOrigin": "scheduled"},
    {"origin": {"kind": "teammate"}},
    {"origin": {"kind": "task-notification"}},
    {"promptSource": "system"},
    *(
        {"message": {"content": text}}
        for text in (
            '<teammate-message teammate_id="r1">x</teammate-message>',
            "<agent-message>x</agent-message>",
            "<cross-session-message from='a'>x</cross-session-message>\n",
            "<ci-monitor-event\nkind='x'>x</ci-monitor-event>",
            "<task-notification>x</task-notification>",
            "Another Claude session sent a message:\n<teammate-message a='b'>x</teammate-message>",
            "  Another Claude session sent a message: <agent-message>x</agent-message> ",
        )
    ),
]
PEOPLES_LINES = [
    {"turnOrigin": "human"},
    {"turnOrigin": "sdk"},
    {"turnOrigin": None, "origin": None, "promptSource": None},
    {"origin": {"kind": "human"}},
    {"origin": {}},
    {"promptSource": "typed"},
    *(
        {"message": {"content": text}}
        for text in (
            "Another Claude session sent a message: did you see it?",
            "Another Claude session sent a message:",
            "Another Claude session sent a message:\n<b>bold</b>",
            "What does <teammate-message>x</teammate-message> mean?",
            "<teammate-message>x</teammate-message> What does it mean?",
            "<teammates>",
        )
    ),
]


@pytest.mark.parametrize("fields", AGENT_LINES)
def test_what_agents_and_schedulers_send_is_no_prompt(machine: Machine, fields: dict[str, Any]) -> None:
    session = Claude("s").prompt().wait(10).reply().wait(20).prompt("x", **fields).wait(30).reply().wait(40).prompt()
    row = machine.one(session)
    assert (row.assistant_ms, row.user_ms) == (60_000, 40_000)


@pytest.mark.parametrize("fields", PEOPLES_LINES)
def test_what_a_person_sends_is_a_prompt(machine: Machine, fields: dict[str, Any]) -> None:
    session = Claude("s").prompt().wait(10).reply().wait(20).prompt("x", **fields).wait(30).reply().wait(40).prompt()
    row = machine.one(session)
    assert (row.assistant_ms, row.user_ms) == (40_000, 60_000)
