"""A developer's machine with transcripts on it, and whatever receives the sessions."""

from pathlib import Path

import pytest

from tests.ingest.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
