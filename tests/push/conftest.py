"""A home directory of its own for every test, so that nothing of the developer's machine is read or written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.push.server import Team, running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    for name in os.environ:
        if name.startswith(("ORG_ANALYTICS_", "XDG_", "CLAUDE_", "CODEX_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(directory))
    return directory


@pytest.fixture
def team() -> Iterator[Team]:
    with running() as team:
        yield team
