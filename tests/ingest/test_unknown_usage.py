"""What a transcript says when its agent does not record usage, durations or prices."""

from decimal import Decimal

from org_analytics.ingest.deriver import NEVER_READ, SessionReading
from org_analytics.ingest.jsonl import SkippedLines
from org_analytics.ingest.pricing import GenaiPrices
from org_analytics.ingest.protocol import SessionFiles
from org_analytics.ingest.providers import PROVIDERS
from org_analytics.ingest.records import ModelRecord, SessionRecord
from org_analytics.ingest.session_record import build_record
from org_analytics.ingest.transcript import ANSWER, PROMPT, Request, Transcript

AT = 1_778_634_000_000_000


def record(transcript: Transcript) -> SessionRecord:
    transcript.add_line(0, AT, PROMPT)
    transcript.add_line(0, AT + 5_000_000, ANSWER)
    files = SessionFiles("s", (), ())
    reading = SessionReading(PROVIDERS["codex"], files, transcript, None, NEVER_READ, SkippedLines())
    return build_record(reading, set(), GenaiPrices(), with_title=False)


def test_unknown_usage_is_null_and_unpriced_never_zero() -> None:
    row = record(Transcript(models_without_usage={"composer-1"}))
    assert row.models == (ModelRecord("composer-1", None, None, None, None, None, None),)
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (None, False, ("composer-1",))


def test_known_usage_beside_unknown_usage_is_an_incomplete_cost() -> None:
    transcript = Transcript(models_without_usage={"gpt-5", "unknown"})
    transcript.anonymous.append(Request(vendor="openai", model="gpt-5", at=AT, input=1_000_000))
    row = record(transcript)
    assert [(used.model, used.requests, used.cost_usd) for used in row.models] == [
        ("gpt-5", 1, Decimal("1.25")),
        ("unknown", None, None),
    ]
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (Decimal("1.25"), False, ("gpt-5", "unknown"))


def test_durations_and_times_may_be_unknown() -> None:
    row = record(Transcript(duration_known=False, clock_known=False))
    assert (row.duration_ms, row.assistant_ms, row.user_ms) == (None, None, None)
    assert row.started_at < row.ended_at


def test_one_model_of_several_vendors_is_one_row() -> None:
    transcript = Transcript()
    for vendor in ("openai", "azure", ""):
        transcript.anonymous.append(Request(vendor=vendor, model="gpt-5", at=AT, input=1_000_000))
    (used,) = record(transcript).models
    assert (used.requests, used.input_tokens, used.cost_usd) == (3, 3_000_000, Decimal("3.75"))


def test_the_agents_own_figure_counts_only_where_the_model_has_no_price() -> None:
    transcript = Transcript()
    for model, cost in (("gpt-5", "9"), ("in-house", "0.5"), ("in-house", "0.25"), ("partly", "1"), ("partly", None)):
        reported = None if cost is None else Decimal(cost)
        transcript.anonymous.append(Request(vendor="", model=model, at=AT, input=1_000_000, reported_cost=reported))
    row = record(transcript)
    assert {used.model: used.cost_usd for used in row.models} == {
        "gpt-5": Decimal("1.25"),
        "in-house": Decimal("0.75"),
        "partly": Decimal(1),
    }
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (Decimal(3), False, ("partly",))
