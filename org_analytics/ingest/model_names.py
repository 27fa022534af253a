"""The names under which a price list is asked for a model, and the place of inference that a name or request tells."""

import re
from collections.abc import Iterator
from decimal import Decimal

# A list knows the same model under one of these vendors where it cannot tell the vendor from the name.
_MAKERS = ("anthropic", "openai", "google", "zai", "moonshotai", "x-ai", "deepseek", "mistral", "minimax")
_OPENROUTER = "openrouter"  # its models are named VENDOR/MODEL
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_LONG_CONTEXT = re.compile(r"\[[^\]]*\]$")
_THINKING = re.compile(r"-thinking$")
_PREFIX = re.compile(r"^[\w.-]+/")
_BEDROCK = re.compile(r"^(?:.*/)?(?:([a-z-]+)\.)?anthropic\.(?=claude)")
_CLAUDE_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")

_REGIONS_AT_A_PREMIUM = ("us", "eu", "jp", "au")
_PREMIUM = Decimal("1.1")
_NO_PREMIUM = Decimal(1)
_FIRST_REGIONAL_PROFILE = (4, 5)
_FIRST_WITH_GEOGRAPHY = (4, 6)

# Names of models that the price list has under another name only.
ALIASES = {"gpt-5-codex-mini": "gpt-5.1-codex-mini"}


def bedrock_region(model: str) -> str:
    """The region of a profile of Amazon Bedrock, such as `eu` in `eu.anthropic.claude-…`; "" for other names."""
    match = _BEDROCK.match(model)
    region = match[1] if match else None
    return region if region and region != "global" else ""


def questions(vendor: str, model: str) -> Iterator[tuple[str | None, str]]:
    """The (vendor, name) pairs to ask the price list for, in this order, vendor None = any."""
    if bedrock_region(model):
        yield "aws", model.rpartition("/")[2]
    names = list(dict.fromkeys(_names(model)))
    yield from ((vendor, name) for name in names if vendor)
    yield from ((None, name) for name in names)
    yield from ((maker, name) for maker in _MAKERS for name in names)
    yield from ((_OPENROUTER, name) for name in names if "/" in name)


def _names(model: str) -> Iterator[str]:
    """The name as written, then without what gateways and tools add to it."""
    name = _LONG_CONTEXT.sub("", model)
    without_wrapping = _BEDROCK.sub("", name)
    plain = without_wrapping if without_wrapping != name else _PREFIX.sub("", name)
    for candidate in (without_wrapping, plain):
        undated = _DATE.sub("", candidate)
        yield from (candidate, undated, _THINKING.sub("", undated))
        yield from (ALIASES[name] for name in (candidate, undated) if name in ALIASES)


def premium(model: str, vendor_of_price: str, priced_model: str, region: str) -> Decimal:
    """The factor by which the tokens cost more than in the list: inference in a chosen region or country.

    `vendor_of_price` and `priced_model` are what the price list found; its prices of `aws` have the factor already.
    """
    if vendor_of_price == "aws":
        return _NO_PREMIUM
    version = _claude_version(priced_model)
    profile = bedrock_region(model)
    if profile:
        is_dearer = profile in _REGIONS_AT_A_PREMIUM and version >= _FIRST_REGIONAL_PROFILE
    else:
        is_dearer = region == "us" and version >= _FIRST_WITH_GEOGRAPHY
    return _PREMIUM if is_dearer else _NO_PREMIUM


def _claude_version(model: str) -> tuple[int, int]:
    """The version of a Claude model, (0, 0) for other models."""
    match = _CLAUDE_VERSION.match(model)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
