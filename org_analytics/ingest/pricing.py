"""Prices requests: each at its own date and tier, exact, from the price list of `genai-prices`. Downloads nothing.

`genai-prices` is an optional dependency: without it only models with an override have a price.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from .coerce import moment
from .model_names import premium, questions
from .price_overrides import DISPUTED_PRICES, PriceOverride, digest, parse_overrides
from .transcript import Request

RULES_VERSION = 2  # raise it when the rules of this module or of `model_names` change

_UNITS = (
    "input_tokens",  # all of the input, cached or not
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
)
_SEARCHES = "web_searches_kcount"
_NO_TIER = -1


class Prices(Protocol):
    """`version` changes when prices may have: sessions priced with another version are priced again."""

    version: str

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        """The USD of one model's requests, exact, not rounded; None where one of them has no price."""


class NoPrices:
    """Knows no price."""

    version = "none"

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        return None


def load_prices(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Prices:
    """The bundled price list, or no prices where it is not installed, under an administrator's overrides.

    Raises ValueError for bad overrides (`price_overrides.parse_overrides`).
    """
    parsed = parse_overrides({} if overrides is None else overrides)
    prices: Prices
    try:
        prices = GenaiPrices()
    except ImportError:
        prices = NoPrices()
    return OverriddenPrices(prices, parsed) if parsed else prices


class OverriddenPrices:
    """The prices of an administrator, by the name of the model as it is stored, on top of other prices."""

    def __init__(self, base: Prices, overrides: Mapping[str, PriceOverride]) -> None:
        self._base = base
        self._overrides = overrides
        self.version = f"{base.version}+{digest(overrides)}"

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        override = self._overrides.get(model)
        if override is None:
            return self._base.cost(vendor, model, requests)
        requests = list(requests)
        earlier = [request for request in requests if not override.applies_to(request)]
        base = self._base.cost(vendor, model, earlier) if earlier else Decimal(0)
        ours = override.cost(request for request in requests if override.applies_to(request))
        return None if base is None else base + ours


class _Found(NamedTuple):
    """A model in the price list, and the vendor whose prices these are."""

    vendor: str
    info: Any


class _PriceGroup(NamedTuple):
    """Requests that have the same prices, tier and premium: their units are summed and priced together."""

    prices: Any
    tier: int
    premium: Decimal
    sums: list[int]


class GenaiPrices:
    """Asks the library once for all requests that have the same prices: one answer takes it 0.1 ms."""

    def __init__(self) -> None:
        import genai_prices
        from genai_prices import types

        self._library = genai_prices
        self._types = types
        self._models: dict[tuple[str, str], _Found | None] = {}
        self._disputed = {(row.model, row.speed): types.ModelPrice(**row.prices) for row in DISPUTED_PRICES}
        self.version = f"{genai_prices.__version__}+{RULES_VERSION}"

    def cost(self, vendor: str, model: str, requests: Iterable[Request]) -> Decimal | None:
        found = self._model(vendor, model)
        if found is None:
            return None
        try:
            groups = self._groups(model, found, requests)
            return sum((self._cost(group) for group in groups), Decimal(0))
        except ValueError:  # the library finds the numbers impossible: no price, but the run goes on
            return None

    def _groups(self, model: str, found: _Found, requests: Iterable[Request]) -> list[_PriceGroup]:
        groups: list[_PriceGroup] = []  # few: the prices of a model change seldom
        premiums: dict[str, Decimal] = {}
        starts: dict[int, list[int]] = {}  # of the tiers, by identity of the prices, which their group keeps
        for request in requests:
            prices, units = self._prices(found.info, request), _units(request)
            if id(prices) not in starts:
                starts[id(prices)] = _tier_starts(prices)
            tier = max([start for start in starts[id(prices)] if units[0] > start], default=_NO_TIER)
            if request.region not in premiums:
                premiums[request.region] = premium(model, found.vendor, found.info.id, request.region)
            factor = premiums[request.region]
            same = (
                group for group in groups if group.prices is prices and group.tier == tier and group.premium == factor
            )
            group = next(same, None)
            if group is None:
                group = _PriceGroup(prices, tier, factor, [0] * len(_UNITS))
                groups.append(group)
            for at, amount in enumerate(units):
                group.sums[at] += amount
        return groups

    def _model(self, vendor: str, model: str) -> _Found | None:
        if (vendor, model) not in self._models:
            answers = (self._look_up(*question) for question in questions(vendor, model))
            self._models[vendor, model] = next((found for found in answers if found is not None), None)
        return self._models[vendor, model]

    def _look_up(self, provider: str | None, name: str) -> _Found | None:
        try:
            answer = self._library.calc_price(self._types.Usage(), name, provider_id=provider)
        except (LookupError, ValueError):
            return None
        return _Found(answer.provider.id, answer.model)

    def _prices(self, info: Any, request: Request) -> Any:
        """The prices in force when the request was made, at its speed and service tier."""
        ours = self._disputed.get((info.id, request.speed))
        if ours is not None:
            return ours
        named = {"speed": request.speed, "service_tier": request.tier}
        return info.get_prices(moment(request.at), {name: value for name, value in named.items() if value} or None)

    def _cost(self, group: _PriceGroup) -> Decimal:
        prices = {unit: _at_tier(price, group.tier) for unit, price in vars(group.prices).items()}
        for unit, price in prices.items():
            if price is not None and unit != _SEARCHES:
                prices[unit] = price * group.premium
        usage = self._types.Usage(**dict(zip(_UNITS, group.sums, strict=True)))
        total: Decimal = self._types.ModelPrice(**prices).calc_price(usage)["total_price"]
        return total


def _units(request: Request) -> tuple[int, ...]:
    write = request.write_5m + request.write_1h
    whole_input = request.input + write + request.read
    return whole_input, write, request.write_1h, request.read, request.output, request.searches


def _tier_starts(prices: Any) -> list[int]:
    """The sizes of input above which a request belongs to a tier. Tiers are per request."""
    return [tier.start for price in vars(prices).values() for tier in getattr(price, "tiers", ())]


def _at_tier(price: Any, tier: int) -> Any:
    """The price of a unit in the tier, which is constant there."""
    if not hasattr(price, "tiers"):
        return price
    return next((step.price for step in reversed(price.tiers) if step.start <= tier), price.base)
