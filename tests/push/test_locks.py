"""One push at a time, however many are started."""

import stat
from pathlib import Path

import pytest

from org_analytics.push.errors import BusyError
from org_analytics.push.locks import held, held_or_queued


def test_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "push.lock"
    with held(path, 0):
        with pytest.raises(BusyError), held(path, 0):
            pytest.fail("held twice")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with held(path, 0):
        pass


def test_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "push.lock"
    with pytest.raises(ZeroDivisionError), held(path, 0):
        raise ZeroDivisionError
    with held(path, 0):
        pass


def test_locks_of_other_files_are_others(tmp_path: Path) -> None:
    with held(tmp_path / "a", 0), held(tmp_path / "b", 0):
        pass


def test_turn_comes_when_nobody_runs(tmp_path: Path) -> None:
    path = tmp_path / "push.lock"
    for _ in range(2):
        with held_or_queued(path, 0) as is_ours:
            assert is_ours
            with pytest.raises(BusyError), held(path, 0):
                pytest.fail("held twice")


def test_turn_is_left_to_the_one_who_waits_already(tmp_path: Path) -> None:
    path = tmp_path / "push.lock"
    with held(path.with_suffix(".next"), 0), held_or_queued(path, 0) as is_ours:
        assert not is_ours


def test_next_one_may_wait_while_one_runs(tmp_path: Path) -> None:
    path = tmp_path / "push.lock"
    with held_or_queued(path, 0), held(path.with_suffix(".next"), 0):
        pass
