"""Codex threads in several files, exact usage records, cache writes, and where a fork's own lines begin."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from org_analytics.ingest.derive import derive
from org_analytics.ingest.deriver import FILES_GONE
from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import START, Codex


def pages() -> list[Codex]:
    """A thread of three pages: 1,000, 2,000 and 400 tokens in."""
    first = Codex("s").wait(1).start().prompt().wait(9).tokens(1000, 100, 10).reply().complete()
    second = first.wait(600).page("bb").wait(1).start().prompt().wait(9).tokens(2000, 200, 20).reply().complete()
    third = second.wait(600).page("aa").wait(1).start().prompt().wait(9).tokens(400, 0, 4).reply().complete()
    return [first, second, third]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_pages_are_one_session_in_whatever_order_they_arrive(machine: Machine, order: tuple[int, ...]) -> None:
    for index in order:
        machine.write(pages()[index])
        machine.run()
    (row,) = machine.rows.values()
    assert tokens(row.models) == (3100, 34, 0, 300)
    assert [used.model for used in row.models] == ["gpt-5"]
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (1229_000, 27_000, 1202_000)


def test_an_archived_page_counts_once_beside_its_active_copy(machine: Machine) -> None:
    first, second, third = pages()
    first.write(machine.codex, "archived_sessions")
    second.write(machine.codex, "archived_sessions")
    machine.write(second, third)
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (3100, 34, 0, 300)


def test_a_page_whose_first_count_repeats_the_last_total_adds_nothing(machine: Machine) -> None:
    first = pages()[0]
    second = first.page()
    second.line("event_msg", first.lines[-3]["payload"]).wait(1).tokens(50, 0, 5)
    machine.write(first, second)
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (950, 15, 0, 100)


def test_pages_of_a_child_are_one_thread(machine: Machine) -> None:
    parent = Codex("parent").wait(1).tokens(10, 0, 1)
    child = Codex("child", about={"thread_source": "subagent", "parent_thread_id": "parent"})
    child.wait(5).tokens(100, 0, 10)
    page = child.wait(60).page().wait(1).tokens(200, 0, 20)
    for page_of_child in (child, page):
        page_of_child.write(machine.codex, "archived_sessions")
    assert tokens(machine.one(parent, child, page).models) == (310, 31, 0, 0)


def test_a_page_that_is_gone_leaves_the_row_until_more_is_there(machine: Machine) -> None:
    first, second, third = pages()
    machine.write(first, second)
    machine.run()
    first.write(machine.codex).unlink()
    machine.write(third)
    (kept,) = machine.run()
    assert (kept.outcome, kept.reason) == ("skipped", FILES_GONE)
    assert tokens(machine.rows["codex", "s"].models) == (2700, 30, 0, 300)
    machine.write(third.wait(5).tokens(9000, 0, 1))
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (11_200, 25, 0, 200)


def test_usage_records_count_instead_of_counts_from_the_first_record_on(machine: Machine) -> None:
    session = Codex("s").wait(1).tokens(1000, 0, 10).wait(1)
    session.record("r1", 500, 100, 5).tokens(500, 100, 5).record("compaction", 9000, 0, 700)
    session.line(
        "compacted", {"latest_token_usage_record": {"response_id": "compaction", "usage": {"input_tokens": 9000}}}
    )
    session.tokens(1, 1, 1).record("r1", 500, 100, 5)
    (used,) = machine.one(session).models
    assert (used.requests, tokens([used])) == (3, (10_400, 715, 0, 100))


def test_records_of_other_threads_count_for_nobody_here(machine: Machine) -> None:
    session = Codex("s").wait(1).record("r0", 70, 0, 7, thread="parent").tokens(1000, 0, 10).record("r1", 500, 0, 5)
    assert tokens(machine.one(session).models) == (500, 5, 0, 0)


def test_records_and_counts_are_not_mixed_over_pages(machine: Machine) -> None:
    first = Codex("s").wait(1).tokens(1000, 0, 10).record("r1", 500, 0, 5)
    second = first.wait(60).page().tokens(500, 0, 5).record("r1", 500, 0, 5).record("r2", 30, 0, 3)
    assert tokens(machine.one(first, second).models) == (1530, 18, 0, 0)


@pytest.mark.parametrize(
    ("model", "usd"), [("gpt-5.6-terra", "0.119"), ("gpt-5.4", "0.13")], ids=["with a write price", "without"]
)
def test_cache_writes_are_a_class_of_their_own(machine: Machine, model: str, usd: str) -> None:
    session = Codex("s", START.replace(month=11), model=model).wait(1).tokens(100_000, 60_000, 1000)
    session.lines[-1]["payload"]["info"]["last_token_usage"]["cache_write_input_tokens"] = 30_000
    row = machine.one(session)
    assert tokens(row.models) == (10_000, 1000, 30_000, 60_000)
    assert row.cost_usd == Decimal(usd)


def test_more_written_than_read_is_not_counted_twice(machine: Machine) -> None:
    session = Codex("s").wait(1).tokens(100, 90, 1)
    session.lines[-1]["payload"]["info"]["last_token_usage"]["cache_write_input_tokens"] = 500
    assert tokens(machine.one(session).models) == (0, 1, 10, 90)


@pytest.mark.parametrize("word", ["guardian_review", "memory", "subagent"])
def test_children_name_their_parent_at_the_top_level(machine: Machine, word: str) -> None:
    parent = Codex("parent").wait(1).tokens(1000, 0, 100)
    about = {"thread_source": word, "parent_thread_id": "parent", "session_id": "parent"}
    child = Codex("child", about=about).wait(0.2).tokens(5000, 0, 50)
    own_child = Codex("own", about={**about, "parent_thread_id": "child"}).wait(0.2).tokens(70, 0, 7)
    row = machine.one(parent, child, own_child)
    assert (list(machine.rows), tokens(row.models)) == ([("codex", "parent")], (6070, 157, 0, 0))


@pytest.mark.parametrize("word", ["automation", "system", "of_the_future", "", None])
def test_other_threads_without_a_parent_are_sessions(machine: Machine, word: str | None) -> None:
    assert tokens(machine.one(Codex("s", about={"thread_source": word}).wait(1).tokens(10, 0, 1)).models) == (
        10,
        1,
        0,
        0,
    )


def test_a_thread_of_an_unknown_kind_with_a_parent_is_a_child(machine: Machine) -> None:
    child = (
        Codex("child", about={"thread_source": "of_the_future", "parent_thread_id": "parent"}).wait(1).tokens(5, 0, 5)
    )
    assert tokens(machine.one(Codex("parent").wait(1).tokens(1, 0, 1), child).models) == (6, 6, 0, 0)


def test_a_replay_with_two_pauses_ends_at_the_turn_of_the_fork(machine: Machine) -> None:
    parent = Codex("parent")
    for _ in range(3):
        parent.wait(60).prompt().wait(2).tokens(1000, 100, 10).wait(1).reply()
    fork = parent.wait(60).fork("fork")
    for number, line in enumerate(fork.lines[2:]):
        line["timestamp"] = fork.wait(1.5 if number in (3, 7) else 0.01).lines and _stamp(fork)
    fork.wait(5).start().prompt().wait(9).tokens(500, 50, 5).reply()
    row = machine.one(fork)
    assert (tokens(row.models), row.assistant_ms) == ((450, 5, 0, 50), 9000)


@pytest.mark.parametrize("with_ordinals", [True, False])
def test_a_replay_ends_at_the_ordinal_that_the_meta_line_names(machine: Machine, with_ordinals: bool) -> None:
    parent = Codex("parent").prompt().wait(2).tokens(1000, 100, 10).wait(1).reply()
    child = parent.fork("child", child=True)
    child.lines[0]["payload"]["subagent_history_start_ordinal"] = len(child.lines)
    child.wait(0.1).tokens(500, 50, 5)
    if with_ordinals:
        child.lines = [{**line, "ordinal": number} for number, line in enumerate(child.lines)]
    assert tokens(machine.one(parent, child).models) == (1350, 15, 0, 150)


def test_a_fork_that_refers_to_its_parents_history_repeats_nothing(machine: Machine) -> None:
    base = {"thread_id": "parent", "end_ordinal_exclusive": 7}
    fork = Codex("fork", about={"forked_from_id": "parent", "history_base": base}).wait(0.1).prompt().tokens(500, 50, 5)
    assert tokens(machine.one(fork).models) == (450, 5, 0, 50)


@pytest.mark.parametrize("tag", ['codex_internal_context source="goal"', "goal_context x", "recommended_plugins"])
def test_what_codex_itself_continues_is_no_prompt(machine: Machine, tag: str) -> None:
    text = f"<{tag}>\nContinue.\n</{tag.split()[0]}>"
    session = Codex("s").prompt().wait(4).reply().wait(9).prompt(text).wait(1).reply().wait(10).prompt()
    row = machine.one(session)
    assert (row.assistant_ms, row.user_ms) == (14_000, 10_000)


def test_nothing_is_kept_of_what_a_run_reads_twice(machine: Machine, tmp_path: Path) -> None:
    machine.write(*pages())
    machine.run()
    assert [said.outcome for said in derive(machine.sources(), machine.state)] == ["unchanged"]


def _stamp(session: Codex) -> str:
    return session.now.isoformat().replace("+00:00", "Z")
