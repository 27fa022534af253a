"""The access log: who was shown whose numbers."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from org_analytics.logs import access_log
from org_analytics.logs.access_log import View
from org_analytics.models import AccessLogEntry
from org_analytics.reporting import snapshots
from org_analytics.reporting.members import person_of
from tests.questions import ANALYTICS, RANGE, REPOS

SERIES = "/api/v1/org/series"
ADMIN = "/admin/org_analytics/accesslogentry/"
PAGE = "/organization?range=90d"


def entries() -> list[tuple[str, int]]:
    return list(AccessLogEntry.objects.order_by("pk").values_list("view", "row_count"))


def subjects() -> list[set[str]]:
    """The people of each entry, oldest first."""
    return [{user.email for user in entry.subjects.all()} for entry in AccessLogEntry.objects.order_by("pk")]


def output_of(command: str, *arguments: str) -> str:
    shown = StringIO()
    call_command(command, *arguments, stdout=shown)
    return shown.getvalue()


@pytest.fixture
def add_entry(db: None) -> Callable[..., AccessLogEntry]:
    """`add_entry(reader, sam, days=3)`: an entry about Sam, written three days ago."""

    def add(reader: Any, *people: Any, days: int = 0, view: View = View.ORGANIZATION) -> AccessLogEntry:
        at = timezone.now() - timedelta(days)
        entry = AccessLogEntry.objects.create(reader=reader, view=view, row_count=1, at=at)
        entry.subjects.set(people)
        return entry

    return add


# What is logged ------------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_each_answer_with_numbers_is_logged_with_its_rows(
    api: Client, user: Any, staff: Any, make_session: Any
) -> None:
    make_session(user, git_info={"path": "acme/api"})
    for url in (ANALYTICS, REPOS, SERIES):
        assert api.get(url, RANGE).status_code == 200
    for url in (PAGE, "/organization.csv", "/organization.json"):
        assert b"".join(api.get(url)) is not None

    assert entries() == [
        ("api-analytics", 2),
        ("api-repos", 1),
        ("api-series", 3),
        ("organization", 2),
        ("csv", 2),
        ("json", 2),
    ]
    assert set(AccessLogEntry.objects.values_list("reader", flat=True)) == {user.pk}
    assert subjects() == [set()] * 6


def test_a_page_that_shows_numbers_beside_an_error_is_logged(api: Client) -> None:
    assert api.get("/organization?range=x").status_code == 400
    assert entries() == [("organization", 1)]


@pytest.mark.parametrize("url", [f"{ANALYTICS}?start_ts=x", "/organization.csv?range=x", "/api/v1/org/nothing"])
def test_an_answer_without_numbers_is_not_logged(api: Client, url: str) -> None:
    assert api.get(url).status_code in (400, 404)
    assert entries() == []


def test_a_refused_reader_is_not_logged(client: Client, api: Client, settings: Any) -> None:
    assert client.get(ANALYTICS).status_code == 401
    assert client.get(PAGE).status_code == 302
    settings.ALLOWED_EMAIL_DOMAINS = "elsewhere.example"
    assert api.get(ANALYTICS).status_code == 403
    assert api.get(PAGE).status_code == 403
    settings.ENABLE_ORG_ANALYTICS = False
    assert api.get(ANALYTICS).status_code == 404
    assert entries() == []


def test_prices_and_writing_are_not_logged(api: Client) -> None:
    assert api.get("/api/v1/org/prices").status_code == 200
    assert api.post("/api/v1/org/sessions", {"sessions": []}, content_type="application/json").status_code == 200
    assert entries() == []


def test_filters_are_logged_without_the_search_text(api: Client, staff: Any) -> None:
    api.get("/organization?range=7d&provider=codex&repo=acme/api&include_no_repo=0&q=sam")

    [entry] = AccessLogEntry.objects.all()
    assert entry.filters.keys() == {
        "start",
        "end",
        "providers",
        "repos",
        "repo_count",
        "include_no_repo",
        "has_search",
        "people_count",
    }
    assert (entry.filters["providers"], entry.filters["repos"]) == (["codex"], ["acme/api"])
    assert "sam" not in str(entry.filters)


def test_an_entry_names_ten_repositories_at_most(api: Client) -> None:
    api.get(ANALYTICS, {"repos": ",".join(f"acme/repo{number}" for number in range(50))})

    [entry] = AccessLogEntry.objects.all()
    assert (len(entry.filters["repos"]), entry.filters["repo_count"]) == (10, 50)


# Whom it is about ----------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_search_that_finds_a_few_people_is_about_them(api: Client, user: Any, staff: Any, inactive: Any) -> None:
    api.get("/organization?q=example.com")
    api.get("/organization?q=sam")
    api.get("/organization")

    assert subjects() == [{user.email, staff.email}, {staff.email}, set()]


def test_a_search_that_finds_many_people_is_about_nobody(api: Client, make_user: Any) -> None:
    for _number in range(11):
        make_user()
    api.get("/organization?q=example.com")
    assert subjects() == [set()]


def test_an_answer_about_the_reader_alone_is_not_logged(api: Client, user: Any) -> None:
    api.get("/organization?q=ann")
    api.get(ANALYTICS, {"person": user.pk})
    api.get("/api/v1/org/people/me/sessions")
    assert entries() == []


@pytest.mark.core
def test_a_filter_of_people_is_about_them(api: Client, user: Any, staff: Any, superuser: Any, make_user: Any) -> None:
    make_user()
    for path in (ANALYTICS, SERIES):
        assert api.get(path, {"person": [staff.pk, superuser.pk]}).status_code == 200

    assert subjects() == [{staff.email, superuser.email}] * 2


@pytest.mark.core
def test_a_person_and_a_breakdown_are_logged(api: Client, staff: Any, make_session: Any) -> None:
    make_session(staff, git_info={"path": "acme/api"})
    assert api.get(f"/api/v1/org/people/{staff.pk}", RANGE).status_code == 200
    assert api.get("/api/v1/org/breakdown", {**RANGE, "by": "person"}).status_code == 200
    assert api.get("/api/v1/org/people/me", RANGE).status_code == 200

    assert [view for view, _count in entries()] == ["api-person", "api-breakdown"]
    assert subjects() == [{staff.email}, set()]


@pytest.mark.core
def test_a_session_and_a_list_of_sessions_are_about_their_owner(
    api: Client, staff: Any, make_session: Any, settings: Any
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    session = make_session(staff)
    assert api.get(f"/api/v1/org/people/{staff.pk}/sessions", RANGE).status_code == 200
    assert api.get(f"/api/v1/org/sessions/{session.pk}").status_code == 200

    assert entries() == [("api-person-sessions", 1), ("api-session", 1)]
    assert subjects() == [{staff.email}] * 2
    assert AccessLogEntry.objects.latest("pk").filters == {"people_count": 1, "session": session.pk}


def test_a_session_that_the_reader_may_not_see_is_not_logged(api: Client, staff: Any, make_session: Any) -> None:
    session = make_session(staff)
    assert api.get(f"/api/v1/org/sessions/{session.pk}").status_code == 404
    assert api.get(f"/api/v1/org/people/{staff.pk}/sessions", RANGE).status_code == 404
    assert entries() == []


def test_people_who_do_not_exist_do_not_hide_the_others(api: Client, staff: Any) -> None:
    assert api.get(SERIES, {"person": [staff.pk, 2**31 - 1]}).status_code == 200
    assert subjects() == [{staff.email}]


@pytest.mark.core
def test_the_command_shows_who_else_looked_at_a_person(user: Any, staff: Any, superuser: Any, add_entry: Any) -> None:
    add_entry(user, staff, days=2, view=View.PERSON)
    add_entry(superuser, staff, user, days=1, view=View.CSV)
    add_entry(staff, staff, user)
    add_entry(superuser)

    [newest, oldest] = output_of("access_log", staff.email).splitlines()
    assert newest.split()[-2:] == ["csv", superuser.email]
    assert oldest.split()[-2:] == ["person", user.email]
    assert [access.reader.name for access in access_log.accesses_to(staff.pk, limit=1)] == ["Rosa Root"]


def test_the_command_says_that_nobody_looked(user: Any) -> None:
    assert output_of("access_log", user.email).startswith("Nobody was shown")


def test_the_command_refuses_an_unknown_person(db: None) -> None:
    with pytest.raises(CommandError, match="no user has this e-mail address"):
        call_command("access_log", "nobody@example.com")


def test_a_reader_of_whom_only_a_token_tells_is_named(django_user_model: Any, staff: Any) -> None:
    reader = django_user_model(pk=2**31 - 1, email="token@example.com")
    access_log.record(reader, View.API_PERSON, row_count=1, owner=person_of(staff))
    assert output_of("access_log", staff.email).split()[-2:] == ["api-person", "token@example.com"]


def test_an_entry_about_the_whole_organization_is_one_statement(user: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):  # with its savepoint
        access_log.record(user, View.API_REPOS, row_count=1)


# How long it is kept -------------------------------------------------------------------------------------------------


def test_old_entries_are_not_shown_and_are_deleted_by_the_command(
    user: Any, staff: Any, settings: Any, add_entry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG_DAYS = 7
    monkeypatch.setattr(access_log, "_PRUNE_BATCH", 2)
    for days in (6, 8, 9, 10):
        add_entry(user, staff, days=days)

    assert len(access_log.accesses_to(staff.pk)) == 1
    assert output_of("prune_access_log") == "Deleted 3 entries.\n"
    assert AccessLogEntry.objects.count() == 1
    assert output_of("prune_access_log") == "Deleted 0 entries.\n"


def test_writing_deletes_old_entries_in_small_steps(user: Any, add_entry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "_PRUNE_EVERY", 1)
    monkeypatch.setattr(access_log, "_PRUNE_AT_MOST", 2)
    for days in (89, 91, 92, 93):
        add_entry(user, days=days)

    access_log.record(user, View.API_REPOS, row_count=1)
    assert AccessLogEntry.objects.count() == 3
    access_log.record(user, View.API_REPOS, row_count=1)
    assert AccessLogEntry.objects.count() == 3


def test_writing_deletes_more_than_it_adds() -> None:
    assert access_log._PRUNE_AT_MOST > access_log._PRUNE_EVERY


# Never in the way ----------------------------------------------------------------------------------------------------


def test_one_setting_turns_it_off(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG = False
    assert api.get(ANALYTICS).status_code == 200
    assert api.get(PAGE).status_code == 200
    assert entries() == []


@pytest.mark.parametrize("error", [OperationalError("secret"), ValueError("secret"), TypeError("secret")])
def test_a_failure_to_write_does_not_break_the_answer(
    api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(AccessLogEntry, "save", fail)
    with caplog.at_level(logging.WARNING, "org_analytics"):
        assert api.get(ANALYTICS).status_code == 200
        assert api.get("/organization").status_code == 200
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"An access log entry was not written: {type(error).__name__}"] * 2


@pytest.mark.parametrize("name", ["ORG_ANALYTICS_ACCESS_LOG", "ORG_ANALYTICS_ACCESS_LOG_DAYS"])
def test_a_wrong_setting_does_not_break_the_answer(
    api: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(access_log, "_PRUNE_EVERY", 1)
    setattr(settings, name, "90 days")
    assert api.get(ANALYTICS).status_code == 200


def test_a_failure_leaves_the_hosts_transaction_usable(api: Client, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccessLogEntry._meta.get_field("view"), "get_db_prep_save", lambda *_args, **_kwargs: "x" * 99)
    monkeypatch.setattr(AccessLogEntry._meta.get_field("row_count"), "get_db_prep_save", lambda *_args, **_kwargs: -1)
    with transaction.atomic():
        access_log.record(user, View.API_REPOS, row_count=1)
        assert entries() == []


@pytest.mark.django_db(transaction=True)
def test_it_is_written_after_the_snapshot_in_a_transaction_of_its_own(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds under ATOMIC_REQUESTS too."""
    found: list[tuple[bool, bool]] = []
    write = access_log._write

    def spy(*args: Any) -> None:
        found.append((connection.in_atomic_block, snapshots._open.get() is not None))
        write(*args)

    monkeypatch.setattr(access_log, "_write", spy)
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        api.get(ANALYTICS)
        api.get(PAGE)
        b"".join(api.get("/organization.csv"))
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False

    assert found == [(False, False)] * 3
    assert len(entries()) == 3


