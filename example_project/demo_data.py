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


UNPRICED_MODEL = "in-house-model"
# Written by hand as examples. A real site makes them with ORG_ANALYTICS_RECAP_GENERATOR.
RECAPS: dict[str, dict[str, Any]] = {
    title: {
        "recap": text,
        "went_well": [well],
        "went_badly": [badly] if badly else [],
        "suggestions_person": [advice] if advice else [],
    }
    for title, text, well, badly, advice in (
        (
            "Fix flaky checkout test",
            "The test waited for a fixed second. It now waits for the order to be stored.",
            "The failure was reproduced before anything was changed.",
            "The whole suite ran four times where one test would do.",
            "Name the failing test in the first message.",
        ),
        (
            "Add retries to webhook delivery",
            "Deliveries are tried again with growing pauses, at most for a day.",
            "Each error was looked at: only those that can pass are tried again.",
            "",
            "",
        ),
        (
            "Explain the billing state machine",
            "A diagram and a table of the eleven states and what leads from one to another.",
            "Two states that nothing reaches were found.",
            "",
            "Ask for the table first: it answered most questions.",
        ),
        (
            "Upgrade the HTTP client",
            "The client is three major versions newer. Timeouts have to be given at each call now.",
            "Every call was found and changed in one step.",
            "The first attempt changed the tests instead of the calls.",
            "",
        ),
        (
            "Dark mode for the settings page",
            "The page follows the system's colours; contrast was measured for each pair.",
            "Screenshots before and after made the review short.",
            "",
            "",
        ),
        (
            "Speed up the nightly export",
            "Rows are read in batches and written as they come: 41 minutes became 6.",
            "The slow part was measured first.",
            "An index was added and removed again, because it helped nothing.",
            "",
        ),
        (
            "Review of the login rework",
            "Nine remarks, two of them about tokens that stay valid after log-out.",
            "Each remark names the line and a test that fails.",
            "",
            "",
        ),
        (
            "Split the order service",
            "Orders and payments are two modules with one interface between them. Nothing else has changed.",
            "The work was done in eleven small commits, each with green tests.",
            "",
            "Split such work over several sessions: this one lost its thread twice.",
        ),
        (
            "Write the migration for invoices",
            "Invoices have a currency. Old rows are filled in batches.",
            "The way back was tested as well.",
            "",
            "",
        ),
        (
            "Find the memory leak in the worker",
            "A cache without a limit kept each customer's report. It has a limit of 100 entries now.",
            "Two heap dumps were compared instead of guessing.",
            "An hour went into a library that had nothing to do with it.",
            "",
        ),
        (
            "Accessible date picker",
            "The picker can be used with the keyboard alone and says what it shows.",
            "It was tried with a screen reader.",
            "",
            "",
        ),
        (
            "Release notes",
            "Notes for 23 changes in words that customers use.",
            "Changes that nobody sees were left out.",
            "",
            "",
        ),
    )
}


@dataclass(frozen=True)
class Agent:
    """Sessions with one provider: dollars per hour, and how often a cost is unknown or only partly known."""

    usd_per_hour: float
    unpriced: float = 0.0
    partly_priced: float = 0.0
    knows_times: bool = True
    models: tuple[str, ...] = ()


AGENTS = {
    "claude-code": Agent(
        usd_per_hour=4.8, partly_priced=0.01, models=("claude-opus-4-8", "claude-sonnet-4-8", "claude-haiku-4-8")
    ),
    "codex": Agent(usd_per_hour=2.3, partly_priced=0.02, models=("gpt-5.6-codex", "gpt-5.6-mini")),
    "opencode": Agent(usd_per_hour=1.1, unpriced=0.25, models=("qwen3-coder", "glm-5")),
    "cursor": Agent(usd_per_hour=1.6, unpriced=0.05, knows_times=False),
}


# Team → the handles of its people. Priya is in two, Theo and Hannah in none.
TEAMS = {
    "Platform": ("mira", "zoe", "lukasz", "samuel", "priya", "viktor"),
    "Web": ("jonas", "renee", "k.osei"),
    "Mobile": ("jose", "aiko"),
    "Data": ("priya",),
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
    known = cost(agent, duration, dice)
    return {
        **row,
        **known,
        **times(agent, duration, dice),
        "models": models(agent, known, dice),
        "recap": recap(row, start + duration, dice),
    }


def cost(agent: Agent, duration: timedelta, dice: random.Random) -> dict[str, Any]:
    """Cost with six decimal places; sometimes unknown, sometimes only partly known."""
    chance, usd = dice.random(), agent.usd_per_hour * duration.total_seconds() / 3600 * dice.lognormvariate(0, 0.5)
    if chance < agent.unpriced:
        return {"cost_usd": None, "cost_complete": False}
    partly = chance < agent.unpriced + agent.partly_priced
    return {"cost_usd": Decimal(round(usd * 10**6)).scaleb(-6), "cost_complete": not partly}


def models(agent: Agent, known: dict[str, Any], dice: random.Random) -> list[dict[str, Any]] | None:
    """Usage of one or two made-up models, whose costs make up that of the session; None where the agent tells none."""
    if not agent.models:
        return None
    names = dice.sample(agent.models, k=min(len(agent.models), dice.choices((1, 2), (7, 3))[0]))
    usd, is_complete = known["cost_usd"], known["cost_complete"]
    rest = usd
    rows = []
    for place, name in enumerate(names):
        is_last = place == len(names) - 1
        part = None if usd is None else rest if is_last else (usd / 4).quantize(usd)
        rest = None if usd is None else rest - part
        rows.append({"model": name, "cost_usd": part, **tokens(part, dice)})
    if usd is not None and not is_complete:
        rows.append({"model": UNPRICED_MODEL, "cost_usd": None, **tokens(None, dice)})
    return rows


def tokens(usd: Decimal | None, dice: random.Random) -> dict[str, int]:
    """Requests, and tokens that could have cost as much."""
    scale = float(usd or 1) * dice.uniform(0.7, 1.3)
    return {
        "requests": 1 + round(9 * scale),
        "input_tokens": round(9_000 * scale),
        "output_tokens": round(14_000 * scale),
        "cache_write_tokens": round(60_000 * scale),
        "cache_read_tokens": round(1_100_000 * scale),
    }


def recap(row: dict[str, Any], computed_at: datetime, dice: random.Random) -> dict[str, Any] | None:
    """One session in three has a recap, which somebody wrote by hand as an example."""
    if dice.random() > 1 / 3:
        return None
    return {**RECAPS[row["title"]], "computed_at": computed_at, "model_used": "written by hand for the demo"}


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
