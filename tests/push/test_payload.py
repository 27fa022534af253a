"""The exact fields that are sent, and how rows are divided into requests."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.push import payload
from org_analytics.push.payload import PayloadRow
from tests.push.sessions import record, usage

FIELDS = {
    "provider": "codex",
    "external_id": "a",
    "started_at": "2026-11-20T09:30:00Z",
    "ended_at": "2026-11-20T09:30:00Z",
    "git_info": {"path": "acme/api"},
    "cost_usd": "0.028",
    "cost_complete": True,
    "duration_ms": 75000,
    "assistant_ms": 16000,
    "user_ms": None,
    "models": [
        {
            "model": "gpt-5",
            "requests": 2,
            "input_tokens": 6000,
            "output_tokens": 2000,
            "cache_write_tokens": 0,
            "cache_read_tokens": 4000,
            "cost_usd": "0.028",
        }
    ],
}


def test_row_holds_the_documented_fields_and_no_title() -> None:
    assert json.loads(payload.payload_row(record("a"), with_title=False).encoded) == FIELDS


def test_title_travels_only_where_asked_for() -> None:
    sent = json.loads(payload.payload_row(record("a"), with_title=True).encoded)
    assert sent == FIELDS | {"title": "Fix the secret bug"}


def test_unknown_is_null() -> None:
    fields = {"cost_usd": None, "git_info": None, "duration_ms": None, "models": (usage(cost=None),)}
    sent = json.loads(payload.payload_row(record("a", **fields), with_title=False).encoded)
    assert (sent["cost_usd"], sent["git_info"], sent["duration_ms"]) == (None, None, None)
    assert sent["models"][0]["cost_usd"] is None


@pytest.mark.parametrize(("amount", "text"), [("1E-9", "0.000000001"), ("1E+2", "100"), ("0", "0"), ("8.50", "8.50")])
def test_money_is_plain_decimal_text(amount: str, text: str) -> None:
    sent = json.loads(payload.payload_row(record("a", cost_usd=Decimal(amount)), with_title=False).encoded)
    assert sent["cost_usd"] == text


def test_times_are_utc_with_their_microseconds() -> None:
    moment = datetime(2026, 11, 20, 9, 30, 0, 5000, tzinfo=timezone(timedelta(hours=2)))
    sent = json.loads(payload.payload_row(record("a", started_at=moment), with_title=False).encoded)
    assert sent["started_at"] == "2026-11-20T07:30:00.005000Z"


def test_lone_surrogates_do_not_break_the_encoding() -> None:
    sent = payload.payload_row(record("a", title="broken \ud800 emoji"), with_title=True).encoded
    assert json.loads(sent)["title"] == "broken \ud800 emoji"


def test_row_without_its_title_is_the_row_that_never_had_one() -> None:
    bare = payload.payload_row(record("a"), with_title=False)
    assert payload.without_title(payload.payload_row(record("a"), with_title=True)) == bare
    assert payload.without_title(bare) == bare


def test_request_without_rows_is_empty() -> None:
    assert payload.request_body([]) == b'{"sessions":[]}'


@settings(deadline=None)
@given(st.lists(st.integers(1, 400_000), max_size=40))
def test_requests_keep_rows_in_order_within_the_limits(sizes: list[int]) -> None:
    items = [(PayloadRow("codex", str(number), b"x" * size), number) for number, size in enumerate(sizes)]
    cut = list(payload.batches(items))
    assert [pair for batch in cut for pair in batch] == items
    assert all(len(payload.request_body(row for row, _ in batch)) <= payload.MAX_BYTES for batch in cut)
    for batch, following in pairwise(cut):
        assert len(payload.request_body(row for row, _ in [*batch, following[0]])) > payload.MAX_BYTES


def test_request_of_exactly_the_limit_is_one() -> None:
    fitting = payload.MAX_BYTES - len(payload.request_body([]))
    assert len(list(payload.batches([(PayloadRow("codex", "a", b"x" * fitting), None)]))) == 1
    halves = [
        PayloadRow("codex", "a", b"x" * (fitting // 2)),
        PayloadRow("codex", "b", b"x" * (fitting - fitting // 2 - 1)),
    ]
    assert [len(batch) for batch in payload.batches([(row, None) for row in halves])] == [2]
    assert len(payload.request_body(halves)) == payload.MAX_BYTES


def test_row_over_the_limit_goes_alone() -> None:
    sizes = [1, payload.MAX_BYTES, 1]
    cut = payload.batches((PayloadRow("codex", str(number), b"x" * size), None) for number, size in enumerate(sizes))
    assert [len(batch) for batch in cut] == [1, 1, 1]


def test_request_has_at_most_500_rows() -> None:
    cut = payload.batches((PayloadRow("codex", str(number), b"{}"), None) for number in range(1001))
    assert [len(batch) for batch in cut] == [500, 500, 1]
