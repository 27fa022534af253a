"""Each kind of row there, and the row that it becomes here."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from org_analytics.models import CodingSession, ModelUsage
from tests.confabulous.source import CARD, MODEL, SECRET, START, Source, tokens

pytestmark = [pytest.mark.django_db, pytest.mark.core]

UNKNOWN_USAGE = {"requests": None, "input_tokens": None, "output_tokens": None, "cache_read_tokens": None}
FOUR = {"input_tokens": 10, "output_tokens": 20, "cache_write_tokens": 30, "cache_read_tokens": 40}
DAYS_367 = 367 * 86_400_000
ZERO = {**MODEL, "cost_usd": "0"}
EMPTY = {"input": 0, "output": 0, "cache_write": 0, "cache_read": 0, "cost_usd": "0"}

# Case → (row there, values of ours).
SESSIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ordinary": (
        {},
        {
            "provider": "claude-code",
            "started_at": datetime(2026, 6, 17, 10, tzinfo=UTC),
            "ended_at": datetime(2026, 6, 17, 11, tzinfo=UTC),
            "duration_ms": 60_000,
            "assistant_ms": 40_000,
            "user_ms": 10_000,
            "cost_usd": Decimal("1.25"),
            "cost_complete": True,
            "title": "",
            "repo": None,
        },
    ),
    "legacy type": ({"session_type": "Claude Code"}, {"provider": "claude-code"}),
    "codex": ({"session_type": "codex"}, {"provider": "codex"}),
    "opencode": ({"session_type": "opencode"}, {"provider": "opencode"}),
    "no end": ({"last_message_at": None}, {"ended_at": None}),
    "end before start": ({"last_message_at": START - timedelta(seconds=1)}, {"ended_at": None}),
    "end at the start": ({"last_message_at": START}, {"ended_at": START.replace(tzinfo=UTC)}),
    "end infinite": ({"last_message_at": "infinity"}, {"ended_at": None}),
    "end in a far year": ({"last_message_at": "2101-01-15"}, {"ended_at": None}),
    "durations unknown": (
        {"duration": None, "conversation": (None, None)},
        {"duration_ms": None, "assistant_ms": None, "user_ms": None},
    ),
    "durations negative": (
        {"duration": -1, "conversation": (-5, -(2**63))},
        {"duration_ms": None, "assistant_ms": None, "user_ms": None},
    ),
    "durations too long": (
        {"duration": DAYS_367, "conversation": (2**63 - 1, DAYS_367)},
        {"duration_ms": None, "assistant_ms": None, "user_ms": None},
    ),
    "durations of 366 days": ({"duration": DAYS_367 - 86_400_000}, {"duration_ms": DAYS_367 - 86_400_000}),
    "no tokens card": ({"card": None}, {"analyzed_at": None, "cost_usd": None}),
    "no conversation card": ({"conversation": None}, {"analyzed_at": None, "cost_usd": Decimal("1.25")}),
    "git info with a password": (
        {"git_info": {"repo_url": f"https://ann:{SECRET}@github.com/acme/api.git"}},
        {"repo__path": "acme/api"},
    ),
    "git info is a list": ({"git_info": ["acme/api"]}, {"repo": None}),
    "git info is a text": ({"git_info": "acme/api"}, {"repo": None}),
    "total in many places": (
        {"card": tokens("0.12345678949", {"m": {**MODEL, "cost_usd": "0.12345678949"}})},
        {"cost_usd": Decimal("0.123456789")},
    ),
    "total zero without models": ({"card": tokens("0")}, {"cost_usd": Decimal(0), "cost_complete": True}),
    "total missing": ({"card": {}}, {"cost_usd": None, "cost_complete": False}),
    "total is null": ({"card": tokens(None)}, {"cost_usd": None, "cost_complete": False}),
    "total is NaN": ({"card": tokens("NaN")}, {"cost_usd": None, "cost_complete": False}),
    "total is a word": ({"card": tokens("much")}, {"cost_usd": None, "cost_complete": False}),
    "total is infinite": ({"card": tokens("Infinity")}, {"cost_usd": None, "cost_complete": False}),
    "total negative": ({"card": tokens("-0.5")}, {"cost_usd": None, "cost_complete": False}),
    "total huge": ({"card": tokens("1e999999")}, {"cost_usd": None, "cost_complete": False}),
    "total over our limit": ({"card": tokens("100000.01")}, {"cost_usd": None, "cost_complete": False}),
    "total is a number": ({"card": tokens(0.1)}, {"cost_usd": Decimal("0.1"), "cost_complete": True}),
    "total is true": ({"card": tokens(True)}, {"cost_usd": None, "cost_complete": False}),
    "total has an exponent": ({"card": tokens("1.5e-7")}, {"cost_usd": Decimal("0.00000015")}),
    "total of endless digits": (
        {"card": '{"total_cost_usd": ' + "9" * 5000 + "}"},
        {"cost_usd": None, "cost_complete": False},
    ),
    "card is a list": ({"card": []}, {"cost_usd": None, "cost_complete": False}),
    "card is nested deeply": (
        {"card": '{"total_cost_usd": "1", "x": ' + "[" * 11_000 + "]" * 11_000 + "}"},
        {"cost_usd": None, "cost_complete": False},
    ),
    "zero cost with tokens": ({"card": tokens("0", {"m": ZERO})}, {"cost_usd": None, "cost_complete": False}),
    "zero cost without tokens": ({"card": tokens("0", {"m": EMPTY})}, {"cost_usd": 0, "cost_complete": True}),
    "one model unpriced": (
        {"card": tokens("1.25", {"m": ZERO, "opus-4-5": MODEL})},
        {"cost_usd": Decimal("1.25"), "cost_complete": False},
    ),
    "total beyond the models": (
        {"card": tokens("2", {"opus-4-5": MODEL})},
        {"cost_usd": Decimal(2), "cost_complete": True},
    ),
    "models beyond the total": (
        {"card": tokens("1", {"opus-4-5": MODEL})},
        {"cost_usd": Decimal("1.25"), "cost_complete": True},
    ),
    "empty Cursor card": (
        {"session_type": "cursor", "card": tokens("0"), "cursor_model": "gpt-5"},
        {"provider": "cursor", "cost_usd": None, "cost_complete": False},
    ),
}

# Case → (row there, model → values of its usage).
MODELS: dict[str, tuple[dict[str, Any], dict[str, dict[str, Any]]]] = {
    "one": ({}, {"opus-4-5": {"requests": None, **FOUR, "cost_usd": Decimal("1.25")}}),
    "over two vendors": (
        {
            "card": {
                "total_cost_usd": "2.5",
                "by_provider": {"a": {"models": {"m": MODEL}}, "b": {"models": {"m": MODEL}}},
            }
        },
        {"m": {"input_tokens": 20, "cache_read_tokens": 80, "cost_usd": Decimal("2.5")}},
    ),
    "priced by one vendor only": (
        {
            "card": {
                "total_cost_usd": "1.25",
                "by_provider": {"a": {"models": {"m": MODEL}}, "b": {"models": {"m": ZERO}}},
            }
        },
        {"m": {"input_tokens": 20, "cost_usd": Decimal("1.25")}},
    ),
    "without a name": ({"card": tokens("1.25", {"": MODEL})}, {"unknown": {"cost_usd": Decimal("1.25")}}),
    "with control characters": (
        {"card": tokens("1.25", {"opus\n4": MODEL})},
        {"opus 4": {"cost_usd": Decimal("1.25")}},
    ),
    "with a long name": ({"card": tokens("1.25", {"x" * 300: MODEL})}, {"x" * 255: {"input_tokens": 10}}),
    "without some classes": (
        {"card": tokens("1", {"m": {"input": 7, "cost_usd": "1"}})},
        {"m": {"input_tokens": 7, "output_tokens": 0, "cache_write_tokens": 0}},
    ),
    "with odd counts": (
        {
            "card": tokens(
                "1", {"m": {"input": -1, "output": "12", "cache_read": 1.5, "cache_write": True, "cost_usd": "1"}}
            )
        },
        {"m": {"input_tokens": None, "output_tokens": 12, "cache_read_tokens": None, "cache_write_tokens": None}},
    ),
    "rest of the total": (
        {"card": tokens("2", {"opus-4-5": MODEL})},
        {"opus-4-5": {}, "unattributed": {**UNKNOWN_USAGE, "cost_usd": Decimal("0.75")}},
    ),
    "total alone": ({"card": tokens("3.5")}, {"unattributed": {**UNKNOWN_USAGE, "cost_usd": Decimal("3.5")}}),
    "total unreadable": (
        {"card": tokens("NaN", {"opus-4-5": MODEL})},
        {"opus-4-5": {"cost_usd": Decimal("1.25")}, "unattributed": {**UNKNOWN_USAGE, "cost_usd": None}},
    ),
    "Cursor with a model": (
        {"session_type": "cursor", "card": tokens("0"), "cursor_model": "gpt-5"},
        {"gpt-5": {**UNKNOWN_USAGE, "cost_usd": None}},
    ),
    "Cursor with the default model": (
        {"session_type": "cursor", "card": tokens("0"), "cursor_model": "default"},
        {"unknown": {**UNKNOWN_USAGE, "cost_usd": None}},
    ),
    "Cursor without a model": (
        {"session_type": "cursor", "card": tokens("0")},
        {"unknown": {**UNKNOWN_USAGE, "cost_usd": None}},
    ),
    "unreadable entries": (
        {"card": tokens("1.25", {"opus-4-5": MODEL, "x": 5, "y": None})},
        {"opus-4-5": {"cost_usd": Decimal("1.25")}},
    ),
    "vendors are a list": (
        {"card": {"total_cost_usd": "1", "by_provider": [1]}},
        {"unattributed": {"cost_usd": Decimal(1)}},
    ),
    "no tokens card": ({"card": None}, {}),
}


@pytest.mark.parametrize(("row", "expected"), SESSIONS.values(), ids=SESSIONS)
def test_session_becomes(run: Any, source: Source, user: Any, row: dict[str, Any], expected: dict[str, Any]) -> None:
    source.add_session(**row)
    assert "1 created" in run()
    assert CodingSession.objects.filter(user=user, external_id="s1").values(*expected).get() == expected


@pytest.mark.parametrize(("row", "expected"), MODELS.values(), ids=MODELS)
def test_models_become(
    run: Any, source: Source, user: Any, row: dict[str, Any], expected: dict[str, dict[str, Any]]
) -> None:
    source.add_session(**row)
    run()
    assert set(ModelUsage.objects.values_list("model", flat=True)) == set(expected)
    for model, values in expected.items():
        if values:
            assert ModelUsage.objects.values(*values).get(model=model) == values


# Case → (row there, the reason that the output gives).
LEFT_OUT: dict[str, tuple[dict[str, Any], str]] = {
    "another agent": ({"session_type": "windsurf"}, "left out: 1, unknown session type 'windsurf'"),
    "another case": ({"session_type": "Codex"}, "left out: 1, unknown session type 'Codex'"),
    "start infinite": ({"first_seen": "-infinity"}, "refused: 1, started_at was refused"),
    "start in an early year": ({"first_seen": "1999-12-31 23:59:59"}, "refused: 1, started_at was refused"),
    "start before Christ": ({"first_seen": "0044-03-15 BC"}, "refused: 1, started_at was refused"),
    "id with a line break": ({"external_id": "a\nb"}, "refused: 1, external_id was refused"),
    "empty id": ({"external_id": ""}, "refused: 1, external_id was refused"),
}


@pytest.mark.parametrize(("row", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_session_that_is_not_written_is_counted_by_reason(
    run: Any, source: Source, user: Any, row: dict[str, Any], reason: str
) -> None:
    source.add_session(**row)
    source.add_session("good")
    output = run()
    assert "1 created" in output
    assert reason in output
    assert [session.external_id for session in CodingSession.objects.all()] == ["good"]


def test_all_rows_at_once_twice_are_unchanged_the_second_time(run: Any, source: Source, user: Any) -> None:
    rows = [row for row, _expected in [*SESSIONS.values(), *MODELS.values(), *LEFT_OUT.values()]]
    for number, row in enumerate(rows):
        source.add_session(**{"external_id": f"s{number}", **row})
    written = len(SESSIONS) + len(MODELS)
    assert f"{written} created, 0 updated, 0 unchanged" in run()
    before = [*CodingSession.objects.order_by("pk").values(), *ModelUsage.objects.order_by("pk").values()]
    assert f"0 created, 0 updated, {written} unchanged" in run()
    assert [*CodingSession.objects.order_by("pk").values(), *ModelUsage.objects.order_by("pk").values()] == before


def test_more_models_than_we_keep_are_cut_to_the_dearest(run: Any, source: Source, user: Any) -> None:
    models = {f"m{number}": {**MODEL, "cost_usd": str(number + 1)} for number in range(150)}
    source.add_session(card=tokens(str(sum(range(1, 151))), models))
    output = run()
    assert "more than 99" in output
    assert CodingSession.objects.get().cost_usd == sum(range(1, 151))
    assert ModelUsage.objects.count() == 100
    assert ModelUsage.objects.get(model="unattributed").cost_usd == sum(range(1, 52))


def test_titles_come_only_when_asked_for(run: Any, source: Source, user: Any) -> None:
    source.add_session("custom", titles=("Custom", "Suggested", "Summary"))
    source.add_session("suggested", titles=(" ", "Sugg\nested", "Summary"))
    source.add_session("summary", titles=(None, None, "x" * 2000))
    source.add_session("none")
    run()
    assert set(CodingSession.objects.values_list("title", flat=True)) == {""}
    assert "3 updated, 1 unchanged" in run(with_titles=True)
    assert dict(CodingSession.objects.values_list("external_id", "title")) == {
        "custom": "Custom",
        "suggested": "Sugg ested",
        "summary": "x" * 255,
        "none": "",
    }


def test_start_is_the_upload_or_what_the_transcript_says(run: Any, source: Source, user: Any) -> None:
    source.add_session("both", last_message_at=START - timedelta(days=3))
    source.add_session("no duration", duration=None)
    source.add_session("no end", last_message_at=None)
    run(started_at="transcript")
    started = dict(CodingSession.objects.values_list("external_id", "started_at"))
    upload = START.replace(tzinfo=UTC)
    assert started["both"] == upload - timedelta(days=3, minutes=1)
    assert started["no duration"] == started["no end"] == upload


def test_times_are_read_in_the_named_zone(run: Any, source: Source, user: Any) -> None:
    source.add_session(first_seen=datetime(2026, 1, 10, 12))
    run(source_time_zone="America/New_York")
    assert CodingSession.objects.get().started_at == datetime(2026, 1, 10, 17, tzinfo=UTC)


def test_servers_own_zone_is_used_with_a_warning(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add_session(first_seen=datetime(2026, 7, 10, 12))
    monkeypatch.setenv("CONFABULOUS_DATABASE_URL", f"{source.url} options='-c timezone=Europe/Berlin'")
    assert "Warning: Its times are read in the server's zone, Europe/Berlin" in run()
    assert CodingSession.objects.get().started_at == datetime(2026, 7, 10, 10, tzinfo=UTC)


def test_nothing_private_is_stored_or_shown(run: Any, source: Source, user: Any) -> None:
    source.add_session(git_info={"repo_url": f"https://ann:{SECRET}@github.com/acme/api.git"}, titles=("T", None, None))
    output = run(with_titles=True)
    stored = [
        *CodingSession.objects.values(),
        *CodingSession.objects.values("repo__path"),
        *ModelUsage.objects.values(),
    ]
    assert SECRET not in output + repr(stored)


def test_card_of_every_version_counts(run: Any, source: Source, user: Any) -> None:
    source.add_session(card=CARD)
    source.execute("UPDATE session_card_tokens_v2 SET version = 0")
    run()
    assert CodingSession.objects.get().analyzed_at is not None
