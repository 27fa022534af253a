"""A made-up organization: its people and their sessions. Pure: each day is a function of its date."""

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

DAYS = 90

REPOS = (
    "acme/api",
    "acme/web",
    "acme/mobile",
    "acme/infra",
    "acme/billing",
    "acme/docs",
    "acme/data-pipeline",
    "acme/design-system",
)
# Fork → the upstream that its clones name. The third is a fork of a fork.
FORKS = {"jonas/web": "acme/web", "zoe/api": "acme/api", "lukasz/api": "zoe/api"}

TITLES = (
    "Fix flaky checkout test",
    "Add retries to webhook delivery",
    "Explain the billing state machine",
    "Upgrade the HTTP client",
    "Dark mode for the settings page",
    "Speed up the nightly export",
    "Review of the login rework",
    "Split the order service",
    "Write the migration for invoices",
    "Find the memory leak in the worker",
    "Accessible date picker",
    "Release notes",
)


@dataclass(frozen=True)
class Agent:
    """Sessions with one provider: dollars per hour, and how often a cost is unknown or only partly known."""

    usd_per_hour: float
    unpriced: float = 0.0
    partly_priced: float = 0.0
    knows_times: bool = True


AGENTS = {
    "claude-code": Agent(usd_per_hour=4.8, partly_priced=0.01),
    "codex": Agent(usd_per_hour=2.3, partly_priced=0.02),
    "opencode": Agent(usd_per_hour=1.1, unpriced=0.25),
    "cursor": Agent(usd_per_hour=1.6, unpriced=0.05, knows_times=False),
}


@dataclass(frozen=True)
class Person:
    """One account. `pace` is the mean number of sessions on a working day, `starts` the first working hour in UTC.

    `login` is the user name and password of people who can log in.
    """

    handle: str
    name: tuple[str, str]
    pace: float
    agents: dict[str, int] = field(default_factory=dict)
    repos: dict[str | None, int] = field(default_factory=dict)
    starts: int = 7
    is_staff: bool = False
    login: str | None = None
    left_days_ago: int | None = None

    @property
    def email(self) -> str:
        return f"{self.handle}@example.com"


PEOPLE = (
    Person(
        "mira",
        ("Mira", "Lindqvist"),
        6,
        {"claude-code": 8, "codex": 2},
        {"acme/api": 6, "acme/infra": 3, None: 1},
        is_staff=True,
        login="demo",
    ),
    Person(
        "jonas",
        ("Jonas", "Weber"),
        5,
        {"claude-code": 6, "cursor": 3},
        {"jonas/web": 5, "acme/web": 4, "acme/docs": 1},
        login="reader",
    ),
    Person(
        "zoe", ("Zoë", "Björklund"), 7.5, {"claude-code": 9, "opencode": 1}, {"zoe/api": 6, "acme/billing": 3, None: 1}
    ),
    Person(
        "lukasz", ("Łukasz", "Wójcik"), 3.5, {"codex": 7, "claude-code": 2}, {"lukasz/api": 7, "acme/data-pipeline": 3}
    ),
    Person(
        "jose", ("José", "Núñez"), 2.5, {"claude-code": 5, "codex": 4}, {"acme/mobile": 8, "acme/design-system": 2}, 13
    ),
    Person(
        "renee", ("Renée", "Faucher"), 1.5, {"cursor": 8, "claude-code": 2}, {"acme/design-system": 7, "acme/web": 3}
    ),
    Person(
        "priya", ("Priya", "Raman"), 9, {"claude-code": 7, "codex": 4}, {"acme/data-pipeline": 7, "acme/infra": 2}, 4
    ),
    Person("aiko", ("Aiko", "Tanaka"), 2, {"opencode": 6, "claude-code": 3}, {"acme/mobile": 6, "acme/docs": 2}, 0),
    Person("samuel", ("Samuel", "Okafor"), 4, {"codex": 8, "opencode": 2}, {"acme/billing": 7, "acme/api": 3}, 8),
    Person("hannah", ("Hannah", "Cohen"), 0.4, {"claude-code": 1}, {"acme/docs": 6, None: 4}, 14),
    Person("k.osei", ("", ""), 1, {"cursor": 5, "codex": 5}, {"acme/web": 6, "acme/infra": 2, None: 2}, 9),
    Person("theo", ("Theo", "Brandt"), 0),
    Person(
        "viktor",
        ("Viktor", "Hale"),
        3,
        {"claude-code": 6, "cursor": 2},
        {"acme/web": 5, "acme/api": 5},
        left_days_ago=30,
    ),
)


