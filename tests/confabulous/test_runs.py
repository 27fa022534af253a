"""Run after run: who wins, twins, users, pruning, dry runs and the comparison at the end."""

import itertools
import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.confabulous import writing
from org_analytics.models import CodingSession, ConfabulousSession, ModelUsage
from org_analytics.rollup import maintenance
from tests.confabulous.source import CARD, START, Source, tokens

pytestmark = [pytest.mark.django_db, pytest.mark.core]

PUSHED = {
    "provider": "claude-code",
    "external_id": "s1",
    "started_at": datetime(2026, 6, 17, 9, tzinfo=UTC),
    "duration_ms": 61_000,
    "models": [
        {
            "model": "claude-opus-4-5-20251101",
            "requests": 3,
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_write_tokens": 30,
            "cache_read_tokens": 40,
            "cost_usd": Decimal("1.20"),
        }
    ],
}


def rows() -> list[dict[str, Any]]:
    """Everything that is stored of sessions, without what differs from run to run."""
    sessions = CodingSession.objects.order_by("user", "provider", "external_id")
    usage = ModelUsage.objects.order_by("session__user", "session__external_id", "model")
    return [
        *sessions.values("user", "provider", "external_id", "started_at", "title", "cost_usd", "duration_ms"),
        *usage.values("session__external_id", "model", "input_tokens", "cost_usd"),
    ]


# Who wins


def test_session_that_changed_there_is_written_again(run: Any, source: Source, user: Any) -> None:
    pk = source.add_session()
    source.add_session("s2")
    run()
    source.execute("UPDATE session_card_session SET duration_ms = 99 WHERE session_id = %s", pk)
    assert "0 created, 1 updated, 1 unchanged" in run()
    assert CodingSession.objects.get(external_id="s1").duration_ms == 99


def test_session_that_push_wrote_first_is_left_alone(run: Any, source: Source, user: Any) -> None:
    CodingSession.objects.record_many([{**PUSHED, "user": user}])
    before = rows()
    source.add_session()
    for _run in range(2):
        output = run()
        assert "1 kept" in output
        assert "kept: 1, push or another import wrote it first" in output
    assert rows() == before
    assert not ConfabulousSession.objects.exists()


def test_session_that_push_wrote_since_is_given_up(run: Any, source: Source, user: Any) -> None:
    pk = source.add_session()
    run()
    CodingSession.objects.record_many([{**PUSHED, "user": user}])
    before = rows()
    source.execute("UPDATE session_card_session SET duration_ms = 99 WHERE session_id = %s", pk)
    assert "kept: 1, push or another import wrote it since" in run()
    assert "kept: 1, push or another import wrote it first" in run()
    assert rows() == before


@pytest.mark.parametrize(
    "change",
    [
        {"duration_ms": 61_000},
        {"models": [{**PUSHED["models"][0], "model": "opus-4-5", "cost_usd": Decimal("1.25")}]},  # type: ignore[index]
    ],
    ids=["of the session", "of its models alone"],
)
def test_any_write_of_others_counts(run: Any, source: Source, user: Any, change: dict[str, Any]) -> None:
    source.add_session()
    run()
    session = CodingSession.objects.get()
    values = {name: getattr(session, name) for name in ("started_at", "ended_at", "duration_ms", "assistant_ms")}
    CodingSession.objects.record(
        user=user, provider="claude-code", external_id="s1", **{**values, "user_ms": session.user_ms, **change}
    )
    assert "1 kept" in run()


