"""A short run of `python -m tests.fuzz.schema_cases`."""

from pathlib import Path

from .schema_cases import run
from .site import served_example


def test_schemathesis_finds_nothing_as_reader_as_writer_and_anonymously(tmp_path: Path) -> None:
    with served_example(tmp_path) as site:
        outcomes = run(site, tmp_path, "--phases=examples,fuzzing", "--max-examples=4", "--seed=1")

    assert "".join(outcome.text for outcome in outcomes) == ""
    assert [outcome.findings for outcome in outcomes] == [0, 0, 0]
    assert all(outcome.cases > 30 for outcome in outcomes)
