"""What Codex's lines mean."""

from decimal import Decimal
from pathlib import Path

import pytest

from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers.codex import Codex as CodexProvider
from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import START, Codex, jsonl


def turn(session: Codex, *counts: tuple[int, int, int]) -> Codex:
    session.start().prompt()
    for count in counts:
        session.wait(2).tokens(*count)
    return session.wait(1).reply().wait(1).complete()


def test_repeated_counts_are_skipped(machine: Machine) -> None:
    session = Codex("s").start().wait(1).tokens(1000, 200, 150).wait(1).repeat().repeat().wait(1).tokens(10, 0, 1)
    (used,) = machine.one(session.repeat()).models
    assert (used.requests, used.input_tokens, used.output_tokens, used.cache_read_tokens) == (2, 810, 151, 200)


def test_totals_may_begin_anew(machine: Machine) -> None:
    session = (
        Codex("s").wait(1).tokens(1000, 200, 150).wait(1).tokens(300, 100, 10, reset=True).wait(1).tokens(50, 0, 5)
    )
    assert tokens(machine.one(session).models) == (1050, 165, 0, 300)


def test_without_the_last_request_it_is_the_difference_of_totals(machine: Machine) -> None:
    session = Codex("s").wait(1).tokens(1000, 200, 150).tokens(500, 100, 10).tokens(70, 0, 7, reset=True)
    for line in session.lines[1:]:
        del line["payload"]["info"]["last_token_usage"]
    assert tokens(machine.one(session).models) == (800 + 400 + 70, 167, 0, 300)


def test_without_a_total_it_is_the_last_request(machine: Machine) -> None:
    session = Codex("s").wait(1).tokens(1000, 200, 150).event("token_count", info=None).event("token_count")
    del session.lines[1]["payload"]["info"]["total_token_usage"]
    assert tokens(machine.one(session).models) == (800, 150, 0, 200)


def test_more_cached_than_read_is_all_cached(machine: Machine) -> None:
    assert tokens(machine.one(Codex("s").tokens(100, 900, 1)).models) == (0, 1, 0, 100)


def test_more_cached_than_read_between_totals_is_all_cached(machine: Machine) -> None:
    session = Codex("s").tokens(1000, 0, 1).tokens(100, 900, 1)
    for line in session.lines[1:]:
        del line["payload"]["info"]["last_token_usage"]
    assert tokens(machine.one(session).models) == (1000, 2, 0, 100)


def test_the_model_is_the_latest_one_named(machine: Machine) -> None:
    session = Codex("s", model="gpt-5").tokens(1, 0, 1).turn_context("gpt-5-codex").tokens(1, 0, 1)
    session.line("turn_context", {"cwd": "/x"}).tokens(1, 0, 1).turn_context("gpt-5.2-codex").tokens(1, 0, 1)
    used = {row.model: row.requests for row in machine.one(session).models}
    assert used == {"gpt-5": 1, "gpt-5-codex": 2, "gpt-5.2-codex": 1}


def test_a_session_without_a_model_is_unpriced(machine: Machine) -> None:
    session = Codex("s").tokens(1, 0, 1)
    del session.lines[0]["payload"]["model"]
    assert machine.one(session).unpriced_models == ("unknown",)


@pytest.mark.parametrize(
    ("tier", "factor"), [("standard", "1"), ("flex", "0.5"), ("fast", "2"), (["fast"], "1"), (None, "1")]
)
def test_service_tiers_have_their_price(machine: Machine, tier: object, factor: str) -> None:
    session = Codex("s", START.replace(month=11), model="gpt-5.4-mini")
    session.event("thread_settings_applied", thread_settings={"service_tier": tier})
    assert machine.one(session.tokens(1000, 0, 0)).cost_usd == Decimal("0.00075") * Decimal(factor)


def test_children_belong_to_their_session_and_their_history_does_not_count_again(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10), (2000, 200, 20))
    child = turn(parent.fork("child", child=True).wait(3), (500, 50, 5))
    grandchild = turn(child.fork("grandchild", child=True).wait(3), (70, 0, 7))
    row = machine.one(turn(parent.wait(60), (400, 40, 4)), child, grandchild)
    assert [session for _, session in machine.rows] == ["parent"]
    assert tokens(row.models) == (3400 + 500 + 70 - 340 - 50, 34 + 5 + 7, 0, 390)


