"""`forget_user` and `prune_sessions`: what they erase, what they keep, and that the roll-up stays exact."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from org_analytics.logs import access_log
from org_analytics.logs.access_log import View
from org_analytics.management import erasure
from org_analytics.management.commands.forget_user import DEFAULT_PLACEHOLDER
from org_analytics.models import (
    AccessLogEntry,
    CodingSession,
    ConfabulousSession,
    ForkSighting,
    ImportedLine,
    ImportedSession,
    ModelUsage,
    RecapCount,
    SessionRecap,
)
from org_analytics.reporting.members import person_of
from org_analytics.rollup import maintenance
from tests.questions import NOW, RANGE
from tests.threads import at_once

pytestmark = pytest.mark.core
FORK = {"path": "ann/api", "upstream_path": "acme/api"}
COUNTS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
RECAP = {"recap": "Secret", "computed_at": NOW}
MODELS = [{"model": "gpt-5", "cost_usd": "1.00", **dict.fromkeys(COUNTS, 1)}]


def output_of(command: str, *arguments: str) -> list[str]:
    shown = StringIO()
    call_command(command, *arguments, stdout=shown)
    return shown.getvalue().splitlines()


def assert_exact() -> None:
    """The daily roll-up equals the sessions."""
    assert list(maintenance.differences("default")) == []


def ids_of(user: Any) -> list[str]:
    return sorted(CodingSession.objects.filter(user=user).values_list("external_id", flat=True))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_BATCH", 2)
    monkeypatch.setattr(erasure, "_IMPORTED_BATCH", 2)


@pytest.fixture
def ann(user: Any, staff: Any, make_session: Any, client_of: Callable[[Any], Client]) -> Any:
    """A person of whom the app keeps everything it can, beside Sam, of whom it keeps the same."""
    for person in (user, staff):
        for number in range(5):
            session = make_session(
                person,
                external_id=f"{number}",
                title="Secret",
                recap=RECAP,
                git_info=FORK,
                models=MODELS,
                analyzed=number < 4,
            )
            ConfabulousSession.objects.create(
                session=session,
                source="old",
                source_id=uuid.uuid4(),
                digest="",
                written="",
                seen_at=NOW,
            )
            state = ImportedSession.objects.create(
                user=person, provider="codex", external_id=f"{number}", files="[]", lines=b""
            )
            ImportedLine.objects.create(key=number, session=state)
        RecapCount.objects.create(user=person, month=NOW.date(), count=5)
    access_log.record(user, View.API_REPOS, row_count=1)
    access_log.record(staff, View.PERSON, row_count=1, owner=person_of(user))
    client_of(staff).get("/api/v1/org/series", {"person": [user.pk, staff.pk]})
    access_log.record(staff, View.API_REPOS, row_count=1)
    return user


def test_a_forgotten_persons_sessions_are_deleted_with_all_that_belongs_to_them(
    ann: Any, staff: Any, small_batches: None
) -> None:
    lines = output_of("forget_user", ann.email)

    assert lines == [
        "Sessions deleted: 5",
        "Import states deleted: 5",
        "Access log entries deleted: 2",
        "Fork sightings kept without a name: 1",
        "The account is still active, so new sessions may arrive. Deactivate or delete it.",
    ]
    assert ids_of(ann) == []
    assert ids_of(staff) == ["0", "1", "2", "3", "4"]
    assert ModelUsage.objects.count() == ConfabulousSession.objects.count() == SessionRecap.objects.count() == 5
    assert set(RecapCount.objects.values_list("user", flat=True)) == {staff.pk}
    assert set(ImportedSession.objects.values_list("user", flat=True)) == {staff.pk}
    assert ImportedLine.objects.count() == 5
    assert_exact()


def test_a_forgotten_person_is_in_no_access_log_entry_and_others_keep_theirs(ann: Any, staff: Any) -> None:
    output_of("forget_user", ann.email)

    entries = AccessLogEntry.objects.order_by("pk")
    assert [(entry.view, [person.pk for person in entry.subjects.all()]) for entry in entries] == [
        ("api-series", [staff.pk]),
        ("api-repos", []),
    ]
    assert not access_log.accesses_to(ann.pk)


def test_entries_of_a_reader_without_an_account_go_by_address(ann: Any, django_user_model: Any, staff: Any) -> None:
    reader = django_user_model(email=ann.email.upper())
    access_log.record(reader, View.CSV, row_count=1, owner=person_of(staff))
    output_of("forget_user", ann.email)
    assert not access_log.accesses_to(staff.pk)


def test_fork_links_stay_without_the_name(ann: Any) -> None:
    before = list(ForkSighting.objects.values_list("repo", "upstream").order_by("pk"))
    output_of("forget_user", ann.email)
    assert list(ForkSighting.objects.values_list("repo", "upstream").order_by("pk")) == before
    assert not ForkSighting.objects.filter(user=ann).exists()


def test_kept_numbers_are_those_of_a_person_who_is_no_longer_active(
    ann: Any, staff: Any, client_of: Callable[[Any], Client], small_batches: None
) -> None:
    before = client_of(staff).get("/api/v1/org/analytics", RANGE).json()
    assert output_of("forget_user", ann.email, "--keep-numbers")[0] == "Sessions moved: 5"
    after = client_of(staff).get("/api/v1/org/analytics", RANGE).json()

    assert before["totals"]["session_count"] == 8
    assert (after["totals"]["session_count"], after["coverage"]["inactive_user_sessions"]) == (4, 4)
    placeholder = type(ann).objects.get(email=DEFAULT_PLACEHOLDER)
    assert placeholder.email not in str(after)
    kept = CodingSession.objects.filter(user=placeholder)
    assert {(session.title, session.cost_usd, session.repo.path) for session in kept} == {("", 1, "ann/api")}
    assert not {"0", "1", "2", "3", "4"} & set(ids_of(placeholder))
    assert ModelUsage.objects.filter(session__in=kept).count() == 5
    assert not ConfabulousSession.objects.filter(session__in=kept).exists()
    assert not SessionRecap.objects.filter(session__in=kept).exists()
    assert not RecapCount.objects.filter(user=ann).exists()
    assert not ImportedSession.objects.filter(user=ann).exists()
    assert ids_of(ann) == []
    assert_exact()


def test_two_forgotten_people_share_the_placeholder(ann: Any, staff: Any) -> None:
    output_of("forget_user", ann.email, "--keep-numbers")
    output_of("forget_user", staff.email, "--keep-numbers")
    assert CodingSession.objects.filter(user__email=DEFAULT_PLACEHOLDER).count() == 10
    assert_exact()


def test_an_inactive_account_of_the_site_can_be_the_placeholder(ann: Any, inactive: Any) -> None:
    output_of("forget_user", ann.email, "--keep-numbers", "--placeholder", inactive.email)
    assert len(ids_of(inactive)) == 5
    assert not type(ann).objects.filter(email=DEFAULT_PLACEHOLDER).exists()


@pytest.mark.parametrize(("name", "message"), [("staff", "is active"), ("user", "another account")])
def test_the_placeholder_is_neither_active_nor_the_person(
    ann: Any, request: pytest.FixtureRequest, name: str, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        output_of("forget_user", ann.email, "--keep-numbers", "--placeholder", request.getfixturevalue(name).email)
    assert len(ids_of(ann)) == 5


def test_where_no_placeholder_can_be_made_the_option_is_named(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ann)._meta.get_field("password"), "validators", [refuse])
    with pytest.raises(CommandError, match=r"password: wanted Make an inactive account and name it with --placeholder"):
        output_of("forget_user", ann.email, "--keep-numbers")
    assert len(ids_of(ann)) == 5


def refuse(value: str) -> None:
    raise ValidationError("wanted")


@pytest.mark.parametrize("option", [(), ("--keep-numbers",)])
def test_a_dry_run_counts_and_changes_nothing(ann: Any, option: tuple[str, ...]) -> None:
    lines = output_of("forget_user", ann.email, "--dry-run", *option)

    assert lines[0] == "Dry run: nothing is changed."
    assert [line.rpartition(": ")[2] for line in lines[1:5]] == ["5", "5", "2", "1"]
    assert len(ids_of(ann)) == 5
    assert ImportedSession.objects.filter(user=ann).count() == 5
    assert AccessLogEntry.objects.count() == 4
    assert not type(ann).objects.filter(email=DEFAULT_PLACEHOLDER).exists()


@pytest.mark.parametrize("option", [(), ("--keep-numbers",)])
@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_is_finished_by_the_next(
    ann: Any, small_batches: None, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    locks = []
    lock_users = erasure.lock_users

    def fail_at_the_second(users: set[Any], using: str) -> None:
        locks.append(users)
        if len(locks) == 2:
            raise KeyboardInterrupt
        lock_users(users, using)

    monkeypatch.setattr(erasure, "lock_users", fail_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        output_of("forget_user", ann.email, *option)
    assert len(ids_of(ann)) == 3
    assert_exact()

    assert output_of("forget_user", ann.email, *option)[0].endswith(": 3")
    assert ids_of(ann) == []
    assert_exact()


@pytest.mark.django_db(transaction=True)
def test_a_person_who_writes_meanwhile_waits_and_nothing_is_wrong(
    ann: Any, make_session: Any, small_batches: None
) -> None:
    def write() -> None:
        for number in range(10):
            make_session(ann, external_id=f"new-{number}", started_at=NOW - timedelta(number))

    at_once([write, lambda: output_of("forget_user", ann.email)])
    output_of("forget_user", ann.email)
    assert ids_of(ann) == []
    assert_exact()


def test_deleting_the_account_afterwards_leaves_nothing(ann: Any) -> None:
    output_of("forget_user", ann.email)
    ann.delete()
    assert_exact()


def test_an_unknown_person_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match=r"nobody@example.com: no user has this e-mail address"):
        output_of("forget_user", "nobody@example.com")


# prune_sessions ------------------------------------------------------------------------------------------------------


def test_old_sessions_are_deleted_and_the_sums_fall_with_them(
    user: Any, staff: Any, make_session: Any, small_batches: None
) -> None:
    now = timezone.now()
    for days in range(1, 8):
        for person in (user, staff):
            make_session(person, external_id=f"{days}", started_at=now - timedelta(days, minutes=1), models=MODELS)

    assert output_of("prune_sessions", "--older-than", "4", "--dry-run")[0].startswith("Dry run: 8 sessions")
    assert len(ids_of(user)) == 7
    assert output_of("prune_sessions", "--older-than", "4")[0].startswith("Deleted 8 sessions")
    assert ids_of(user) == ids_of(staff) == ["1", "2", "3"]
    assert ModelUsage.objects.count() == 6
    assert_exact()
    assert output_of("prune_sessions", "--older-than", "4")[0].startswith("Deleted 0 sessions")


def test_many_sessions_of_one_instant_are_all_deleted(user: Any, make_session: Any, small_batches: None) -> None:
    for number in range(7):
        make_session(user, external_id=f"{number}", started_at=NOW)
    output_of("prune_sessions", "--older-than", "1")
    assert ids_of(user) == []


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "", "36601", "9" * 5000, "²"])
def test_days_that_are_not_a_number_of_days_are_refused(db: None, days: str) -> None:
    with pytest.raises(CommandError, match="older-than"):
        output_of("prune_sessions", f"--older-than={days}")


def test_the_age_must_be_given(db: None) -> None:
    with pytest.raises(CommandError, match="older-than"):
        output_of("prune_sessions")


def test_a_failed_batch_is_not_half_deleted(
    user: Any, make_session: Any, monkeypatch: pytest.MonkeyPatch, small_batches: None
) -> None:
    for number in range(3):
        make_session(user, external_id=f"{number}", started_at=NOW, models=MODELS)

    def fail_at_last(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr("django.db.models.sql.subqueries.DeleteQuery.do_query", fail_at_last)
        with pytest.raises(DatabaseError):
            erasure.delete_sessions(erasure.sessions_of(user))
    assert len(ids_of(user)) == ModelUsage.objects.count() == 3
    assert_exact()
