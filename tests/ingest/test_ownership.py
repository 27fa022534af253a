"""Which of several sessions that hold the same line or response counts it."""

import itertools
import random
import uuid

import pytest

from org_analytics.ingest.line_keys import (
    CHILD,
    COPIED,
    NO_TIME,
    RESPONSE,
    KeyEntry,
    PackedEntries,
    hash_key,
    keys_of,
    pack,
)
from org_analytics.ingest.ownership import digest, foreign_keys
from org_analytics.ingest.protocol import TranscriptSource
from tests.ingest.machine import Machine, tokens
from tests.ingest.writing import START, Claude, usage


def line(key: int, at: int = NO_TIME, flags: int = 0) -> KeyEntry:
    return KeyEntry(key, at, flags)


def test_nobody_owns_what_nobody_shares() -> None:
    assert foreign_keys({"a": [line(1, 5)], "b": [line(2, 6)]}) == {"a": set(), "b": set()}


def test_a_line_that_says_it_was_copied_is_the_others() -> None:
    held = {"a": [line(1, 5, COPIED), line(2, 1)], "b": [line(1, 5), line(3, 9)]}
    assert foreign_keys(held) == {"a": {1}, "b": set()}


def test_the_first_line_of_ones_own_decides() -> None:
    held = {"a": [line(1, 5), line(2, 9)], "b": [line(1, 5), line(3, 8)]}
    assert foreign_keys(held) == {"a": {1}, "b": set()}


def test_a_line_that_others_have_only_as_a_declared_copy_is_ones_own() -> None:
    held = {
        "fork": [line(1, 5), line(3, 8)],
        "its fork": [line(1, 5, COPIED), line(3, 8, COPIED), line(4, 9)],
        "parent": [line(1, 5), line(2, 6)],
    }
    assert foreign_keys(held) == {"fork": {1}, "its fork": {1, 3}, "parent": set()}


def test_without_a_line_of_its_own_a_session_was_first() -> None:
    held = {"a": [line(1, 5), line(2, 6)], "b": [line(1, 5)]}
    assert foreign_keys(held) == {"a": {1}, "b": set()}


def test_responses_are_no_lines_of_ones_own() -> None:
    held = {"a": [line(1, 5), line(2, 9), line(4, 1, RESPONSE)], "b": [line(1, 5), line(3, 8)]}
    assert foreign_keys(held)["a"] == {1}


def test_else_the_smaller_id_owns() -> None:
    held = {"b": [line(1, 5)], "a": [line(1, 5)], "c": [line(1, 5)]}
    assert foreign_keys(held) == {"a": set(), "b": {1}, "c": {1}}


def test_a_row_that_stands_keeps_what_it_counts() -> None:
    held = {"a": [line(1, 5, COPIED), line(2, 9)], "b": [line(1, 5)]}
    assert foreign_keys(held, fixed={"a"}) == {"a": set(), "b": {1}}


def test_every_line_has_one_owner() -> None:
    rng = random.Random(1)
    for _ in range(200):
        held = {
            name: [line(rng.randrange(12), rng.randrange(5), rng.choice((0, COPIED, CHILD))) for _ in range(8)]
            for name in "abcd"
        }
        foreign = foreign_keys(held)
        for each in range(12):
            holders = [name for name in held if any(entry.key == each for entry in held[name])]
            assert len([name for name in holders if each not in foreign[name]]) == min(len(holders), 1)


def test_key_entries_come_back_as_they_were_packed() -> None:
    entries = [
        KeyEntry(hash_key(b"line", "a"), 5, COPIED),
        KeyEntry(-(2**63), NO_TIME, RESPONSE),
        KeyEntry(2**63 - 1, 0, 0),
    ]
    assert list(PackedEntries(pack(entries))) == entries
    assert keys_of(pack(entries)) == {entry.key for entry in entries}
    assert hash_key(b"line", "a") != hash_key(b"reply", "a")


def test_digests_tell_sets_apart() -> None:
    assert digest(set()) == ""
    assert digest({1, 2}) == digest({2, 1}) != digest({1}) != ""


def family() -> tuple[Claude, Claude, Claude]:
    """A session, a fork of it that does not say so, and a fork of that which does."""
    parent = Claude("ppp").prompt().wait(10).reply(usage(100, 10)).wait(10)
    fork = parent.fork("fff", says_so=False).wait(60).prompt().wait(5).reply(usage(20, 2)).wait(5)
    last = fork.fork("aaa").wait(600).prompt().wait(7).reply(usage(3, 1))
    return parent.prompt().wait(5).reply(usage(1000, 100)), fork, last


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_family_counts_the_same_in_any_order(machine: Machine, order: tuple[int, ...]) -> None:
    sessions = family()
    for at in order:
        machine.write(sessions[at])
        machine.run()
    counted = {name: tokens(row.models)[:2] for (_, name), row in machine.rows.items()}
    assert counted == {"ppp": (1100, 110), "fff": (20, 2), "aaa": (3, 1)}