def test_a_childs_turns_prolong_the_session(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    child = parent.fork("child", child=True).wait(3).start().wait(100).tokens(1, 0, 1).complete()
    assert machine.one(parent, child).duration_ms == 107_000


def test_a_fork_by_its_user_is_a_session_without_its_parents_history(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10), (2000, 200, 20))
    forked_at = parent.wait(600).now
    fork = turn(parent.fork("fork").wait(30), (500, 50, 5))
    row = machine.one(fork, parent)
    assert tokens(row.models) == (450, 5, 0, 50)
    assert row.started_at == forked_at
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (4000, 3000, None)
    assert tokens(machine.rows["codex", "parent"].models) == (2700, 30, 0, 300)


def test_a_fork_counts_the_same_without_its_parent(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    assert tokens(machine.one(turn(parent.fork("fork").wait(30), (500, 50, 5))).models) == (450, 5, 0, 50)


def test_a_fork_goes_on_at_once_with_a_turn_of_its_own(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    fork = parent.wait(60).fork("fork")
    fork.start().prompt().wait(9).reply()
    assert machine.one(fork).assistant_ms == 9000


def test_a_fork_of_a_version_that_writes_no_turn_starts_goes_on_after_a_pause(machine: Machine) -> None:
    parent = Codex("parent").prompt().wait(2).tokens(1000, 100, 10).wait(1).reply()
    fork = parent.wait(60).fork("fork").wait(30).prompt().wait(2).tokens(500, 50, 5).wait(1).reply()
    row = machine.one(fork)
    assert (tokens(row.models), row.assistant_ms) == ((450, 5, 0, 50), 3000)


def test_a_count_repeated_after_the_history_of_a_fork_is_skipped(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    fork = parent.wait(60).fork("fork").wait(30).repeat().wait(3).tokens(500, 50, 5)
    assert tokens(machine.one(fork).models) == (450, 5, 0, 50)


def test_a_history_copied_with_its_old_times_does_not_count_either(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    fork = parent.wait(600).fork("fork")
    fork.lines[1:] = parent.lines
    assert tokens(machine.one(turn(fork.wait(30), (500, 50, 5))).models) == (450, 5, 0, 50)


def test_without_turn_ends_the_duration_is_that_of_the_lines(machine: Machine) -> None:
    session = Codex("s").start().wait(1).prompt().wait(9).reply().event("turn_aborted", reason="interrupted")
    assert machine.one(session).duration_ms == 10_000


def test_a_turn_without_a_start_begins_with_its_line(machine: Machine) -> None:
    session = Codex("s").wait(2).event("task_started").wait(5).complete().wait(60).prompt()
    assert machine.one(session).duration_ms == 5000


@pytest.mark.parametrize("completed_at", [1, 2**53 - 1])
def test_a_duration_that_cannot_be_is_unknown(machine: Machine, completed_at: int) -> None:
    session = Codex("s").start().wait(5).event("task_complete", completed_at=completed_at)
    assert machine.one(session).duration_ms is None


@pytest.mark.parametrize(
    "text",
    [
        "<environment_context>\n<cwd>/x</cwd>\n</environment_context>",
        "<skill>\n<name>x</name>\n</skill>",
        "<subagent_notification>x</subagent_notification>",
        "<user_instructions>x</user_instructions>\n<environment_context>x</environment_context>",
        "# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
        "# AGENTS.md instructions for /x\n\nread all",
        "# AGENTS.md instructions",
        "",
    ],
)
def test_injected_messages_are_no_prompts(machine: Machine, text: str) -> None:
    session = Codex("s").prompt().wait(4).reply().wait(9).prompt(text)
    assert machine.one(session).user_ms is None


@pytest.mark.parametrize(
    "text", ["please", "<skill>x</skill> please", "<div>", "# AGENTS", "# AGENTS.md instructions are too long"]
)
def test_prompts(machine: Machine, text: str) -> None:
    assert machine.one(Codex("s").prompt().wait(4).reply().wait(9).prompt(text)).user_ms == 9000


def test_an_image_is_a_prompt(machine: Machine) -> None:
    image = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}
    assert machine.one(Codex("s").prompt().wait(4).reply().wait(9).line("response_item", image)).user_ms == 9000


def test_the_repository_is_what_the_session_says_without_host_or_secret(machine: Machine) -> None:
    url = "https://user:s3cret@git.example.org/acme/api.git"
    session = Codex("s", about={"git": {"repository_url": url, "branch": "x"}})
    assert machine.one(session).git_info == {"path": "acme/api"}


@pytest.mark.parametrize("url", ["/srv/git/acme/api", "file:///srv/acme/api", None, 5, "nonsense"])
def test_a_local_or_odd_remote_is_no_repository(machine: Machine, url: object) -> None:
    assert machine.one(Codex("s", about={"git": {"repository_url": url}})).git_info is None


def test_the_active_copy_wins_over_the_archived_one(machine: Machine) -> None:
    session = Codex("s").wait(1).tokens(10, 0, 1)
    session.write(machine.codex)
    session.tokens(1000, 0, 100).write(machine.codex, "archived_sessions")
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (10, 1, 0, 0)


def test_a_session_goes_on_counting_once_it_is_archived(machine: Machine) -> None:
    path = Codex("s").wait(1).tokens(10, 0, 1).write(machine.codex)
    machine.run()
    archive = machine.codex / "archived_sessions"
    archive.mkdir()
    path.rename(archive / path.name)
    assert [derived.record for derived in machine.run()] == list(machine.rows.values())


def test_a_child_whose_parent_is_missing_is_a_session_until_the_parent_is_there(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    child = turn(parent.fork("child", child=True).wait(3), (500, 50, 5))
    child.write(machine.home / "other")
    (derived,) = machine.run([TranscriptSource("codex", machine.home / "other")])
    assert (derived.external_id, derived.outcome) == ("child", "derived")
    assert tokens(machine.rows["codex", "child"].models) == (450, 5, 0, 50)
    assert tokens(machine.one(parent).models) == (1350, 15, 0, 150)
    emptied = machine.rows["codex", "child"]
    assert (emptied.models, emptied.cost_usd, emptied.cost_complete, emptied.duration_ms) == ((), 0, True, None)
    assert [derived.outcome for derived in machine.run()] == ["unchanged"]


def test_a_child_stays_with_a_parent_whose_transcript_is_gone(machine: Machine) -> None:
    parent = turn(Codex("parent"), (1000, 100, 10))
    child = turn(parent.fork("child", child=True).wait(3), (500, 50, 5))
    machine.one(parent, child)
    (machine.codex / "sessions/2026/05/13/rollout-2026-05-13T01-00-00-parent.jsonl").unlink()
    machine.write(turn(child.wait(60), (1, 0, 1)))
    assert [(said.external_id, said.outcome) for said in machine.run()] == [("parent", "skipped")]


def test_chains_of_children_below_a_missing_parent_are_one_session(machine: Machine) -> None:
    missing = turn(Codex("missing"), (1000, 100, 10))
    first = turn(missing.fork("first", child=True).wait(3), (500, 50, 5))
    second = turn(first.fork("second", child=True).wait(3), (70, 0, 7))
    machine.write(second)
    machine.run()
    assert tokens(machine.rows["codex", "second"].models) == (70, 7, 0, 0)
    machine.write(first)
    machine.run()
    assert tokens(machine.rows["codex", "first"].models) == (520, 12, 0, 50)
    machine.write(missing)
    machine.run()
    assert tokens(machine.rows["codex", "missing"].models) == (1420, 22, 0, 150)
    assert machine.rows["codex", "first"].models == machine.rows["codex", "second"].models == ()


def test_a_child_that_names_no_parent_is_a_session(machine: Machine) -> None:
    about = {"source": {"subagent": "review"}, "thread_source": "subagent"}
    Codex("s", about=about).tokens(1, 0, 1).write(machine.codex)
    machine.run()
    assert tokens(machine.rows["codex", "s"].models) == (1, 1, 0, 0)


def test_files_without_a_session_are_nobodys(machine: Machine) -> None:
    directory = machine.codex / "sessions"
    directory.mkdir(parents=True)
    (directory / "rollout-a.jsonl").write_bytes(jsonl([{"type": "response_item"}] * 30))
    (directory / "rollout-b.jsonl").write_bytes(b"")
    (directory / "rollout-c.jsonl").write_bytes(jsonl([{"type": "session_meta", "payload": {"id": 5}}]))
    (directory / "notes.jsonl").write_bytes(jsonl(Codex("x").lines))
    assert machine.run() == []


@pytest.mark.parametrize(("environ", "root"), [({}, "HOME/.codex"), ({"CODEX_HOME": "/a"}, "/a")])
def test_roots(environ: dict[str, str], root: str) -> None:
    assert CodexProvider().roots(environ, Path("HOME")) == [Path(root)]
