"""Prices that count instead of those of the price list: ours, each with its source, and those of an administrator."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from .coerce import MAX_MODEL, instant
from .transcript import Request

MAX_PRICE = 100_000  # USD per million tokens
_REQUIRED = ("input", "output")
_PRICES = (*_REQUIRED, "cache_read", "cache_write")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class DisputedPrice:
    """A price of ours for a model at a speed, with its source and the date on which it was read there.

    The units are named as `genai-prices` names them, in USD per million tokens and per thousand searches.
    """

    model: str
    speed: str
    source: str
    read_on: date
    prices: Mapping[str, Decimal] = field(hash=False)


_FAST_OPUS = {
    "input_mtok": Decimal(30),
    "output_mtok": Decimal(150),
    "cache_write_mtok": Decimal("37.5"),
    "cache_write_1h_mtok": Decimal(60),
    "cache_read_mtok": Decimal(3),
    "web_searches_kcount": Decimal(10),
}
_ANTHROPIC_FAST_MODE = "https://platform.claude.com/docs/en/build-with-claude/fast-mode#pricing"

# Fast mode of Opus 4.6 and 4.7 costs six times the standard price; the list has it only from Opus 4.8 on.
DISPUTED_PRICES = (
    DisputedPrice("claude-opus-4-6", "fast", _ANTHROPIC_FAST_MODE, date(2026, 11, 23), _FAST_OPUS),
    DisputedPrice("claude-opus-4-7", "fast", _ANTHROPIC_FAST_MODE, date(2026, 11, 23), _FAST_OPUS),
)


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """An administrator's price of a model, in USD per million tokens. It counts from a moment on, None = always.

    Tokens that are read from or written to a cache cost as much as other input where no price is given for them.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    since: int | None

    def applies_to(self, request: Request) -> bool:
        return self.since is None or request.at >= self.since

    def cost(self, requests: Iterable[Request]) -> Decimal:
        """The USD of the requests, exact."""
        return (
            sum(
                (
                    request.input * self.input
                    + request.output * self.output
                    + request.read * self.cache_read
                    + (request.write_5m + request.write_1h) * self.cache_write
                    for request in requests
                ),
                Decimal(0),
            )
            / _MILLION
        )


def parse_overrides(overrides: object) -> dict[str, PriceOverride]:
    """Prices as the setting `ORG_ANALYTICS_PRICES` and `GET /api/v1/org/prices` have them, by model.

    `{model: {"input", "output", "cache_read", "cache_write", "from"}}`: input and output must be there, the others may
    be missing. Prices are decimal texts or numbers, `from` is a date such as 2026-11-01 (UTC). Raises ValueError with a
    text that names model and key.
    """
    if not isinstance(overrides, Mapping):
        raise ValueError("Prices must be a mapping of model names to prices.")
    return {_model(model): _override(model, prices) for model, prices in overrides.items()}


def digest(overrides: Mapping[str, PriceOverride]) -> str:
    """A short text that changes when an override does; "" for none."""
    if not overrides:
        return ""
    rows = [[model, *map(str, _values(overrides[model]))] for model in sorted(overrides)]
    return hashlib.blake2b(json.dumps(rows).encode(), digest_size=6).hexdigest()


def _values(override: PriceOverride) -> list[object]:
    amounts = (override.input, override.output, override.cache_read, override.cache_write)
    return [*(amount.normalize() for amount in amounts), override.since]


def _model(model: object) -> str:
    if not isinstance(model, str) or not 0 < len(model) <= MAX_MODEL or not model.isprintable():
        raise ValueError(f"{model!r:.200} is not a model name of 1 to {MAX_MODEL} printable characters.")
    return model


def _override(model: object, prices: object) -> PriceOverride:
    if not isinstance(prices, Mapping):
        raise ValueError(f"{model}: the prices must be a mapping.")
    for key in prices:
        if key not in (*_PRICES, "from"):
            raise ValueError(f"{model}: {key!r:.100} is not a known key; known keys are {', '.join(_PRICES)}, from.")
    amounts = {key: _amount(model, key, prices[key]) for key in _PRICES if prices.get(key) is not None}
    for key in _REQUIRED:
        if key not in amounts:
            raise ValueError(f"{model}: the price {key} is missing.")
    return PriceOverride(
        input=amounts["input"],
        output=amounts["output"],
        cache_read=amounts.get("cache_read", amounts["input"]),
        cache_write=amounts.get("cache_write", amounts["input"]),
        since=_since(model, prices.get("from")),
    )


def _amount(model: object, key: str, value: Any) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValueError
        amount = Decimal(str(value))
    except (ValueError, InvalidOperation):
        raise ValueError(f"{model}: {key} is not a number.") from None
    if not (amount.is_finite() and 0 <= amount <= MAX_PRICE):
        raise ValueError(f"{model}: {key} is not a price from 0 to {MAX_PRICE:,} USD per million tokens.")
    return amount


def _since(model: object, value: object) -> int | None:
    if value is None:
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)  # type: ignore[arg-type]
        at = instant(datetime.combine(day, time(), UTC).isoformat())
    except (TypeError, ValueError):
        at = None
    if at is None:
        raise ValueError(f"{model}: from is not a date such as 2026-11-01.")
    return at
