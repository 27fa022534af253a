"""Prices: exact, offline, per request."""

import builtins
import socket
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import genai_prices
import pytest
from genai_prices.types import ModelPrice, Usage
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.ingest.coerce import moment
from org_analytics.ingest.price_overrides import DISPUTED_PRICES, DisputedPrice
from org_analytics.ingest.pricing import GenaiPrices, NoPrices, load_prices
from org_analytics.ingest.transcript import Request
from tests.ingest.machine import Machine
from tests.ingest.writing import Claude, usage

PRICES = GenaiPrices()
NOW = 1_778_634_000_000_000  # May 2026
NOVEMBER = 1_793_600_000_000_000
MODELS = [
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-5.5"),
    ("openai", "gpt-5"),
]

counts = st.integers(0, 150_000)


def request(model: str = "", *, at: int = NOW, speed: str = "", tier: str = "", **used: int) -> Request:
    return Request(vendor="", model=model, at=at, speed=speed, tier=tier, **used)


@given(
    st.sampled_from(MODELS),
    st.lists(st.tuples(*[counts] * 5, st.integers(0, 9), st.integers(0, 10**10), st.sampled_from(["", "fast"]))),
)
@settings(max_examples=60, deadline=None)
def test_many_requests_cost_what_the_library_says_of_each(
    vendor_and_model: tuple[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    vendor, model = vendor_and_model
    names = ("input", "output", "write_5m", "write_1h", "read", "searches")
    requests = [
        request(
            at=NOW - 1000 * back,
            speed=speed if model == "claude-haiku-5-5" else "",
            **dict(zip(names, row, strict=False)),
        )
        for *row, back, speed in rows
    ]
    one_by_one = sum((library_price(vendor, model, each) for each in requests), Decimal(0))
    assert PRICES.cost(vendor, model, requests) == one_by_one


def library_price(vendor: str, model: str, each: Request) -> Decimal:
    write = each.write_5m + each.write_1h
    used = Usage(
        input_tokens=each.input + write + each.read,
        output_tokens=each.output,
        cache_write_tokens=write,
        cache_write_1h_tokens=each.write_1h,
        cache_read_tokens=each.read,
        web_searches=each.searches,
    )
    context = {"speed": each.speed} if each.speed else None
    price = genai_prices.calc_price(
        used, model, provider_id=vendor, genai_request_timestamp=moment(each.at), price_context=context
    )
    return price.total_price


def test_tiers_go_by_request_not_by_sum() -> None:
    small = [request(input=150_000)] * 2
    assert PRICES.cost("anthropic", "claude-sonnet-4-5", small) == Decimal("0.9")
    assert PRICES.cost("anthropic", "claude-sonnet-4-5", [request(input=300_000)]) == Decimal("1.8")


def test_prices_are_those_of_the_day() -> None:
    march, april = (request(input=300_000, at=at) for at in (1_772_500_000_000_000, 1_775_100_000_000_000))
    assert PRICES.cost("anthropic", "claude-sonnet-4-6", [march]) == Decimal("1.8")
    assert PRICES.cost("anthropic", "claude-sonnet-4-6", [april]) == Decimal("0.9")
    assert PRICES.cost("anthropic", "claude-sonnet-4-6", [march, april]) == Decimal("2.7")


@pytest.mark.parametrize(
    ("vendor", "model", "usd"),
    [
        ("anthropic", "claude-opus-4-8-2026-06-01", "0.005"),
        ("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0033"),
        ("anthropic", "claude-sonnet-4-5[1m]", "0.003"),
        ("openai", "gpt-5-2025-08-07", "0.00125"),
        ("openai", "claude-sonnet-4-5", "0.003"),
    ],
)
def test_names_with_a_date_or_wrapping_are_found(vendor: str, model: str, usd: str) -> None:
    assert PRICES.cost(vendor, model, [request(input=1000)]) == Decimal(usd)


@pytest.mark.parametrize("model", ["in-house-7b", "unknown", "", "-2026-01-01", "x" * 128])
def test_unknown_models_have_no_price(model: str) -> None:
    assert PRICES.cost("anthropic", model, [request(input=1000)]) is None


def test_what_the_library_finds_impossible_has_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(ModelPrice, "calc_price", refuse)
    assert GenaiPrices().cost("anthropic", "claude-sonnet-4-5", [request(input=5)]) is None


def test_a_price_for_each_request_is_charged_for_each() -> None:
    assert PRICES.cost("perplexity", "sonar", [request(input=1_000_000)] * 3) == Decimal("3.036")


def test_disputed_prices_are_ours() -> None:
    fast = request(
        input=1_000_000, output=100_000, write_5m=10_000, write_1h=10_000, read=10_000, searches=1, speed="fast"
    )
    usd = Decimal(30) + 15 + Decimal("0.375") + Decimal("0.6") + Decimal("0.03") + Decimal("0.01")
    assert PRICES.cost("anthropic", "claude-opus-4-6", [fast]) == usd


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert GenaiPrices().cost("openai", "gpt-5", [request(input=1000)]) == Decimal("0.00125")


def test_without_the_library_all_is_unpriced_and_the_version_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("genai_prices"):
            raise ImportError(name)
        return importing(name, *rest)

    for name in [name for name in sys.modules if name.startswith("genai_prices")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert isinstance(load_prices(), NoPrices)
    row = machine.one(Claude("s").reply(usage(1000)))
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (None, False, ("claude-sonnet-4-20250514",))
    assert [part.cost_usd for part in row.models] == [None]


def test_sessions_are_priced_again_with_other_prices(machine: Machine) -> None:
    machine.one(Claude("s").reply(usage(1000)), prices=NoPrices())
    assert [derived.outcome for derived in machine.run()] == ["derived"]
    assert machine.rows["claude-code", "s"].cost_usd == Decimal("0.003")


def test_each_models_cost_is_rounded_once(machine: Machine) -> None:
    session = Claude("s")
    for _ in range(3):
        session.reply(usage(read=1), model="claude-haiku-4-5-20251001").reply(
            usage(read=1), model="claude-3-haiku-20240307"
        )
    row = machine.one(session)
    costs: Mapping[str, Decimal | None] = {used.model: used.cost_usd for used in row.models}
    assert costs == {
        "claude-haiku-4-5-20251001": Decimal("0.000000300"),
        "claude-3-haiku-20240307": Decimal("0.000000090"),
    }
    assert row.cost_usd == Decimal("0.00000039")


USED = {"input": 100_000, "output": 20_000}


@pytest.mark.parametrize(
    ("vendor", "model", "usd"),
    [
        ("anthropic", "eu.anthropic.claude-opus-4-6-v1", "1.1"),
        ("anthropic", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.66"),
        ("anthropic", "au.anthropic.claude-opus-4-8", "1.1"),
        ("anthropic", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.6"),
        ("anthropic", "us.anthropic.claude-sonnet-4-20250514-v1:0", "0.6"),
        ("anthropic", "apac.anthropic.claude-sonnet-4-20250514-v1:0", "0.6"),
        ("anthropic", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.66"),
        ("anthropic", "anthropic/claude-sonnet-4.5", "0.6"),
        ("anthropic", "vertex_ai/claude-sonnet-4-5@20250929", "0.6"),
        ("anthropic", "claude-sonnet-4-5-thinking", "0.6"),
        ("anthropic", "claude-opus-4-8-2026-06-01[1m]", "1"),
        ("openai", "openai/gpt-5", "0.325"),
        ("openai", "azure/gpt-5-2025-08-07", "0.325"),
        ("openai", "gpt-5-codex-mini", "0.065"),
        ("", "glm-4.6", "0.104"),
        ("", "z-ai/glm-4.6", "0.104"),
        ("", "kimi-k2-thinking", "0.11"),
        ("a vendor that nobody knows", "claude-sonnet-4-5", "0.6"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "0.6"),
    ],
)
def test_names_that_gateways_and_regions_change_have_their_price(vendor: str, model: str, usd: str) -> None:
    assert PRICES.cost(vendor, model, [request(at=NOVEMBER, **USED)]) == Decimal(usd)


@pytest.mark.parametrize(
    "model", ["gpt-5.3-codex-spark", "codex-auto-review", "claude-mythos-5-1", "claude-mythos-5-1-thinking", "abc123"]
)
def test_names_without_a_published_price_stay_unpriced(model: str) -> None:
    assert PRICES.cost("anthropic", model, [request(**USED)]) is None


def test_the_price_list_has_the_premium_of_a_region_already() -> None:
    plain = PRICES.cost("anthropic", "us.anthropic.claude-opus-4-8", [request(at=NOVEMBER, **USED)])
    with_place = PRICES.cost("anthropic", "us.anthropic.claude-opus-4-8", [request(at=NOVEMBER, region="us", **USED)])
    assert plain == with_place == Decimal("1.1")


@pytest.mark.parametrize("price", DISPUTED_PRICES, ids=lambda price: f"{price.model} {price.speed}")
def test_every_price_of_ours_names_its_source_and_date(price: DisputedPrice) -> None:
    assert price.source.startswith("https://")
    assert price.read_on.year >= 2026


OVERRIDES = {
    "in-house-7b": {"input": "1", "output": "2"},
    "gpt-5": {"input": 1, "output": 2.5, "cache_read": "0.1", "cache_write": Decimal(3), "from": "2026-05-13"},
}


def test_overrides_price_models_that_the_list_does_not_know() -> None:
    prices = load_prices(OVERRIDES)
    used = request(input=1_000_000, output=100_000, read=1_000_000, write_5m=1_000_000)
    assert prices.cost("", "in-house-7b", [used]) == Decimal("3.2")
    assert prices.cost("anthropic", "claude-sonnet-4-5", [request(input=1000)]) == Decimal("0.003")
    assert prices.cost("", "unknown", [used]) is None


def test_an_override_counts_from_its_day_on() -> None:
    midnight = 1_778_630_400_000_000
    used = {"input": 1_000_000, "read": 1_000_000, "write_1h": 1_000_000}
    prices = load_prices(OVERRIDES)
    before, after = request(at=midnight - 1, **used), request(at=midnight, **used)
    assert prices.cost("openai", "gpt-5", [after]) == Decimal("4.1")
    assert prices.cost("openai", "gpt-5", [before]) == PRICES.cost("openai", "gpt-5", [before])
    together = prices.cost("openai", "gpt-5", [before, after])
    assert together == Decimal("4.1") + (PRICES.cost("openai", "gpt-5", [before]) or 0)


def test_requests_before_the_day_of_an_override_are_unpriced_where_the_list_does_not_know_the_model(
    machine: Machine,
) -> None:
    prices = load_prices({"m": {"input": 1, "output": 1, "from": "2026-05-14"}})
    session = Claude("s").reply(usage(1_000_000), model="m").wait(86_400).reply(usage(2_000_000), model="m")
    row = machine.one(session, prices=prices)
    assert (row.cost_usd, row.cost_complete, row.unpriced_models) == (Decimal(2), False, ("m",))


def test_overrides_count_without_a_price_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: GenaiPrices) -> None:
        raise ImportError

    monkeypatch.setattr(GenaiPrices, "__init__", missing)
    assert load_prices(OVERRIDES).cost("", "in-house-7b", [request(input=1_000_000)]) == 1


def test_the_version_of_prices_changes_with_the_overrides(machine: Machine) -> None:
    versions = {load_prices(overrides).version for overrides in (None, OVERRIDES, {"m": {"input": 1, "output": 1}})}
    assert len(versions) == 3
    assert load_prices({}).version == PRICES.version
    same = {"gpt-5": {"input": "1.0", "output": 2}}, {"gpt-5": {"output": "2.00", "input": 1}}
    assert load_prices(same[0]).version == load_prices(same[1]).version
    machine.one(Claude("s").reply(usage(1_000_000), model="m"))
    (said,) = machine.run(prices=load_prices({"m": {"input": 1, "output": 1}}))
    assert (said.is_rederived, machine.rows["claude-code", "s"].cost_usd) == (True, 1)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "Prices must be a mapping"),
        ({5: {}}, "5 is not a model name"),
        ({"": {}}, "is not a model name"),
        ({"a\nb": {}}, "is not a model name"),
        ({"m": 5}, "m: the prices must be a mapping"),
        ({"m": {}}, "m: the price input is missing"),
        ({"m": {"input": 1}}, "m: the price output is missing"),
        ({"m": {"input": 1, "output": 1, "x": 1}}, "m: 'x' is not a known key"),
        ({"m": {"input": 1, "output": 1, 5: 1}}, "m: 5 is not a known key"),
        ({"m": {"input": "x", "output": 1}}, "m: input is not a number"),
        ({"m": {"input": True, "output": 1}}, "m: input is not a number"),
        ({"m": {"input": [], "output": 1}}, "m: input is not a number"),
        ({"m": {"input": -1, "output": 1}}, "m: input is not a price from 0"),
        ({"m": {"input": "NaN", "output": 1}}, "m: input is not a price from 0"),
        ({"m": {"input": 1, "output": 1e9}}, "m: output is not a price from 0"),
        ({"m": {"input": 1, "output": 1, "from": "soon"}}, "m: from is not a date"),
        ({"m": {"input": 1, "output": 1, "from": 5}}, "m: from is not a date"),
        ({"m": {"input": 1, "output": 1, "from": "0001-01-01"}}, "m: from is not a date"),
    ],
)
def test_bad_overrides_are_named_by_model_and_key(overrides: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_prices(overrides)
