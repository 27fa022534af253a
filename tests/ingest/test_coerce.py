"""Values of any type in, usable ones or None out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.ingest import coerce

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=5
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-05-13T01:00:00Z", datetime(2026, 5, 13, 1, tzinfo=UTC)),
        ("2026-05-13T01:00:00.123456Z", datetime(2026, 5, 13, 1, 0, 0, 123456, tzinfo=UTC)),
        ("2026-05-13T03:00:00+02:00", datetime(2026, 5, 13, 1, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_instants(value: str, expected: datetime) -> None:
    at = coerce.instant(value)
    assert at is not None
    assert coerce.moment(at) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("2026-05-13T01:00:00", "2026-05-13", "yesterday", "", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-05-13T01:00:00Z" + " " * 50),
        *(None, 1778634000, 1778634000.5, True, [], {}),
    ],
)
def test_what_is_no_instant(value: object) -> None:
    assert coerce.instant(value) is None


@given(anything)
def test_nothing_raises(value: object) -> None:
    coerce.instant(value), coerce.text(value), coerce.mapping(value), coerce.items(value), coerce.model_name(value)
    number = coerce.count(value)
    assert number is None or (type(number) is int and 0 <= number < 2**53)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("gpt-5", "gpt-5"),
        ("openai/gpt-5", "openai/gpt-5"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("/home/ann/secret client/qwen3.gguf", "qwen3.gguf"),
        ("~/models/qwen3/", "qwen3"),
        ("C:\\Users\\ann\\qwen3.gguf", "qwen3.gguf"),
        ("https://user:s3cret@llm.example:8000/v1/qwen3", "qwen3"),
        ("https://llm.example:8000", None),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-x", "eu.anthropic.claude-x"),
        ("arn:aws:bedrock:eu-west-1:123456789012:x", None),
        ("/", None),
        ("", None),
        ("a\nb", None),
        ("x" * 129, None),
        (5, None),
    ],
)
def test_a_models_name_holds_no_path_host_or_account(written: object, name: str | None) -> None:
    assert coerce.model_name(written) == name


@given(st.text())
def test_one_line_is_short_and_can_be_stored(value: str) -> None:
    line = coerce.one_line(value, 255)
    assert len(line) <= 255
    assert "\x00" not in line
    assert "\n" not in line
    line.encode()


def test_one_line_of_half_a_character_can_be_stored() -> None:
    assert coerce.one_line("a\ud800b\u2028c", 255) == "a b c"


@pytest.mark.parametrize(
    ("value", "valid"),
    [("a", True), ("a" * 512, True), ("a" * 513, False), ("", False), ("a\nb", False), ("a\udc80", False), (5, False)],
)
def test_session_ids_are_those_that_can_be_recorded(value: object, valid: bool) -> None:
    assert coerce.is_session_id(value) is valid