def sessions(until: datetime) -> Iterator[tuple[Person, dict[str, Any]]]:
    """Yield sessions of the 90 days up to `until` that had ended by then: the keywords of `record()` without `user`."""
    until = until.astimezone(UTC)
    for days_ago in reversed(range(DAYS)):
        for person in PEOPLE:
            if days_ago >= (person.left_days_ago or 0):
                for row in sessions_of_day(person, until.date() - timedelta(days=days_ago)):
                    if row["ended_at"] <= until:
                        yield person, row


def sessions_of_day(person: Person, day: date) -> Iterator[dict[str, Any]]:
    """Yield one person's sessions of one day. They depend on nothing but person and day."""
    dice = random.Random(f"{person.handle} {day}")
    for _ in range(session_count(person, day, dice)):
        minutes = dice.triangular(0, 9.5 * 60, 3 * 60)
        start = datetime.combine(day, time(person.starts), UTC) + timedelta(seconds=round(minutes * 60))
        yield session(person, start, dice)


def session_count(person: Person, day: date, dice: random.Random) -> int:
    """Number of sessions: fewer at weekends, sometimes a week off, busy days and slow ones."""
    week = random.Random(f"{person.handle} {day.isocalendar()[:2]}")
    if week.random() < 0.06:
        return 0
    rhythm = (1.0, 1.15, 1.1, 1.05, 0.75, 0.06, 0.04)[day.weekday()]
    return round(person.pace * rhythm * week.uniform(0.75, 1.25) * dice.gammavariate(4, 0.25))


def session(person: Person, start: datetime, dice: random.Random) -> dict[str, Any]:
    """One session that starts at this time."""
    provider = pick(person.agents, dice)
    agent = AGENTS[provider]
    duration = timedelta(milliseconds=round(1000 * min(dice.lognormvariate(math.log(28 * 60), 0.85), 5 * 3600)))
    row = {
        "provider": provider,
        "external_id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "started_at": start,
        "ended_at": start + duration,
        "title": dice.choice(TITLES),
        "git_info": git_info(pick(person.repos, dice), dice),
    }
    if dice.random() < 0.015:
        return {**row, "analyzed": False}
    return {**row, **cost(agent, duration, dice), **times(agent, duration, dice)}


def cost(agent: Agent, duration: timedelta, dice: random.Random) -> dict[str, Any]:
    """Cost with six decimal places; sometimes unknown, sometimes only partly known."""
    chance, usd = dice.random(), agent.usd_per_hour * duration.total_seconds() / 3600 * dice.lognormvariate(0, 0.5)
    if chance < agent.unpriced:
        return {"cost_usd": None, "cost_complete": False}
    partly = chance < agent.unpriced + agent.partly_priced
    return {"cost_usd": Decimal(round(usd * 10**6)).scaleb(-6), "cost_complete": not partly}


def times(agent: Agent, duration: timedelta, dice: random.Random) -> dict[str, int]:
    """Milliseconds of the session, the assistant and the person. Not every agent reports the last two."""
    milliseconds = duration // timedelta(milliseconds=1)
    assistant, user = dice.uniform(0.35, 0.7), dice.uniform(0.05, 0.28)
    if not agent.knows_times:
        return {"duration_ms": milliseconds}
    return {
        "duration_ms": milliseconds,
        "assistant_ms": int(milliseconds * assistant),
        "user_ms": int(milliseconds * user),
    }


def git_info(repo: str | None, dice: random.Random) -> dict[str, Any] | None:
    """Output of git in the clone. One in four clones of a fork has no upstream remote."""
    if repo is None:
        return None
    info: dict[str, Any] = {"repo_url": f"git@git.example.com:{repo}.git", "branch": "main"}
    if repo in FORKS and dice.random() < 0.75:
        upstream = {"name": "upstream", "fetch_url": f"https://git.example.com/{FORKS[repo]}.git"}
        return {**info, "remotes": [upstream], "tracking_remote": "upstream"}
    return info


def pick(weights: dict[Any, int], dice: random.Random) -> Any:
    """Choose one key, by weight."""
    return dice.choices(list(weights), list(weights.values()))[0]
