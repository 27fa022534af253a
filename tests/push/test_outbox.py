"""A push to a server that remembers: nothing is lost or sent twice, whatever fails in between."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from org_analytics.ingest.records import SessionRecord
from org_analytics.push import outbox
from org_analytics.push.client import Client
from org_analytics.push.errors import ServerError
from org_analytics.push.outbox import PushCounts
from org_analytics.push.payload import payload_row
from org_analytics.push.retries import Retries
from org_analytics.push.state import AccountState, Answer, AnswerLog, copy_answer_log, open_answer_log
from tests.push.server import TOKEN, Reply, Team
from tests.push.sessions import derived, record

MANY = [record(f"session-{number:04}") for number in range(1001)]


@contextmanager
def opened(directory: Path) -> Iterator[tuple[AccountState, AnswerLog]]:
    state_of = AccountState(directory / "read.sqlite3", "me")
    with state_of as state, open_answer_log(directory / "sent.sqlite3", "me") as answers:
        yield state, answers


def push(directory: Path, team: Team, records: Iterable[SessionRecord], *, with_titles: bool = False) -> PushCounts:
    counts = PushCounts()
    retries = Retries(sleep=lambda seconds: None)
    with opened(directory) as (state, answers):
        unsent = outbox.Outbox(state, answers, counts, with_titles=with_titles).pending_from(derived(state, records))
        client = Client(team.url, TOKEN, "Token", retries)
        outbox.Sender(client, state, answers, counts).send(unsent)
    return counts


def pending(directory: Path) -> set[str]:
    with opened(directory) as (state, _):
        return state.pending("codex")


def test_all_rows_arrive_in_requests_of_at_most_500(tmp_path: Path, team: Team) -> None:
    counts = push(tmp_path, team, MANY)
    assert team.batch_sizes == [500, 500, 1]
    assert len(team.rows) == counts.created == len(MANY)
    assert pending(tmp_path) == set()


def test_second_push_sends_nothing(tmp_path: Path, team: Team) -> None:
    push(tmp_path, team, MANY)
    team.requests.clear()
    counts = push(tmp_path, team, MANY)
    assert (team.requests, counts.known) == ([], len(MANY))
    assert pending(tmp_path) == set()


def test_changed_sessions_alone_are_sent_again(tmp_path: Path, team: Team) -> None:
    push(tmp_path, team, MANY[:3])
    counts = push(tmp_path, team, [MANY[0], record("session-0001", user_ms=5), MANY[2]])
    assert (team.batch_sizes, counts.updated, counts.known) == ([3, 1], 1, 2)


def test_titles_switched_on_and_off_reach_the_server(tmp_path: Path, team: Team) -> None:
    titles = []
    for with_titles in (False, True, False):
        push(tmp_path, team, MANY[:1], with_titles=with_titles)
        titles.append(team.rows["codex", "session-0000"].get("title"))
    assert titles == [None, "Fix the secret bug", None]


def test_interrupted_push_is_taken_up_where_it_was(tmp_path: Path, team: Team) -> None:
    team.replies = [None, Reply(400, {"error": "Stop"})]
    with pytest.raises(ServerError, match="Stop"):
        push(tmp_path, team, MANY)
    assert len(team.rows) == 500
    assert len(pending(tmp_path)) == 501
    team.requests.clear()
    counts = push(tmp_path, team, MANY)
    assert (team.batch_sizes, counts.created, counts.known) == ([500, 1], 501, 500)


def test_lost_answer_is_asked_for_again_and_counted_once(tmp_path: Path, team: Team) -> None:
    team.replies = [Reply(0, after_storing=True)]
    counts = push(tmp_path, team, MANY[:2])
    assert (counts.created, counts.unchanged, len(team.rows)) == (0, 2, 2)


def test_refused_rows_are_named_with_field_and_message_and_do_not_stop_the_others(tmp_path: Path, team: Team) -> None:
    team.refused = {"session-0001"}
    counts = push(tmp_path, team, MANY[:3])
    assert counts.created == 2
    assert [(row.external_id, errors) for row, errors in counts.refused] == [
        ("session-0001", {"started_at": ["Not after 2000."]})
    ]


def test_refused_rows_are_not_sent_again_until_they_change(tmp_path: Path, team: Team) -> None:
    team.refused = {"session-0001"}
    push(tmp_path, team, MANY[:3])
    counts = push(tmp_path, team, MANY[:3])
    assert (len(team.requests), counts.refused, counts.refused_before) == (1, [], 1)
    team.refused = set()
    counts = push(tmp_path, team, [record("session-0001", user_ms=5)])
    assert (counts.created, counts.refused_before) == (1, 0)


@pytest.mark.parametrize(("with_titles", "title"), [(True, "Fix the secret bug"), (False, None)])
def test_server_that_lost_its_rows_gets_them_again_without_their_transcripts(
    tmp_path: Path, team: Team, with_titles: bool, title: str | None
) -> None:
    team.refused = {"session-0001"}
    push(tmp_path, team, MANY[:3], with_titles=True)
    team.rows.clear()
    counts = PushCounts()
    with opened(tmp_path) as (state, answers):
        client = Client(team.url, TOKEN, "Token", Retries())
        sender = outbox.Sender(client, state, answers, counts)
        sender.send(outbox.Outbox(state, answers, counts, with_titles=with_titles).resend_all())
    assert (counts.created, len(team.rows)) == (2, 2)
    assert team.rows["codex", "session-0000"].get("title") == title


def test_server_with_a_smaller_limit_gets_smaller_requests(tmp_path: Path, team: Team) -> None:
    team.max_bytes = 5000
    counts = push(tmp_path, team, MANY[:100])
    assert len(team.rows) == counts.created == 100


def test_row_too_large_for_the_server_is_reported_and_tried_again_next_time(tmp_path: Path, team: Team) -> None:
    large = record("large", git_info={"repo_url": "a/" + "x" * 500})
    team.max_bytes = 900
    counts = push(tmp_path, team, [MANY[0], large, MANY[1]])
    assert counts.created == 2
    assert [(row.external_id, list(errors)) for row, errors in counts.refused] == [("large", ["request"])]
    assert pending(tmp_path) == {"large"}
    team.max_bytes = 9000
    assert push(tmp_path, team, [large]).created == 1


def test_unpriced_models_are_collected_also_of_sessions_that_are_not_sent(tmp_path: Path, team: Team) -> None:
    unpriced = record("a", unpriced_models=("gpt-99",), cost_usd=None)
    partly = record("b", unpriced_models=("gpt-98",))
    for _ in range(2):
        counts = push(tmp_path, team, [unpriced, unpriced, partly, MANY[0]])
        assert counts.unpriced_models == {"gpt-98", "gpt-99"}
        assert (counts.unpriced, counts.partly_priced) == ({("codex", "a")}, {("codex", "b")})


def test_dry_run_gives_the_very_requests_that_a_push_then_sends(tmp_path: Path, team: Team) -> None:
    with opened(tmp_path) as (state, answers):
        unsent = outbox.Outbox(state, answers, PushCounts(), with_titles=False).pending_from(derived(state, MANY))
        shown = list(outbox.requests(unsent))
    push(tmp_path, team, MANY)
    assert shown == [request.body for request in team.requests]


def test_answers_in_another_format_or_not_in_a_database_are_replaced(tmp_path: Path, team: Team) -> None:
    sent = tmp_path / "sent.sqlite3"
    for damage in (b"not a database, and long enough to be looked at" * 100, b""):
        push(tmp_path, team, MANY[:2])
        sent.write_bytes(damage)
        assert push(tmp_path, team, MANY[:2]).unchanged == 2
    assert team.batch_sizes == [2, 2, 2]


def test_copy_of_the_answers_leaves_the_file_as_it_is(tmp_path: Path, team: Team) -> None:
    sent = tmp_path / "sent.sqlite3"
    push(tmp_path, team, MANY[:1])
    before = sent.read_bytes()
    row = payload_row(MANY[0], with_title=False)
    other = payload_row(MANY[1], with_title=False)
    with copy_answer_log(sent, "me") as answers:
        assert answers.answer_to(row) == Answer.STORED
        answers.record([(other, Answer.REFUSED)])
        assert answers.answer_to(other) == Answer.REFUSED
    assert sent.read_bytes() == before


def test_copy_of_answers_that_are_not_there_is_empty_and_makes_no_file(tmp_path: Path) -> None:
    missing = tmp_path / "sent.sqlite3"
    with copy_answer_log(missing, "me") as answers:
        assert answers.answer_to(payload_row(MANY[0], with_title=False)) is None
    assert not missing.exists()


def test_rows_hold_no_title_and_no_path_unless_asked(tmp_path: Path, team: Team) -> None:
    push(tmp_path, team, MANY[:1])
    text = json.dumps(team.rows["codex", "session-0000"])
    assert "secret bug" not in text
    assert "/home" not in text


def test_row_refused_at_git_info_is_sent_again_on_the_next_day_and_not_before(
    tmp_path: Path, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("org_analytics.push.state.utc_today", lambda: "2026-11-25")
    team.refused, team.refused_field = {"session-0000"}, "git_info"
    assert len(push(tmp_path, team, MANY[:2]).refused) == 1
    team.refused = set()
    counts = push(tmp_path, team, MANY[:2])
    assert (counts.created, counts.refused_before, counts.known) == (0, 1, 1)
    monkeypatch.setattr("org_analytics.push.state.utc_today", lambda: "2026-11-26")
    counts = push(tmp_path, team, MANY[:2])
    assert (counts.created, counts.refused_before, counts.known) == (1, 0, 1)


def test_row_refused_elsewhere_is_not_sent_again_on_the_next_day(
    tmp_path: Path, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("org_analytics.push.state.utc_today", lambda: "2026-11-25")
    team.refused = {"session-0000"}
    push(tmp_path, team, MANY[:1])
    monkeypatch.setattr("org_analytics.push.state.utc_today", lambda: "2026-11-26")
    assert push(tmp_path, team, MANY[:1]).refused_before == 1
