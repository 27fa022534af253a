"""The database itself refuses bad rows, and its indexes serve the queries."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError
from django.db.models.deletion import ProtectedError

from org_analytics.choices import Provider
from org_analytics.models import CodingSession, ForkSighting, Repo
from tests.questions import NOW

MAX_MS = 366 * 86_400_000

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(user: Any, make_session: Any) -> CodingSession:
    return make_session(user, external_id="a", git_info={"repo_url": "acme/api"})


def update_by_sql(model: Any, column: str, value: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s", [value])
        # What PostgreSQL would check at commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE" if connection.vendor == "postgresql" else "SELECT 1")


@pytest.mark.core
@pytest.mark.parametrize(
    ("constraint", "column", "value"),
    [
        ("org_session_provider", "provider", "windsurf"),
        ("org_session_provider", "provider", "Claude Code"),
        ("org_session_external_id", "external_id", ""),
        ("org_session_started_at", "started_at", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("org_session_started_at", "started_at", datetime(2101, 1, 1, tzinfo=UTC)),
        ("org_session_ended_at", "ended_at", NOW - timedelta(seconds=1)),
        ("org_session_cost_usd", "cost_usd", -1),
        ("org_session_cost_usd", "cost_usd", 100_000 * 10**9 + 1),
        ("org_session_duration_ms", "duration_ms", -1),
        ("org_session_duration_ms", "duration_ms", MAX_MS + 1),
        ("org_session_assistant_ms", "assistant_ms", -1),
        ("org_session_assistant_ms", "assistant_ms", MAX_MS + 1),
        ("org_session_user_ms", "user_ms", -1),
        ("org_session_user_ms", "user_ms", MAX_MS + 1),
    ],
)
def test_sql_cannot_write_a_bad_session(session: CodingSession, constraint: str, column: str, value: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        update_by_sql(CodingSession, column, value)


def test_a_session_is_unique_by_user_provider_and_external_id(session: CodingSession, user: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CodingSession.objects.create(user=user, provider=session.provider, external_id="a", started_at=NOW)


def test_a_repository_is_unique_by_its_folded_path(session: CodingSession) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Repo.objects.create(path="ACME/Api")


def test_a_repository_is_not_its_own_upstream(session: CodingSession) -> None:
    for column, constraint in (("upstream_id", "not_own_upstream"), ("found_upstream_id", "not_own_found")):
        with pytest.raises(IntegrityError, match=constraint):
            update_by_sql(Repo, column, session.repo_id)


def test_a_root_needs_an_upstream(session: CodingSession) -> None:
    with pytest.raises(IntegrityError, match="root_with_upstream"):
        update_by_sql(Repo, "root_id", session.repo_id)


def test_a_sighting_is_kept_once_and_never_of_itself(session: CodingSession, user: Any) -> None:
    other = Repo.objects.create(path="ann/api")
    ForkSighting.objects.create(repo=other, upstream=session.repo, user=user)
    ForkSighting.objects.create(repo=other, upstream=None, user=user)

    for repo, upstream in ((other, session.repo), (other, None), (other, other)):
        with pytest.raises(IntegrityError), transaction.atomic():
            ForkSighting.objects.create(repo=repo, upstream=upstream, user=user)


def test_a_repository_with_sessions_is_protected(session: CodingSession) -> None:
    with pytest.raises((ProtectedError, RestrictedError)):
        session.repo.delete()


@pytest.mark.core
def test_a_persons_sessions_go_with_the_person(session: CodingSession, user: Any) -> None:
    user.delete()

    assert not CodingSession.objects.exists()
    assert Repo.objects.exists()


@pytest.mark.core
def test_a_users_sessions_are_found_from_the_user(session: CodingSession, user: Any) -> None:
    assert list(user.coding_sessions.all()) == [session]


def test_full_clean_names_a_bad_field(session: CodingSession) -> None:
    session.cost_usd = Decimal("NaN")
    session.provider = "windsurf"

    with pytest.raises(ValidationError) as refusal:
        session.full_clean()

    assert {"cost_usd", "provider"} <= refusal.value.message_dict.keys()


def test_objects_say_what_they_are(session: CodingSession, user: Any) -> None:
    assert str(session) == "Claude Code a"
    assert str(session.repo) == "acme/api"
    sighting = ForkSighting(repo=session.repo)
    assert str(sighting) == "acme/api → —"
    sighting.upstream = Repo(path="x/y")
    assert str(sighting) == "acme/api → x/y"


def test_saving_a_repository_folds_its_path(db: None) -> None:
    repo = Repo.objects.create(path="Acme/STRASSE")

    assert repo.key == "acme/strasse"
    assert len(Repo.objects.create(path="ΐ" * 512).key) == 3 * 512


def test_the_legacy_spelling_is_not_a_separate_provider() -> None:
    assert Provider.values == ["claude-code", "codex", "opencode", "cursor"]


# Query sets ----------------------------------------------------------------------------------------------------------


def test_query_sets_narrow_and_chain(user: Any, make_session: Any) -> None:
    for number, provider in enumerate(Provider.values):
        make_session(
            user,
            provider=provider,
            external_id=provider,
            started_at=NOW + timedelta(hours=number),
            analyzed=number != 1,
        )
    sessions = CodingSession.objects.order_by("started_at")

    def ids(found: Any) -> list[str]:
        return [session.external_id for session in found]

    assert ids(sessions.started_between(NOW, NOW + timedelta(hours=2))) == ["claude-code", "codex"]
    assert ids(sessions.analyzed()) == ["claude-code", "opencode", "cursor"]
    assert ids(sessions.of_providers([])) == Provider.values
    assert ids(sessions.of_providers(["codex", "cursor"]).analyzed()) == ["cursor"]


def plan(queryset: Any) -> str:
    """The query plan, without full scans and without bitmap scans, which depend on statistics."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        return str(queryset.explain())


def test_a_range_of_sessions_is_found_by_index(session: CodingSession) -> None:
    found = plan(CodingSession.objects.started_between(NOW, NOW + timedelta(days=1)).values("user", "provider"))

    assert re.search(r"INDEX org_session_|Index (Only )?Scan using org_session_", found)


def test_the_row_of_a_key_is_found_by_its_unique_index(session: CodingSession, user: Any) -> None:
    found = plan(CodingSession.objects.filter(user=user, provider="codex", external_id="a"))

    assert "org_session_unique" in found or "sqlite_autoindex" in found


def test_a_repository_is_found_by_its_folded_path(session: CodingSession) -> None:
    found = plan(Repo.objects.named(["acme/api"]))

    assert re.search(r"USING (COVERING )?INDEX |Index (Only )?Scan ", found)
    assert "key" in found