def test_push_of_the_very_same_row_changes_nothing(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run()
    session = CodingSession.objects.get()
    names = ("started_at", "ended_at", "title", "cost_usd", "duration_ms", "assistant_ms", "user_ms")
    values = {name: getattr(session, name) for name in names}
    CodingSession.objects.record(user=user, provider="claude-code", external_id="s1", **values)
    assert "1 unchanged" in run()


def test_another_path_of_the_repository_is_no_write_of_others(run: Any, source: Source, user: Any) -> None:
    source.add_session(git_info={"repo_url": "git@github.com:acme/api.git"})
    run()
    CodingSession.objects.update(repo=None)
    assert "1 unchanged" in run()


def test_session_deleted_here_comes_back(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run()
    CodingSession.objects.all().delete()
    assert "1 created" in run()


def test_second_source_does_not_write_what_the_first_owns(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run(source="one")
    assert "1 kept" in run(source="two")
    assert "1 unchanged" in run(source="one")


def test_card_that_is_gone_makes_the_session_pending_without_models(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run()
    source.execute("DELETE FROM session_card_tokens_v2")
    assert "1 updated" in run()
    session = CodingSession.objects.get()
    assert session.cost_usd is None
    assert not session.model_usage.exists()  # type: ignore[attr-defined]
    assert "1 unchanged" in run()


def test_roll_up_stays_exact(run: Any, source: Source, user: Any) -> None:
    for number in range(20):
        source.add_session(f"s{number}", first_seen=START + timedelta(hours=7 * number), last_message_at=None)
    run()
    source.execute("UPDATE session_card_session SET duration_ms = 5")
    run()
    assert list(maintenance.differences("default")) == []


# Twins


def test_analyzed_twin_wins_and_both_are_named(run: Any, source: Source, user: Any) -> None:
    pending = source.add_session(session_type="claude-code", conversation=None, computed_at="2026-06-20 00:00+00")
    analyzed = source.add_session(session_type="Claude Code", duration=777)
    output = run()
    assert CodingSession.objects.get().duration_ms == 777
    assert f"{analyzed}, {pending}" in output
    assert "left out: 1, the same session of ours as another one there" in output


def test_later_twin_wins_of_two_analyzed_ones(run: Any, source: Source, user: Any) -> None:
    other = source.add_user("ANN@Example.com")
    source.add_session(duration=1, computed_at="2026-06-18 00:00+00")
    later = source.add_session(duration=2, user=other, computed_at="2026-06-19 00:00+00")
    assert f"  {later}, " in run()
    assert CodingSession.objects.get().duration_ms == 2


def test_winner_may_change_from_run_to_run(run: Any, source: Source, user: Any) -> None:
    first = source.add_session(session_type="Claude Code", duration=1)
    second = source.add_session(duration=2, conversation=None)
    run()
    source.execute("INSERT INTO session_card_conversation VALUES (%s, 1, '2026-06-30 00:00+00', 1, 1)", second)
    assert "1 updated" in run()
    source.execute("DELETE FROM session_card_conversation WHERE session_id = %s", first)
    assert "1 unchanged" in run(prune=True)
    assert CodingSession.objects.get().duration_ms == 2


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_of_the_rows_there_never_matters(run: Any, source: Source, user: Any, data: st.DataObject) -> None:
    row = st.fixed_dictionaries(
        {
            "external_id": st.sampled_from(["s1", "s2"]),
            "session_type": st.sampled_from(["claude-code", "Claude Code", "codex", "windsurf"]),
            "email": st.sampled_from(["ann@example.com", "Ann@Example.com"]),
            "is_analyzed": st.booleans(),
        }
    )
    given_rows = data.draw(
        st.lists(row, max_size=8, unique_by=lambda one: (one["external_id"], one["session_type"], one["email"]))
    )
    # Two rows that changed at the same instant are told apart by their ids there, which differ each time.
    given_rows = [{**one, "day": place + 1} for place, one in enumerate(given_rows)]
    found = []
    for ordered in (given_rows, given_rows[::-1]):
        source.reset()
        CodingSession.objects.all().delete()
        for one in ordered:
            source.add_session(
                one["external_id"],
                session_type=one["session_type"],
                user=source.add_user(one["email"]),
                conversation=(1, 1) if one["is_analyzed"] else None,
                duration=one["day"],
                computed_at=f"2026-07-{one['day']:02} 00:00+00",
            )
        run()
        found.append(rows())
        written = CodingSession.objects.count()
        assert f"0 created, 0 updated, {written} unchanged" in run()
    assert found[0] == found[1]


def test_batches_give_what_one_batch_gives(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, kind in itertools.product(range(7), ["claude-code", "Claude Code", "codex"]):
        source.add_session(f"s{number}", session_type=kind, duration=random.Random(number).randrange(99))
    run()
    whole = rows()
    CodingSession.objects.all().delete()
    monkeypatch.setattr(writing, "BATCH_SIZE", 2)
    run()
    assert rows() == whole
    assert "14 unchanged" in run()


def test_queries_do_not_grow_with_the_rows(run: Any, source: Source, user: Any) -> None:
    def queries(count: int) -> int:
        for number in range(count):
            source.add_session(f"{count}-{number}")
        with CaptureQueriesContext(connection) as captured:
            run()
        return len(captured)

    queries(1)
    assert queries(3) == queries(40)


# Users


def test_sessions_of_unknown_users_are_left_out(run: Any, source: Source, user: Any) -> None:
    source.add_session(user=source.add_user("new@example.com"))
    assert "left out: 1, no user has this e-mail address (--create-users makes one)" in run()
    assert get_user_model().objects.count() == 1


def test_users_are_made_once_when_asked_for(run: Any, source: Source, user: Any) -> None:
    first = source.add_user("new@example.com", "Nora New Person")
    second = source.add_user("NEW@example.com", "Other")
    gone = source.add_user("gone@example.com", None, status="inactive")
    for number, owner in enumerate([first, second, gone]):
        source.add_session(f"s{number}", user=owner)
    output = run(create_users=True)
    assert "3 created" in output
    assert "Users made: 2." in output
    users = get_user_model()._default_manager
    email = get_user_model().get_email_field_name()
    made = users.get(**{f"{email}__iexact": "new@example.com"})
    assert not made.has_usable_password()
    if hasattr(made, "get_full_name"):
        assert made.get_full_name() in ("Nora New Person", "Other")
    if hasattr(made, "is_active"):
        assert made.is_active
        assert not users.get(**{f"{email}__iexact": "gone@example.com"}).is_active
    assert "3 unchanged" in run(create_users=True)


def test_existing_users_are_never_changed(run: Any, source: Source, user: Any) -> None:
    source.add_session(user=source.add_user("ANN@EXAMPLE.COM", "Somebody Else", status="inactive"))
    before = get_user_model().objects.values().get()
    assert "1 created" in run(create_users=True)
    assert get_user_model().objects.values().get() == before


@pytest.mark.parametrize("email", ["", "a\tb@example.com", "no address"])
def test_odd_addresses_are_left_out_with_the_reason(run: Any, source: Source, user: Any, email: str) -> None:
    source.add_session(user=source.add_user(email))
    source.add_session("good")
    output = run(create_users=True)
    assert "1 created" in output
    assert "left out: 1, e-mail address: " in output


def test_read_only_users_come_only_when_asked_for(run: Any, source: Source, make_user: Any) -> None:
    make_user("demo@example.com")
    source.add_session(user=source.add_user("demo@example.com", read_only=True))
    assert "left out: 1, the user is read-only there" in run()
    assert "1 created" in run(include_read_only=True)
    assert "1 left out" in run(prune=True)  # still there, so not pruned
    assert CodingSession.objects.count() == 1


# Dry runs and --since


def test_dry_run_counts_and_writes_nothing(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run()
    source.add_session("s2", user=source.add_user("new@example.com"))
    source.execute("UPDATE session_card_session SET duration_ms = 99")
    before = [*rows(), *ConfabulousSession.objects.values(), *get_user_model().objects.values()]
    output = run(dry_run=True, create_users=True)
    assert "Dry run, nothing is written: 1 created, 1 updated, 0 unchanged" in output
    assert "Users made: 1." in output
    assert "Last 30 days" not in output
    assert [*rows(), *ConfabulousSession.objects.values(), *get_user_model().objects.values()] == before


def test_dry_run_says_what_would_be_pruned(run: Any, source: Source, user: Any) -> None:
    for number in range(3):
        source.add_session(f"s{number}")
    run()
    remove(source, "s0")
    assert "Gone there: 1 removed" in run(dry_run=True, prune=True)
    assert CodingSession.objects.count() == 3


def test_since_reads_only_what_changed_later(run: Any, source: Source, user: Any) -> None:
    source.add_session("old")
    source.add_session("new", computed_at="2026-07-01 00:00+00")
    assert "1 created" in run(since="2026-06-30T00:00:00Z")
    assert CodingSession.objects.get().external_id == "new"


# Pruning


def remove(source: Source, *external_ids: str) -> None:
    tables = ("tokens_v2", "conversation", "session")
    for external_id in external_ids:
        for table in tables:
            source.execute(
                f"DELETE FROM session_card_{table} USING sessions WHERE session_id = id AND external_id = %s",
                external_id,
            )
        source.execute("DELETE FROM sessions WHERE external_id = %s", external_id)


def test_what_is_gone_there_stays_without_the_flag(run: Any, source: Source, user: Any) -> None:
    source.add_session("s1")
    source.add_session("s2")
    run()
    remove(source, "s1")
    run()
    assert CodingSession.objects.count() == 2


def test_prune_removes_what_is_gone_there_and_nothing_of_others(run: Any, source: Source, user: Any) -> None:
    for number in range(4):
        source.add_session(f"s{number}")
    CodingSession.objects.record(**{**PUSHED, "external_id": "pushed"}, user=user)
    run()
    CodingSession.objects.record(**{**PUSHED, "external_id": "s1"}, user=user)
    remove(source, "s0", "s1")
    assert "Gone there: 1 removed, 1 kept because others wrote them since." in run(prune=True)
    left = CodingSession.objects.order_by("external_id").values_list("external_id", flat=True)
    assert list(left) == ["pushed", "s1", "s2", "s3"]
    assert ConfabulousSession.objects.count() == 2
    assert list(maintenance.differences("default")) == []


@pytest.mark.parametrize(("removed", "is_pruned"), [(2, True), (3, False), (4, False)])
def test_prune_does_nothing_where_less_than_half_is_left(
    run: Any, source: Source, user: Any, removed: int, is_pruned: bool
) -> None:
    names = [f"s{number}" for number in range(4)]
    for name in names:
        source.add_session(name)
    run()
    remove(source, *names[:removed])
    for number in range(9):
        source.add_session(f"new{number}")
    if is_pruned:
        assert f"Gone there: {removed} removed" in run(prune=True)
    else:
        with pytest.raises(CommandError, match=f"only {4 - removed} of 4 sessions are still there"):
            run(prune=True)
    assert CodingSession.objects.filter(external_id__in=names).count() == (4 - removed if is_pruned else 4)


def test_session_whose_user_changed_there_is_pruned_under_the_old_one(
    run: Any, source: Source, user: Any, make_user: Any
) -> None:
    bob = make_user("bob@example.com")
    pk = source.add_session()
    source.add_session("s2")
    run()
    source.execute("UPDATE sessions SET user_id = %s WHERE id = %s", source.add_user("bob@example.com"), pk)
    assert "1 created" in run(prune=True)
    assert CodingSession.objects.get(external_id="s1").user == bob


def test_prune_with_since_is_refused(run: Any, source: Source) -> None:
    with pytest.raises(CommandError, match="leave --since out"):
        run(prune=True, since="2026-06-01T00:00:00Z")


# The comparison


def recent(days: int = 1) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)


def equal_cells(output: str) -> tuple[int, int]:
    found = re.search(r"Last 30 days, their page and ours: (\d+) of (\d+) numbers", output)
    assert found
    return int(found[1]), int(found[2])


def test_comparison_finds_every_number_equal(run: Any, source: Source, make_user: Any) -> None:
    for number in range(5):
        make_user(f"p{number}@example.com")
        owner = source.add_user(f"P{number}@example.com")
        for at in range(number):
            source.add_session(f"s{at}", user=owner, first_seen=recent(at * 9), last_message_at=None)
    source.add_session("pending", user=owner, first_seen=recent(), conversation=None)
    source.add_session("NaN", user=owner, first_seen=recent(), card=tokens("NaN"))
    source.add_session("old", user=owner, first_seen=recent(31))
    source.add_session("no clock", user=owner, first_seen=recent(), duration=None, conversation=(None, None))
    gone = source.add_user("gone@example.com", status="inactive")
    make_user("gone@example.com")
    source.add_session("inactive", user=gone, first_seen=recent())
    assert equal_cells(run()) == (25, 25)
    assert equal_cells(run()) == (25, 25)


def test_comparison_names_each_difference_with_the_reason(run: Any, source: Source, user: Any) -> None:
    CodingSession.objects.record(**{**PUSHED, "started_at": recent().replace(tzinfo=UTC)}, user=user)
    source.add_session(first_seen=recent(), last_message_at=None)
    output = run()
    assert equal_cells(output) == (1, 5)
    assert "ann@example.com, cost_usd: 1.25 there, 1.20 here (push or another import wrote it first" in output
    assert "duration_ms: 60000 there, 61000 here" in output


def test_comparison_names_users_that_we_do_not_have(run: Any, source: Source, user: Any) -> None:
    source.add_session(user=source.add_user("new@example.com"), first_seen=recent())
    assert "new@example.com, sessions: 1 there, 0 here (no user has this e-mail address" in run()


def test_comparison_names_odd_durations(run: Any, source: Source, user: Any) -> None:
    source.add_session(first_seen=recent(), last_message_at=None, duration=-5)
    output = run()
    assert equal_cells(output) == (4, 5)
    assert "duration_ms: -5 there, 0 here (duration_ms: negative or longer than 366 days)" in output


def test_comparison_knows_sessions_of_ours_that_are_not_there(run: Any, source: Source, user: Any) -> None:
    source.add_user()
    CodingSession.objects.record(**{**PUSHED, "started_at": recent().replace(tzinfo=UTC)}, user=user)
    assert "sessions of ours that this command did not write: 1" in run()


# Failures


def test_interrupted_run_keeps_whole_batches_and_says_so(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    source.add_session("s1")
    source.add_session("s2")
    monkeypatch.setattr(writing, "BATCH_SIZE", 1)
    monkeypatch.setattr("org_analytics.management.commands.import_confabulous.ProgressBar.to", interrupt)
    with pytest.raises(CommandError, match="Interrupted") as caught:
        run()
    assert caught.value.returncode == 130
    assert CodingSession.objects.count() == ConfabulousSession.objects.count() == 1
    monkeypatch.undo()


@pytest.mark.django_db(transaction=True)
def test_user_who_is_deleted_during_the_import_ends_it_with_a_message(
    transactional_db: None, run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add_session("s1")
    source.add_session("s2")
    monkeypatch.setattr(writing, "BATCH_SIZE", 1)
    monkeypatch.setattr(
        "org_analytics.management.commands.import_confabulous.ProgressBar.to",
        lambda *_: user.delete() if user.pk else None,
    )
    with pytest.raises(CommandError, match="A user was deleted during the import"):
        run()
    assert not CodingSession.objects.exists()


def test_failure_within_a_batch_writes_nothing_of_it(
    run: Any, source: Source, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    source.add_session()
    monkeypatch.setattr(writing.Writer, "_link", fail)
    with pytest.raises(RuntimeError):
        run()
    assert not CodingSession.objects.exists()
    assert not ModelUsage.objects.exists()


def test_models_of_a_changed_card_replace_the_old_ones(run: Any, source: Source, user: Any) -> None:
    source.add_session(card=CARD)
    run()
    source.execute("UPDATE session_card_tokens_v2 SET data = %s", '{"total_cost_usd": "3"}')
    assert "1 updated" in run()
    assert list(ModelUsage.objects.values_list("model", "cost_usd")) == [("unattributed", Decimal(3))]
