"""A short run of the comparison with ccusage; the long one is a command of its own."""

import random
from pathlib import Path

import pytest

from tests.ingest.histories import random_history

compare_ccusage = pytest.importorskip("benchmarks.compare_ccusage", reason="the benchmarks are not beside the package")


@pytest.fixture(scope="session")
def command() -> Path:
    try:
        return compare_ccusage.ccusage.install()
    except compare_ccusage.UnavailableError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("seed", range(8))
def test_token_sums_and_costs_are_those_of_ccusage(command: Path, seed: int) -> None:
    compared, differences = compare_ccusage.compare(command, random_history(random.Random(seed)))
    assert compared > 0
    assert differences == []
