"""Sessions as clients send them: the keys say who wrote them, so that each acknowledged one can be looked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_DAY = datetime(2026, 9, 1, tzinfo=UTC)


def row(writer: str, number: int, version: int, days: int = 30) -> dict[str, Any]:
    """One session. Another version of it has other numbers, so writing it changes the row."""
    return {
        "provider": ("claude-code", "codex")[number % 2],
        "external_id": f"{writer}-{number}",
        "started_at": (FIRST_DAY + timedelta(days=number % days, seconds=number)).isoformat(),
        "title": f"version {version}",
        "git_info": {"repo_url": f"https://git.example.com/acme/repo{number % 20}.git"},
        "cost_usd": f"{version % 1000}.25",
        "duration_ms": 60_000 + version,
        "assistant_ms": 30_000 + version,
        "user_ms": 10_000,
        "models": [model_usage(version)],
    }


def model_usage(version: int) -> dict[str, Any]:
    tokens = dict.fromkeys(("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens"), 100 + version)
    return {"model": "model-a", "requests": 3, "cost_usd": f"{version % 1000}.25", **tokens}


def batch(writer: str, turn: int) -> list[dict[str, Any]]:
    """Three sessions that are new in this turn and three of the turn before with other numbers."""
    new = [row(writer, 3 * turn + place, turn) for place in range(3)]
    changed = [row(writer, 3 * (turn - 1) + place, turn) for place in range(3)] if turn else []
    return new + changed
