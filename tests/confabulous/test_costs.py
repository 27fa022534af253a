"""Properties of the costs: exact, never negative, never more or less than the card says."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.confabulous.costs import TOKENS, UNATTRIBUTED, usage_of_card
from org_analytics.confabulous.mapping import digest_of
from org_analytics.models.validation import clean_row

dollars = st.decimals(0, 90, places=9).map(lambda amount: f"{amount:f}")
counts = st.integers(0, 10**9)
entry = st.fixed_dictionaries({**dict.fromkeys(TOKENS.values(), counts), "cost_usd": dollars})
names = st.sampled_from(["opus-4-5", "sonnet-4-5", "gpt-5", "", UNATTRIBUTED])
vendors = st.dictionaries(
    st.sampled_from(["anthropic", "openai", "aws"]),
    st.fixed_dictionaries({"models": st.dictionaries(names, entry, max_size=5)}),
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=False).map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*list("ab"), *TOKENS.values()]), inner)
    ),
    max_leaves=8,
)


def cleaned(models: list[dict[str, Any]]) -> Any:
    """The row as the write API takes it; raises ValidationError where it does not."""
    return clean_row(
        {
            "user": get_user_model()(pk=1),
            "provider": "codex",
            "external_id": "s",
            "started_at": "2026-06-17T10:00:00Z",
            "models": models,
        }
    )


@given(by_provider=vendors, total=dollars)
def test_cost_is_the_total_or_what_the_models_cost_if_that_is_more(by_provider: Any, total: str) -> None:
    usage = usage_of_card({"total_cost_usd": total, "by_provider": by_provider})
    costs = [Decimal(one["cost_usd"]) for vendor in by_provider.values() for one in vendor["models"].values()]
    expected = max(Decimal(total), sum(costs, Decimal(0)))
    row = cleaned(usage.models)
    assert (row.cost_usd or 0) == expected
    assert row.cost_usd is not None or not usage.is_complete


@given(by_provider=vendors, total=dollars)
def test_tokens_are_summed_over_vendors_and_nothing_is_lost(by_provider: Any, total: str) -> None:
    usage = usage_of_card({"total_cost_usd": total, "by_provider": by_provider})
    entries = [(name, one) for vendor in by_provider.values() for name, one in vendor["models"].items()]
    for row in usage.models:
        if row["model"] != UNATTRIBUTED:
            own = [one for name, one in entries if (name or "unknown") == row["model"]]
            for ours, theirs in TOKENS.items():
                assert row[ours] == sum(one[theirs] for one in own)


@given(
    card=junk
    | st.fixed_dictionaries(
        {"by_provider": st.dictionaries(st.text(max_size=3), st.fixed_dictionaries({"models": junk}))}
    ),
    is_cursor=st.booleans(),
)
def test_any_card_gives_rows_that_the_write_api_takes(card: Any, is_cursor: bool) -> None:
    usage = usage_of_card(json.loads(json.dumps(card), parse_float=Decimal), is_cursor=is_cursor)
    assert cleaned(usage.models).cost_usd is None or cleaned(usage.models).cost_usd >= 0


@pytest.mark.parametrize("change", [{"title": "x"}, {"cost": Decimal("1.0")}, {"models": None}, {"models": []}])
def test_digest_differs_with_the_values(change: dict[str, Any]) -> None:
    assert digest_of({}) != digest_of(change)
    assert digest_of(change) == digest_of(dict(change))