def test_a_fork_starts_with_its_first_own_line(machine: Machine) -> None:
    machine.write(*family())
    machine.run()
    spans = {name: (row.duration_ms, row.assistant_ms, row.user_ms) for (_, name), row in machine.rows.items()}
    assert spans == {"ppp": (25000, 15000, 10000), "fff": (5000, 5000, None), "aaa": (7000, 7000, None)}
    begun = {name: (row.started_at - START).total_seconds() for (_, name), row in machine.rows.items()}
    assert begun == {"ppp": 0, "fff": 80, "aaa": 690}


def test_a_copy_without_a_line_of_its_own_keeps_a_row(machine: Machine) -> None:
    parent = family()[0]
    row = machine.one(parent.fork("zzz"), parent)
    assert (row.cost_usd, row.cost_complete, row.models) == (0, True, ())
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (None, None, None)
    assert row.started_at == machine.rows["claude-code", "ppp"].started_at


def test_the_loser_is_derived_again_when_ownership_moves(machine: Machine) -> None:
    parent, fork, _ = family()
    assert tokens(machine.one(fork).models)[:2] == (120, 12)
    machine.write(parent)
    assert {derived.external_id: derived.outcome for derived in machine.run()} == {"fff": "derived", "ppp": "derived"}
    assert tokens(machine.rows["claude-code", "fff"].models)[:2] == (20, 2)


def test_a_loser_that_is_gone_keeps_what_it_counted(machine: Machine) -> None:
    parent, fork, _ = family()
    path = fork.write(machine.claude)
    machine.run()
    path.unlink()
    machine.write(parent)
    machine.run()
    counted = {name: tokens(row.models)[:2] for (_, name), row in machine.rows.items()}
    assert counted == {"fff": (120, 12), "ppp": (1000, 100)}


def test_a_parent_that_is_gone_keeps_what_it_owns(machine: Machine) -> None:
    parent, fork, last = family()
    path = parent.write(machine.claude)
    machine.run()
    path.unlink()
    machine.write(fork, last)
    machine.run()
    counted = {name: tokens(row.models)[:2] for (_, name), row in machine.rows.items()}
    assert counted == {"ppp": (1100, 110), "fff": (20, 2), "aaa": (3, 1)}


def test_a_family_that_grows_sends_only_what_has_changed(machine: Machine) -> None:
    parent, fork, last = family()
    machine.write(parent, fork, last)
    machine.run()
    machine.write(parent.wait(5).prompt().wait(1).reply(usage(1, 1)))
    assert [derived.external_id for derived in machine.run() if derived.record] == ["ppp"]


@pytest.mark.parametrize(("says_so", "counted"), [(True, (1, 1)), (False, (101, 11))])
def test_a_response_under_other_line_ids_is_a_copy_only_where_the_line_says_so(
    machine: Machine, says_so: bool, counted: tuple[int, int]
) -> None:
    parent = Claude("ppp").prompt().wait(10).reply(usage(100, 10)).wait(10)
    fork = parent.fork("zzz", says_so=says_so)
    for copied in fork.lines:
        copied["uuid"] = str(uuid.uuid4())
    row = machine.one(fork.wait(60).prompt().wait(5).reply(usage(1, 1)), parent.wait(1).prompt())
    assert tokens(row.models)[:2] == counted
    assert (row.assistant_ms is not None, machine.rows["claude-code", "ppp"].assistant_ms) == (True, 10000)


def test_a_session_that_no_longer_holds_a_line_gives_it_back(machine: Machine) -> None:
    parent, fork, _ = family()
    machine.write(parent, fork)
    machine.run()
    parent.lines = parent.lines[-2:]
    machine.write(parent)
    machine.run()
    counted = {name: tokens(row.models)[:2] for (_, name), row in machine.rows.items()}
    assert counted == {"ppp": (1000, 100), "fff": (120, 12)}


@pytest.mark.parametrize("same_place", [True, False])
def test_a_run_that_ends_before_the_loser_is_stored_is_completed(machine: Machine, same_place: bool) -> None:
    parent = Claude("aaa").prompt().wait(10).reply(usage(100, 10)).wait(10)
    fork = parent.fork("zzz").wait(60).prompt().wait(5).reply(usage(1, 1))
    machine.write(fork)
    machine.run()
    place = machine.claude if same_place else machine.home / "other"
    parent.prompt().write(place)
    machine.run([TranscriptSource("claude-code", place)], stop_after=1)
    assert {name: tokens(row.models)[1] for (_, name), row in machine.rows.items()} == {"aaa": 10, "zzz": 11}
    machine.run([TranscriptSource("claude-code", place)])
    assert {name: tokens(row.models)[1] for (_, name), row in machine.rows.items()} == {"aaa": 10, "zzz": 1}
