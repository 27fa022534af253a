"""Migrations that add tables beside the sessions: from zero, and from a database that has data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from org_analytics.models import AccessLogEntry, CodingSession, NewRepoCount
from org_analytics.rollup import maintenance
from tests.questions import NOW
from tests.scratch import scratch_database
from tests.users import create_user


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[str]:
    """The alias of an empty database."""
    with django_db_blocker.unblock(), scratch_database(tmp_path) as alias:
        yield alias


def migrate(alias: str, *target: str) -> None:
    call_command("migrate", *target, database=alias, verbosity=0)


def tables(alias: str) -> set[str]:
    """The tables of the access log and of the counts of new repositories."""
    prefixes = ("org_analytics_access", "org_analytics_newrepo")
    return {name for name in connections[alias].introspection.table_names() if name.startswith(prefixes)}


def add_user(alias: str) -> Any:
    user = create_user("ann@example.com")
    user.save(using=alias)
    type(user).objects.using("default").filter(pk=user.pk).delete()
    return user


@pytest.mark.core
@pytest.mark.django_db(transaction=True)
def test_the_tables_are_added_and_removed_beside_sessions(scratch: str) -> None:
    migrate(scratch)
    migrate(scratch, "org_analytics", "0004")
    assert tables(scratch) == set()
    user = add_user(scratch)
    CodingSession.objects.using(scratch).create(
        user_id=user.pk, provider="codex", external_id="1", started_at=NOW, analyzed_at=NOW
    )

    migrate(scratch)
    AccessLogEntry.objects.using(scratch).create(reader_id=user.pk, view="csv", row_count=1).subjects.add(user.pk)
    NewRepoCount.objects.using(scratch).create(user_id=user.pk, day=NOW.date(), count=1)
    assert list(maintenance.differences(scratch)) == []

    migrate(scratch, "org_analytics", "0004")
    assert tables(scratch) == set()
    assert CodingSession.objects.using(scratch).count() == 1