@pytest.mark.django_db(transaction=True, databases=["default"])
def test_a_lock_is_waited_for_a_moment_only(user: Any, caplog: pytest.LogCaptureFixture, locked: None) -> None:
    started = time.monotonic()
    with caplog.at_level(logging.WARNING, "org_analytics"):
        access_log.record(user, View.API_REPOS, row_count=1)
    waited = time.monotonic() - started

    assert 0.04 <= waited < 1
    assert [record.getMessage() for record in caplog.records] == [
        "An access log entry was not written: OperationalError"
    ]


@pytest.mark.django_db(transaction=True)
def test_the_hosts_own_waiting_time_is_put_back(user: Any) -> None:
    shown = "PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout"
    with connection.cursor() as cursor:
        before = cursor.execute(shown).fetchone()
        access_log.record(user, View.API_REPOS, row_count=1)
        assert cursor.execute(shown).fetchone() == before
    assert len(entries()) == 1


@pytest.fixture
def locked(transactional_db: None, user: Any) -> Iterator[None]:
    """Another connection holds what an entry needs: SQLite's only write lock, or the reader's row."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        other: Any = sqlite3.connect(settings["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})
        key = str(user.pk)
        other.execute(f"SELECT 1 FROM {user._meta.db_table} WHERE id = %s FOR UPDATE", [key])
    yield
    other.rollback()
    other.close()
    connections.close_all()


# In the admin --------------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_the_admin_shows_entries_and_changes_nothing(
    client_of: Callable[[Any], Client], superuser: Any, user: Any, add_entry: Any
) -> None:
    entry = add_entry(user, superuser)
    admin = client_of(superuser)

    assert superuser.email in admin.get(ADMIN).text
    assert admin.get(f"{ADMIN}{entry.pk}/change/").status_code == 200
    assert admin.post(f"{ADMIN}{entry.pk}/change/", {"row_count": 7}).status_code == 403
    assert admin.get(f"{ADMIN}add/").status_code == 403
    assert admin.post(f"{ADMIN}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"}
    admin.post(ADMIN, chosen)
    assert entries() == [("organization", 1)]


def test_the_admin_asks_as_often_for_many_entries(
    client_of: Callable[[Any], Client],
    superuser: Any,
    user: Any,
    staff: Any,
    add_entry: Any,
    django_assert_max_num_queries: Any,
) -> None:
    admin = client_of(superuser)
    for _number in range(20):
        add_entry(user, staff)
    with django_assert_max_num_queries(12):
        assert admin.get(ADMIN).status_code == 200


def test_the_index_of_the_admin_names_it_only_to_those_who_may_see_it(
    client_of: Callable[[Any], Client], staff: Any
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="view_repo"))
    assert ADMIN not in client_of(staff).get("/admin/").text
    staff.user_permissions.add(Permission.objects.get(codename="view_accesslogentry"))
    assert ADMIN in client_of(staff).get("/admin/").text


def test_staff_who_may_delete_users_delete_their_entries_with_them(
    client_of: Callable[[Any], Client], staff: Any, user: Any, inactive: Any, add_entry: Any
) -> None:
    add_entry(user, staff)
    add_entry(inactive, user)
    model = user._meta.model_name
    names = [f"delete_{model}", f"view_{model}", "delete_codingsession", "delete_modelusage"]
    staff.user_permissions.set(Permission.objects.filter(codename__in=names))
    url = f"/admin/{user._meta.app_label}/{model}/{user.pk}/delete/"

    assert client_of(staff).post(url, {"post": "yes"}).status_code == 302
    assert [entry.reader_id for entry in AccessLogEntry.objects.all()] == [inactive.pk]
    assert subjects() == [set()]
