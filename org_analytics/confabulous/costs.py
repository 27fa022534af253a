"""From the tokens card of a session to the usage of its models."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import Any

from ..limits import MAX_COST_USD, MAX_COUNT, MAX_MODEL, MAX_MODELS
from ..money import to_nanos

UNATTRIBUTED, UNKNOWN_MODEL = "unattributed", "unknown"
UNREADABLE_COST = "cost: missing, unreadable, negative or over 100,000 USD"
UNREADABLE_MODELS = "models: unreadable"
TOO_MANY_MODELS = f"models: more than {MAX_MODELS - 1}, the cheapest are in '{UNATTRIBUTED}'"
COST_ABOVE_TOTAL = "models: together they cost more than the total, which is left aside"
# Our name of each class of tokens → theirs. They are disjoint there, too; `reasoning` is a part of the output.
TOKENS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_write_tokens": "cache_write",
    "cache_read_tokens": "cache_read",
}
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_COUNT = re.compile(r"[0-9]{1,16}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_AMOUNT = 1000


@dataclass(slots=True)
class CardUsage:
    """The usage of each model as `record()` takes it, whether all of it is priced, and what could not be read."""

    models: list[dict[str, Any]]
    is_complete: bool
    notes: set[str]


@dataclass(slots=True)
class _Model:
    """One model over all vendors."""

    counts: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(TOKENS, 0))
    cost: Decimal | None = None

    def add(self, counts: Mapping[str, int | None], cost: Decimal | None) -> None:
        self.counts = {name: _sum(self.counts[name], counts[name]) for name in TOKENS}
        if cost is not None:
            self.cost = cost + (self.cost or 0)


def usage_of_card(data: object, *, cursor_model: str | None = None, is_cursor: bool = False) -> CardUsage:
    """The usage in the JSON of a tokens card. Their names of models stay: mapping them to ids would be invention.

    What the total has beyond the models is the row 'unattributed'. Cursor keeps neither tokens nor costs: its empty
    card is one row whose usage is unknown.
    """
    card = data if isinstance(data, Mapping) else {}
    notes: set[str] = set()
    models: dict[str, _Model] = {}
    is_complete = True
    for name, entry in _entries(card, notes):
        counts = {ours: _count(entry.get(theirs, 0)) for ours, theirs in TOKENS.items()}
        cost = amount(entry.get("cost_usd", "0"))
        if cost is None:
            notes.add(UNREADABLE_COST)
        elif not cost and any(count != 0 for count in counts.values()):
            cost = None  # their price list does not know the model
        is_complete = is_complete and cost is not None
        models.setdefault(name, _Model()).add(counts, cost)
    if len(models) >= MAX_MODELS:
        notes.add(TOO_MANY_MODELS)
        dearest = sorted(models, key=lambda name: (-(models[name].cost or 0), name))
        models = {name: models[name] for name in dearest[: MAX_MODELS - 1] if name != UNATTRIBUTED}
    total = amount(card.get("total_cost_usd"))
    if is_cursor and not models:
        models[_cursor_name(cursor_model)] = _Model(dict.fromkeys(TOKENS))
        is_complete = False
    return _balanced(models, total, is_complete, notes)


def usage_of_total(cost: object) -> CardUsage:
    """The usage of a card of the older kind, which has one cost and no models."""
    return _balanced({}, amount(cost), True, set())


def amount(value: object) -> Decimal | None:
    """Dollars given as text or as a number; None if it is not an amount that we keep."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = str(value)
    if len(text) > _LONGEST_AMOUNT or not _AMOUNT.fullmatch(text):
        return None
    try:
        dollars = Decimal(text)
        return dollars if 0 <= dollars <= MAX_COST_USD else None
    except DecimalException:
        return None


def clean_text(text: str, longest: int) -> str:
    """One line without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:longest].rstrip()


def _entries(card: Mapping[str, Any], notes: set[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each model's name and values, over all vendors."""
    for vendor in _objects(card.get("by_provider"), notes).values():
        for name, entry in _objects(_objects(vendor, notes).get("models"), notes).items():
            if isinstance(entry, Mapping):
                yield clean_text(name, MAX_MODEL) or UNKNOWN_MODEL, entry
            else:
                notes.add(UNREADABLE_MODELS)


def _objects(value: object, notes: set[str]) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if value is not None:
        notes.add(UNREADABLE_MODELS)
    return {}


def _balanced(models: dict[str, _Model], total: Decimal | None, is_complete: bool, notes: set[str]) -> CardUsage:
    """The rows, with one for what the total has beyond them: each is rounded once, where it is stored."""
    known = sum((model.cost for model in models.values() if model.cost is not None), Decimal(0))
    if total is None:
        notes.add(UNREADABLE_COST)
        is_complete = False
    rest = None if total is None else total - known
    if rest is None or to_nanos(rest) > 0:
        unattributed = models.setdefault(UNATTRIBUTED, _Model(dict.fromkeys(TOKENS)))
        unattributed.add(dict.fromkeys(TOKENS), rest)
    elif to_nanos(rest) < 0:
        notes.add(COST_ABOVE_TOTAL)
    rows = [{"model": name, "requests": None, **model.counts, "cost_usd": model.cost} for name, model in models.items()]
    return CardUsage(rows, is_complete, notes)


def _cursor_name(model: str | None) -> str:
    name = clean_text(model or "", MAX_MODEL)
    return UNKNOWN_MODEL if name in ("", "default") else name


def _count(value: object) -> int | None:
    """A count of tokens; None if it is not one."""
    if isinstance(value, str) and _COUNT.fullmatch(value):
        value = int(value)
    if isinstance(value, Decimal) and value.is_finite() and 0 <= value <= MAX_COUNT and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        return None
    return value


def _sum(one: int | None, other: int | None) -> int | None:
    total = None if one is None or other is None else one + other
    return None if total is None or total > MAX_COUNT else total
