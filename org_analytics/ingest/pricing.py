"""What requests cost: each at its own date and tier, exact, by the prices that come with `genai-prices`; no download.

`genai-prices` is an optional dependency: without it every model is unpriced, and the price version says "none".
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from .coerce import moment
from .transcript import Request

OVERRIDES_VERSION = 1
_DATE_SUFFIX = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_WRAPPING = re.compile(r"^.*\banthropic[./]|\[[^\]]*\]$")  # Bedrock's prefix, the [1m] of a long context

# USD per million tokens where the price list is disputed: (model prefix, speed) → units, as genai-prices names them.
# Fast mode of Opus 4.6 and 4.7 costs six times the standard price; the list knows it only from Opus 4.8 on.
_FAST_OPUS = {
    "input_mtok": Decimal(30),
    "output_mtok": Decimal(150),
    "cache_write_mtok": Decimal("37.5"),
    "cache_write_1h_mtok": Decimal(60),
    "cache_read_mtok": Decimal(3),
    "web_searches_kcount": Decimal(10),
}
OVERRIDES = {("claude-opus-4-6", "fast"): _FAST_OPUS, ("claude-opus-4-7", "fast"): _FAST_OPUS}

_UNITS = (
    "input_tokens",  # all of the input, cached or not
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
)


class Prices(Protocol):
    """`version` changes when prices may have: sessions priced with another are priced again."""

    version: str

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        """USD of one model's requests, exact, never rounded; None for a model that has no price."""


class NoPrices:
    version = "none"

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        return None


def load_prices() -> Prices:
    """The bundled prices, or none where `genai-prices` is not installed."""
    try:
        return GenaiPrices()
    except ImportError:
        return NoPrices()


class _PriceGroup(NamedTuple):
    """Requests that have the same prices and the same tier: their units are summed and priced together."""

    prices: Any
    tier: int
    sums: list[int]


class GenaiPrices:
    """Asks the library once for all requests of a model that it prices alike: an answer takes it 0.1 ms."""

    def __init__(self) -> None:
        import genai_prices
        from genai_prices import types

        self._library = genai_prices
        self._types = types
        self._models: dict[tuple[str, str], Any] = {}
        self._overrides = {key: types.ModelPrice(**prices) for key, prices in OVERRIDES.items()}
        self.version = f"{genai_prices.__version__}+{OVERRIDES_VERSION}"

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        info = self._model(vendor, model)
        if info is None:
            return None
        groups: list[_PriceGroup] = []  # few: a model's prices change seldom
        for request in requests:
            prices, units = self._prices(info, request), _units(request)
            tier = _tier(prices, units[0])
            group = next((group for group in groups if group.prices is prices and group.tier == tier), None)
            if group is None:
                group = _PriceGroup(prices, tier, [0] * len(_UNITS))
                groups.append(group)
            for at, amount in enumerate(units):
                group.sums[at] += amount
        try:
            return sum((self._cost(group) for group in groups), Decimal(0))
        except ValueError:  # numbers that the library finds impossible: no price, but no end of the run either
            return None

    def _model(self, vendor: str, model: str) -> Any:
        if (vendor, model) not in self._models:
            name = _WRAPPING.sub("", model)
            asked = [(provider, ref) for provider in (vendor, None) for ref in (name, _DATE_SUFFIX.sub("", name))]
            self._models[vendor, model] = next(filter(None, (self._look_up(*question) for question in asked)), None)
        return self._models[vendor, model]

    def _look_up(self, provider: str | None, name: str) -> Any:
        try:
            return self._library.calc_price(self._types.Usage(), name, provider_id=provider).model
        except (LookupError, ValueError):
            return None

    def _prices(self, info: Any, request: Request) -> Any:
        """The price set in force when the request was made, at its speed and service tier."""
        ours = self._overrides.get((info.id, request.speed))
        if ours is not None:
            return ours
        named = {"speed": request.speed, "service_tier": request.tier}
        return info.get_prices(moment(request.at), {name: value for name, value in named.items() if value} or None)

    def _cost(self, group: "_PriceGroup") -> Decimal:
        prices = {unit: _at_tier(price, group.tier) for unit, price in vars(group.prices).items()}
        at_tier = self._types.ModelPrice(**prices)
        usage = self._types.Usage(**dict(zip(_UNITS, group.sums, strict=True)))
        total: Decimal = at_tier.calc_price(usage)["total_price"]
        return total


def _units(request: Request) -> tuple[int, ...]:
    write = request.write_5m + request.write_1h
    whole_input = request.input + write + request.read
    return whole_input, write, request.write_1h, request.read, request.output, request.searches


def _tier(prices: Any, whole_input: int) -> int:
    """The highest start of a tier that a request of this size is over, -1 for none: tiers go by request, not by sum."""
    return max((start for start in _starts(prices) if whole_input > start), default=-1)


def _starts(prices: Any) -> Iterator[int]:
    for price in vars(prices).values():
        for tier in getattr(price, "tiers", ()):
            yield tier.start


def _at_tier(price: Any, tier: int) -> Any:
    """The price of a unit in the tier, which is constant there."""
    if not hasattr(price, "tiers"):
        return price
    return next((step.price for step in reversed(price.tiers) if step.start <= tier), price.base)
