"""Given cases whose answers are known: set `ORG_ANALYTICS_CASES` to a directory with them.

Each case is a directory with `claude/` or `codex/`, as `--claude` or `--codex` would name it, and `expected.json`: for
each session the fields that matter.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from org_analytics.ingest import git
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.records import SessionRecord
from tests.ingest.machine import Machine, tokens

DIRECTORY = os.environ.get("ORG_ANALYTICS_CASES", "")
CASES = sorted(path.parent for path in Path(DIRECTORY).glob("*/expected.json")) if DIRECTORY else []
PROVIDERS = {"claude": "claude-code", "codex": "codex"}
CLONE = "/nowhere/demo"

pytestmark = pytest.mark.skipif(not CASES, reason="ORG_ANALYTICS_CASES names no directory with cases")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A clone of acme/demo in the place of the directory that the cases name."""
    directory = tmp_path / "clone"
    for command in (
        ["init", "--quiet", str(directory)],
        ["-C", str(directory), "remote", "add", "origin", "git@h:acme/demo.git"],
    ):
        subprocess.run(["git", *command], check=True)
    git.look_up.cache_clear()
    yield directory
    git.look_up.cache_clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_has_the_expected_sessions(case: Path, machine: Machine, clone: Path) -> None:
    sources = []
    for place, provider in PROVIDERS.items():
        if (case / place).is_dir():
            shutil.copytree(case / place, machine.home / place, copy_function=shutil.copyfile)
            sources.append(TranscriptSource(provider, machine.home / place))
    for path in machine.home.rglob("*.jsonl"):
        path.write_bytes(path.read_bytes().replace(CLONE.encode(), str(clone).encode()))
    machine.run(sources)
    expected = json.loads((case / "expected.json").read_text())["sessions"]
    rows = {session: row for (_, session), row in machine.rows.items()}
    assert rows.keys() == expected.keys()
    for session, fields in expected.items():
        for name, value in fields.items():
            assert (name, _value(rows[session], name)) == (name, _normal(name, value))


def _value(row: SessionRecord, name: str) -> Any:
    match name:
        case "tokens":
            return list(tokens(row.models))
        case "models":
            return {used.model: [*tokens([used]), used.cost_usd] for used in row.models}
        case "model":
            return None
        case "git_info":
            return (row.git_info or {}).get("path")
        case "started_at" | "ended_at":
            return getattr(row, name).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case _:
            return getattr(row, name)


def _normal(name: str, value: Any) -> Any:
    match name:
        case "models":
            return {model: [*used[:4], None if used[4] is None else Decimal(used[4])] for model, used in value.items()}
        case "model":
            return None
        case "git_info":
            return value["repo_url"]
        case "cost_usd":
            return None if value is None else Decimal(value)
        case _:
            return value
