"""Prices requests: each at its own date and tier, exact, from the price list of `genai-prices`. Downloads nothing.

`genai-prices` is an optional dependency: without it only models with an override have a price.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from .coerce import moment
from .model_names import premium, questions
from .price_overrides import DISPUTED_PRICES, PriceOverride, digest, parse_overrides
from .transcript import Request

RULES_VERSION = 3  # raise it when the rules of this module or of `model_names` change

# What the library is asked for, for each of a request's counts from `input` to `searches`: all of the input is input.
_UNITS = (
    ("input_tokens",),
    ("output_tokens",),
    ("input_tokens", "cache_write_tokens"),
    ("input_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    ("input_tokens", "cache_read_tokens"),
    ("web_searches",),
)
_REQUEST: tuple[str, ...] = ()  # a request without usage, which has a price of its own in few price lists
_MILLION = 1_000_000
_WITHOUT_PREMIUM = ("web_searches_kcount", "requests_kcount")
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


@dataclass(frozen=True, slots=True)
class _PriceList:
    """The prices of a model in force at some time, at one speed and service tier, with what was derived from them."""

    prices: Any
    tier_starts: list[int]
    unit_prices: dict[tuple[int, Decimal, tuple[str, ...]], Decimal] = field(default_factory=dict)


class _PriceGroup(NamedTuple):
    """Requests that have the same prices, tier and premium: their counts are summed and priced together."""

    price_list: _PriceList
    tier: int
    premium: Decimal
    counts: list[tuple[int, ...]]


class GenaiPrices:
    """Asks the library once for the price of each unit, because one answer takes it 0.1 ms. Prices are linear."""

    def __init__(self) -> None:
        import genai_prices
        from genai_prices import types

        self._library = genai_prices
        self._types = types
        self._models: dict[tuple[str, str], _Found | None] = {}
        self._price_lists: dict[tuple[str, str, str, str], list[_PriceList]] = {}
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

    def _groups(self, model: str, found: _Found, requests: Iterable[Request]) -> Iterable[_PriceGroup]:
        groups: dict[tuple[int, int, str], _PriceGroup] = {}
        for request in requests:
            price_list = self._price_list(found, request)
            tier = _tier(price_list, request)
            name = id(price_list), tier, request.region
            group = groups.get(name)
            if group is None:
                factor = premium(model, found.vendor, found.info.id, request.region)
                group = groups[name] = _PriceGroup(price_list, tier, factor, [])
            group.counts.append(_counts(request))
        return groups.values()

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

    def _price_list(self, found: _Found, request: Request) -> _PriceList:
        """The prices in force when the request was made, at its speed and service tier."""
        named = {"speed": request.speed, "service_tier": request.tier}
        context = {name: value for name, value in named.items() if value} or None
        prices = self._disputed.get((found.info.id, request.speed))
        if prices is None:
            prices = found.info.get_prices(moment(request.at), context)
        known = self._price_lists.setdefault((found.vendor, found.info.id, request.speed, request.tier), [])
        for price_list in known:  # few: the prices of a model change seldom
            if price_list.prices is prices or price_list.prices == prices:
                return price_list
        known.append(_PriceList(prices, _tier_starts(prices)))
        return known[-1]

    def _cost(self, group: _PriceGroup) -> Decimal:
        sums = map(sum, zip(*group.counts, strict=True))
        parts = [amount * self._unit_price(group, unit) for unit, amount in zip(_UNITS, sums, strict=True) if amount]
        return sum(parts, len(group.counts) * self._unit_price(group, _REQUEST))

    def _unit_price(self, group: _PriceGroup, unit: tuple[str, ...]) -> Decimal:
        """The price of one token, search or request. Raises ValueError."""
        known, name = group.price_list.unit_prices, (group.tier, group.premium, unit)
        if name not in known:
            prices = {key: _at_tier(price, group.tier) for key, price in vars(group.price_list.prices).items()}
            for key, price in prices.items():
                if price is not None and key not in _WITHOUT_PREMIUM:
                    prices[key] = price * group.premium
            usage = self._types.Usage(**dict.fromkeys(unit, _MILLION))
            price = self._types.ModelPrice(**prices).calc_price(usage)["total_price"]
            known[name] = (price - self._unit_price(group, _REQUEST)) / _MILLION if unit else price
        return known[name]


def _counts(request: Request) -> tuple[int, ...]:
    return request[3:9]  # from `input` to `searches`


def _tier(price_list: _PriceList, request: Request) -> int:
    """The highest start of a tier that the request's input exceeds, -1 for none. Tiers are per request."""
    if not price_list.tier_starts:
        return _NO_TIER
    whole_input = request.tokens - request.output
    return max([start for start in price_list.tier_starts if whole_input > start], default=_NO_TIER)


def _tier_starts(prices: Any) -> list[int]:
    return [tier.start for price in vars(prices).values() for tier in getattr(price, "tiers", ())]


def _at_tier(price: Any, tier: int) -> Any:
    """The price of a unit in the tier, which is constant there."""
    if not hasattr(price, "tiers"):
        return price
    return next((step.price for step in reversed(price.tiers) if step.start <= tier), price.base)
