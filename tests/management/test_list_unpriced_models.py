"""`manage.py list_unpriced_models`: which models an administrator can add a price for."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

pytestmark = [pytest.mark.django_db, pytest.mark.core]

KNOWN = {"requests": 1, "input_tokens": 5, "output_tokens": 0, "cache_write_tokens": None, "cache_read_tokens": None}
UNKNOWN = dict.fromkeys(KNOWN)


def run(**options: Any) -> str:
    out = io.StringIO()
    call_command("list_unpriced_models", stdout=out, **options)
    return out.getvalue()


def models(*names: str, counts: dict[str, Any] = KNOWN, cost: str | None = None) -> list[dict[str, Any]]:
    return [{"model": name, **counts, "cost_usd": cost} for name in names]


def test_each_model_without_a_price_is_listed_with_its_sessions(make_session: Any, user: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_PRICES = {"ours": {"input": "1", "output": "2"}}
    make_session(user, provider="opencode", cost_usd=None, models=models("in-house", "ours"))
    make_session(user, provider="opencode", cost_usd=None, models=models("in-house"))
    make_session(user, provider="codex", cost_usd=None, models=models("in-house"))
    make_session(user, provider="codex", cost_usd="0.5", models=models("gpt-5", cost="0.5"))
    assert run().splitlines()[1:4] == [
        "  in-house: 1 session of Codex",
        "  in-house: 2 sessions of OpenCode",
        "  ours: 1 session of OpenCode, now in ORG_ANALYTICS_PRICES",
    ]
    assert json.loads(run(json=True))[1] == {
        "model": "in-house",
        "provider": "opencode",
        "sessions": 2,
        "is_in_setting": False,
    }


def test_a_model_whose_tokens_are_unknown_is_not_listed_since_a_price_would_not_help(
    make_session: Any, user: Any
) -> None:
    make_session(user, provider="cursor", cost_usd=None, models=models("unknown", counts=UNKNOWN))
    assert run() == "Every model whose tokens are known has a price.\n"


def test_no_models_are_an_empty_json_array() -> None:
    assert json.loads(run(json=True)) == []
