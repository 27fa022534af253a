"""What is kept between runs, the same in every form."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from org_analytics.ingest.line_keys import KeyEntry, pack
from org_analytics.ingest.sqlite_state import SqliteState, StateInUseError
from org_analytics.ingest.state import KnownSession, MemoryState, Receipt, SessionRead, SourceFile, State
from tests.ingest.machine import Machine
from tests.ingest.writing import Claude

FILES = (SourceFile("/a", 1, 2), SourceFile("/b\udc80", 3, 2**62))
OTHER_FILES = (SourceFile("/a", 9, 9),)


@pytest.fixture(params=["memory", "memory on memory", "memory on sqlite", "sqlite"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    with ExitStack() as stack:
        forms: dict[str, Callable[[], State]] = {
            "memory": MemoryState,
            "memory on memory": lambda: MemoryState(MemoryState()),
            "memory on sqlite": lambda: MemoryState(stack.enter_context(SqliteState(tmp_path / "state"))),
            "sqlite": lambda: stack.enter_context(SqliteState(tmp_path / "state")),
        }
        yield forms[request.param]()


def held(*keys: int) -> bytes:
    return pack([KeyEntry(key, 0, 0) for key in keys])


def test_nothing_is_known_at_first(state: State) -> None:
    assert state.session("codex", "a") is None
    assert state.lines("codex", "a") == b""
    assert state.sharing("codex", {1}) == set()
    assert state.pending("codex") == set()


def test_a_saved_session_is_pending_until_it_is_stored(state: State) -> None:
    state.save(SessionRead("codex", "a", FILES, held(1)))
    assert state.session("codex", "a") == KnownSession(FILES, "")
    assert state.pending("codex") == {"a"}
    state.mark_stored([Receipt("codex", "a", FILES, "1:")])
    assert state.session("codex", "a") == KnownSession(FILES, "1:")
    assert state.pending("codex") == set()
    state.save(SessionRead("codex", "a", FILES, held(1)))
    assert state.pending("codex") == {"a"}


def test_what_was_saved_is_there_after_closing(tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state") as state:
        for number in range(120):
            state.save(SessionRead("codex", f"s{number}", FILES, held(number)))
    with SqliteState(tmp_path / "state") as state:
        assert len(state.pending("codex")) == 120
        assert state.sharing("codex", {0, 119}) == {"s0", "s119"}


def test_an_interrupted_write_leaves_no_session_in_part(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Receipt]:
        yield Receipt("codex", "new", FILES, "1:")
        raise KeyboardInterrupt

    with SqliteState(tmp_path / "state") as state:
        state.save(SessionRead("codex", "old", FILES, held(1)))
        state.mark_stored([Receipt("codex", "old", FILES, "1:")])
        state.save(SessionRead("codex", "new", FILES, held(2)))
        with pytest.raises(KeyboardInterrupt):
            state.mark_stored(interrupted())
    with SqliteState(tmp_path / "state") as state:
        assert state.session("codex", "old") == KnownSession(FILES, "1:")
        assert state.session("codex", "new") is None
        assert state.sharing("codex", {1, 2}) == {"old"}


def test_a_mark_for_other_files_is_refused(state: State) -> None:
    state.save(SessionRead("codex", "a", FILES, b""))
    state.mark_stored([Receipt("codex", "a", OTHER_FILES, "1:"), Receipt("codex", "unknown", FILES, "1:")])
    assert state.session("codex", "a") == KnownSession(FILES, "")
    assert state.session("codex", "unknown") is None


def test_sessions_are_found_by_any_of_their_keys(state: State) -> None:
    state.save(SessionRead("codex", "a", FILES, held(1, 2, -(2**63))))
    state.save(SessionRead("codex", "b", FILES, held(2, 3, 2**63 - 1)))
    state.save(SessionRead("claude-code", "c", FILES, held(1, 2, 3)))
    assert state.sharing("codex", {2}) == {"a", "b"}
    assert state.sharing("codex", {1, 7}) == {"a"}
    assert state.sharing("codex", {2**63 - 1}) == {"b"}
    assert state.sharing("codex", set()) == set()
    assert state.sharing("codex", set(range(3, 100_000))) == {"b"}


def test_saving_again_replaces_the_keys(state: State) -> None:
    state.save(SessionRead("codex", "a", FILES, held(1, 2)))
    state.save(SessionRead("codex", "a", OTHER_FILES, held(2, 3)))
    assert [state.sharing("codex", {key}) for key in (1, 2, 3)] == [set(), {"a"}, {"a"}]
    assert state.lines("codex", "a") == held(2, 3)
    assert state.session("codex", "a") == KnownSession(OTHER_FILES, "")


def test_the_repository_is_kept_until_the_session_is_saved_again(state: State) -> None:
    repository = {"repo_url": "acme/api"}
    state.save(SessionRead("codex", "a", FILES, b"", repository))
    state.mark_stored([Receipt("codex", "a", FILES, "1:")])
    assert state.session("codex", "a") == KnownSession(FILES, "1:", repository)
    state.save(SessionRead("codex", "a", FILES, b""))
    assert state.session("codex", "a") == KnownSession(FILES, "", None)


def test_what_is_in_memory_hides_what_is_below() -> None:
    base = MemoryState()
    base.save(SessionRead("codex", "a", FILES, held(1)))
    above = MemoryState(base)
    assert (above.sharing("codex", {1}), above.pending("codex"), above.lines("codex", "a")) == ({"a"}, {"a"}, held(1))
    above.save(SessionRead("codex", "a", OTHER_FILES, held(2)))
    above.mark_stored([Receipt("codex", "a", OTHER_FILES, "1:")])
    assert (above.sharing("codex", {1}), above.pending("codex"), above.lines("codex", "a")) == (set(), set(), held(2))
    assert (base.session("codex", "a"), base.pending("codex")) == (KnownSession(FILES, ""), {"a"})


def test_the_file_remembers(tmp_path: Path, machine: Machine) -> None:
    machine.write(Claude("a").prompt())
    for expected in ("derived", "unchanged"):
        with SqliteState(tmp_path / "new/directory/state") as machine.state:
            assert [derived.outcome for derived in machine.run()] == [expected]
    assert (tmp_path / "new/directory").stat().st_mode & 0o777 == 0o700


def test_looking_for_keys_does_not_take_longer_with_more_sessions(tmp_path: Path) -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    needed = []
    with SqliteState(tmp_path / "state") as state:
        for session in range(200):
            state.save(SessionRead("codex", str(session), FILES, held(*range(session * 10, session * 10 + 10))))
            if session in (0, 199):
                state._db.set_progress_handler(count, 1)
                assert state.sharing("codex", set(range(10))) == {"0"}
                state._db.set_progress_handler(None, 1)
                needed.append(steps)
                steps = 0
    assert needed[1] <= needed[0] * 1.5


def test_only_one_run_at_a_time(tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state"), pytest.raises(StateInUseError):
        SqliteState(tmp_path / "state")
    SqliteState(tmp_path / "state").close()


@pytest.mark.parametrize("damage", ["no database", "another format"])
def test_a_file_that_cannot_be_used_is_set_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state"
    if damage == "no database":
        path.write_bytes(b"what is this" * 1000)
    else:
        other = sqlite3.connect(path)
        other.execute("PRAGMA user_version = 99")
        other.close()
    with SqliteState(path) as state:
        assert state.pending("codex") == set()
    assert path.with_name("state.unusable").exists()
