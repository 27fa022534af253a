"""Pushes of sessions that share lines: a row found wrong before sending is not sent and not counted as stored."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from org_analytics.ingest.derive import derive
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.sqlite_state import SqliteState
from org_analytics.ingest.state import MemoryState
from org_analytics.push import outbox, payload
from org_analytics.push.client import Client
from org_analytics.push.errors import ServerError
from org_analytics.push.outbox import PushCounts
from org_analytics.push.retries import Retries
from org_analytics.push.state import AccountState, open_answer_log
from tests.ingest.writing import Claude, usage
from tests.push.server import TOKEN, Reply, Team


def talk(name: str) -> Claude:
    return Claude(name).prompt().wait(10).reply(usage(100, 50, 25, 10))


def family() -> list[Claude]:
    """A session, its fork, a fork of that, and a session that shares nothing with them."""
    parent = talk("parent")
    child = parent.wait(60).fork("child").prompt().wait(10).reply(usage(200, 50))
    grandchild = child.wait(60).fork("grandchild").prompt().wait(10).reply(usage(300, 50))
    return [parent, child, grandchild, talk("stranger")]


def quarrel() -> list[Claude]:
    """A session that goes on only after its silent fork did: read first, it later loses what they share."""
    elder = talk("z")
    fork = elder.fork("a", says_so=False).wait(10).prompt().wait(10).reply(usage(200, 50))
    return [elder.wait(3600).prompt().wait(10).reply(usage(400, 50)), fork]


def write(home: Path, sessions: list[Claude]) -> list[TranscriptSource]:
    """The sessions' files, the first the oldest."""
    for age, session in enumerate(sessions):
        os.utime(session.write(home / ".claude"), (age, age))
    return [TranscriptSource("claude-code", home / ".claude")]


def push(directory: Path, team: Team, sources: list[TranscriptSource], account: str = "me") -> PushCounts:
    counts = PushCounts()
    client = Client(team.url, TOKEN, "Token", Retries(sleep=lambda seconds: None))
    state_of, answers_to = AccountState(directory / "read.sqlite3", account), directory / "sent.sqlite3"
    with state_of as state, open_answer_log(answers_to, account) as answers:
        unsent = outbox.Outbox(state, answers, counts, with_titles=False).pending_from(derive(sources, state))
        outbox.Sender(client, state, answers, counts).send(unsent)
    return counts


def derived_at_once(sources: list[TranscriptSource]) -> dict[str, Decimal | None]:
    return {
        derived.external_id: derived.record.cost_usd
        for derived in derive(sources, MemoryState())
        if derived.record is not None
    }


def costs(team: Team) -> dict[str, Decimal | None]:
    return {name: Decimal(row["cost_usd"]) for (_, name), row in team.rows.items()}


@pytest.mark.parametrize("history", [family, quarrel])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 500])
@pytest.mark.parametrize("stop_after", range(4))
def test_a_push_that_ends_anywhere_is_completed_by_the_next(
    home: Path,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    history: Callable[[], list[Claude]],
    batch_size: int,
    stop_after: int,
) -> None:
    sources = write(home, history())
    monkeypatch.setattr(payload, "MAX_ROWS", batch_size)
    team.replies = [None] * stop_after + [Reply(400, {"error": "Stop"})]
    try:
        push(home, team, sources)
    except ServerError:
        team.replies = []
        push(home, team, sources)
    assert costs(team) == derived_at_once(sources)
    with SqliteState(home / "read.sqlite3") as state:
        assert state.pending("claude-code") == set()


def test_a_row_found_wrong_before_it_went_is_not_sent(home: Path, team: Team) -> None:
    counts = push(home, team, write(home, quarrel()))
    assert (team.batch_sizes, counts.created, counts.updated) == ([2], 2, 0)


def test_a_wrong_row_does_not_replace_the_right_one_that_the_server_has(home: Path, team: Team) -> None:
    sources = write(home, quarrel())
    push(home, team, sources)
    (home / "read.sqlite3").unlink()
    counts = push(home, team, sources)
    assert (team.batch_sizes, counts.known) == ([2], 2)
    assert costs(team) == derived_at_once(sources)


@pytest.mark.parametrize("history", [family, quarrel])
def test_a_fork_of_a_session_that_is_gone_has_the_same_row_for_a_new_token(
    home: Path, team: Team, history: Callable[[], list[Claude]]
) -> None:
    sources = write(home, history())
    push(home, team, sources)
    before = dict(team.rows)
    (gone,) = (home / ".claude").rglob(f"{history()[0].session}.jsonl")
    gone.unlink()
    counts = push(home, team, sources, account="me, with another token")
    assert (counts.updated, counts.unchanged) == (0, len(before) - 1)
    assert team.rows == before
