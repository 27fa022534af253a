"""Recorded questions and answers (`hand.json`, `team.json`), and how to load their people and sessions."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_datetime

from org_analytics.models import CodingSession
from tests.users import create_user

NAMES = ("hand", "team")
COPIED = ("provider", "external_id", "duration_ms", "assistant_ms", "user_ms", "git_info", "analyzed")


def read(name: str) -> dict[str, Any]:
    """A file as it is: `users`, `sessions`, `requests`."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


def load(name: str) -> dict[str, Any]:
    """Write a file's people and sessions through the write API and return the file."""
    recorded = read(name)
    users = {
        user["email"]: create_user(user["email"], user["name"], is_active=user["active"]) for user in recorded["users"]
    }
    CodingSession.objects.record_many(rows(recorded, users))
    return recorded


def rows(recorded: dict[str, Any], users: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A file's sessions as rows of `record_many()`; `users` by e-mail."""
    for session in recorded["sessions"]:
        yield {
            **{key: session[key] for key in COPIED},
            "user": users[session["user"]],
            "started_at": parse_datetime(session["started_at"]),
            "cost_usd": Decimal(session["cost_usd"]),
        }
