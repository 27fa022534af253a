"""Every answer equals the sum over all sessions, computed in Python, in whatever way they were written."""

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from org_analytics.choices import Provider
from org_analytics.models import CodingSession, Repo
from org_analytics.periods import Days
from org_analytics.reporting.selection import Selection
from org_analytics.rollup import maintenance
from tests.brute_force import assert_exact
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]

# Zone → an instant at which its clock does something.
CLOCKS = {
    "UTC": datetime(2026, 3, 1, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 29, 1, tzinfo=UTC),  # an hour skipped
    "Asia/Kathmandu": datetime(2026, 3, 1, 18, 15, tzinfo=UTC),  # midnight at a quarter past
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),  # a day skipped
    "America/St_Johns": datetime(2010, 11, 7, 2, 31, tzinfo=UTC),  # a minute after midnight it is yesterday again
}
PEOPLE, IDS, PATHS = range(3), range(6), ("acme/api", "acme/web", "bob/api", "eve/api")
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))
SESSIONS = CodingSession._meta.db_table

people = st.sampled_from(PEOPLE)
ids = st.sampled_from(IDS).map(str)
providers = st.sampled_from(Provider.values[:2])
costs = st.sampled_from([None, Decimal(0), Decimal("0.000000001"), Decimal("1.999999999"), Decimal(100_000)])
times = st.sampled_from([None, 0, 1, 366 * 86_400_000])
offsets = st.one_of(
    st.integers(-4 * 86_400, 4 * 86_400),
    st.integers(-96, 96).map(lambda hours: hours * 3_600),
    st.integers(-2, 2),
    st.integers(-30, 30).map(lambda days: days * 86_400),  # so that whole ten days lie between two of them
)
instants = st.tuples(offsets, st.sampled_from([0, 0, 1, 999_999]))


@st.composite
def values(draw: Any) -> dict[str, Any]:
    """The values of a session, except its key."""
    return {
        "started": draw(instants),
        "repo": draw(st.none() | st.sampled_from(PATHS)),
        "cost_usd": draw(costs),
        "cost_complete": draw(st.booleans()),
        "duration_ms": draw(times),
        "assistant_ms": draw(times),
        "user_ms": draw(times),
        "analyzed": draw(st.booleans()),
    }


keys = st.tuples(people, providers, ids)
rows = st.lists(st.tuples(keys, values()), min_size=1, max_size=5)
places = st.integers(0, 30)


class Host:
    """One host's database in one example: each method is a way to write sessions."""

    def __init__(self, clock: datetime) -> None:
        self.clock = clock
        self.users = [create_user(f"{place}@example.com") for place in PEOPLE]
        Repo.objects.bulk_create(Repo(path=path, key=path) for path in PATHS)
        self.repos = {repo.path: repo for repo in Repo.objects.all()}

    def record(self, key: Any, values: dict[str, Any]) -> None:
        self.record_many([(key, values)])

    def record_many(self, rows: Any) -> None:
        CodingSession.objects.record_many(
            {
                "user": self.users[person],
                "provider": provider,
                "external_id": external_id,
                "started_at": self.instant(values["started"]),
                "git_info": {"repo_url": values["repo"]} if values["repo"] else None,
                **{name: values[name] for name in values if name not in ("started", "repo")},
            }
            for (person, provider, external_id), values in rows
            if self.users[person].pk
        )

    def bulk_create(self, rows: Any) -> None:
        with contextlib.suppress(ValueError):
            CodingSession.objects.bulk_create(self._unsaved(rows), ignore_conflicts=True)

    def upsert(self, rows: Any) -> None:
        CodingSession.objects.bulk_create(
            self._unsaved(rows),
            update_conflicts=True,
            unique_fields=["user", "provider", "external_id"],
            update_fields=["started_at", "repo", "cost_usd", "cost_complete", "duration_ms", "analyzed_at"],
        )

    def save(self, place: int, values: dict[str, Any]) -> None:
        for session in self._picked(place):
            self._set(session, values).save()

    def move(self, place: int, key: Any) -> None:
        """Give a session another person, provider and id, unless they are taken."""
        person, provider, external_id = key
        taken = CodingSession.objects.filter(user=self.users[person].pk, provider=provider, external_id=external_id)
        if self.users[person].pk and not taken.exists():
            for session in self._picked(place):
                session.user, session.provider, session.external_id = self.users[person], provider, external_id
                session.save(update_fields=["user", "provider", "external_id"])

    def bulk_update(self, values: dict[str, Any]) -> None:
        sessions = [self._set(session, values) for session in CodingSession.objects.all()[::2]]
        CodingSession.objects.bulk_update(sessions, ["started_at", "repo", "cost_usd", "analyzed_at", "user_ms"])

    def update(self, provider: str, values: dict[str, Any]) -> None:
        CodingSession.objects.filter(provider=provider).update(**self._columns(values))

    def delete(self, place: int) -> None:
        for session in self._picked(place):
            session.delete()

    def delete_queryset(self, provider: str) -> None:
        CodingSession.objects.filter(provider=provider).delete()

    def delete_user(self, person: int) -> None:
        if self.users[person].pk:
            self.users[person].delete()

    def raw_update(self, seconds: int) -> None:
        sqlite = "strftime('%Y-%m-%d %H:%M:%f', started_at, '1 hours')"
        moved = "started_at + interval '1 hours'" if connection.vendor == "postgresql" else sqlite
        self._execute(f"UPDATE {SESSIONS} SET started_at = {moved}, ended_at = NULL, cost_usd = {abs(seconds)}")

    def raw_delete(self, place: int) -> None:
        self._execute(f"DELETE FROM {SESSIONS} WHERE id % 3 = {place % 3}")

    def raw_copy(self, place: int) -> None:
        columns = "user_id, provider, repo_id, started_at, title, cost_usd, cost_complete, duration_ms, analyzed_at"
        self._execute(
            f"INSERT INTO {SESSIONS} (external_id, {columns}) SELECT external_id || '-{place}', {columns} "
            f"FROM {SESSIONS} WHERE length(external_id) < 6 ON CONFLICT DO NOTHING"
        )

    def truncate(self, place: int) -> None:
        is_postgresql = connection.vendor == "postgresql"
        if is_postgresql:
            self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._execute(f"TRUNCATE {SESSIONS} CASCADE" if is_postgresql else f"DELETE FROM {SESSIONS}")

    def switch(self, person: int) -> None:
        """Deactivate a person, or activate them again."""
        for user in get_user_model().objects.filter(pk=self.users[person].pk):
            user.is_active = not user.is_active
            user.save()

    def link(self, fork: str, upstream: str | None) -> None:
        with contextlib.suppress(ValidationError), transaction.atomic():
            if fork != upstream:
                Repo.objects.pin(self.repos[fork], self.repos.get(upstream or ""))

    def instant(self, started: tuple[int, int]) -> datetime:
        seconds, microseconds = started
        return self.clock + timedelta(seconds=seconds, microseconds=microseconds)

    def _columns(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "started_at": self.instant(values["started"]),
            "repo": self.repos.get(values["repo"]),
            "cost_usd": values["cost_usd"],
            "cost_complete": values["cost_complete"],
            "duration_ms": values["duration_ms"],
            "assistant_ms": values["assistant_ms"],
            "user_ms": values["user_ms"],
            "analyzed_at": self.clock if values["analyzed"] else None,
        }

    def _unsaved(self, rows: Any) -> list[CodingSession]:
        sessions = {
            key: CodingSession(user=self.users[key[0]], provider=key[1], external_id=key[2], **self._columns(values))
            for key, values in rows
            if self.users[key[0]].pk
        }
        return list(sessions.values())

    def _set(self, session: CodingSession, values: dict[str, Any]) -> CodingSession:
        for name, value in self._columns(values).items():
            setattr(session, name, value)
        return session

    def _picked(self, place: int) -> Iterator[CodingSession]:
        yield from CodingSession.objects.order_by("pk")[place : place + 1]

    def _execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


def write(name: str, *arguments: Any) -> Any:
    return st.tuples(st.just(name), st.tuples(*arguments))


writes = st.one_of(
    write("record", keys, values()),
    write("record_many", rows),
    write("bulk_create", rows),
    write("upsert", rows),
    write("save", places, values()),
    write("move", places, keys),
    write("bulk_update", values()),
    write("update", providers, values()),
    write("delete", places),
    write("delete_queryset", providers),
    write("delete_user", people),
    write("raw_update", st.integers(0, 10**14)),
    write("raw_delete", places),
    write("raw_copy", places),
    write("truncate", places),
    write("switch", people),
    write("link", st.sampled_from(PATHS), st.none() | st.sampled_from(PATHS)),
)
# First sessions, then up to eight writes of any kind.
histories = st.tuples(rows, st.lists(writes, max_size=8))
questions = st.lists(
    st.tuples(
        st.tuples(offsets, offsets).filter(lambda ends: ends[0] != ends[1]).map(sorted),
        st.lists(st.sampled_from(Provider.values[:3]), unique=True, max_size=2).map(tuple),
        st.lists(st.sampled_from([*PATHS, "no/such"]), unique=True, max_size=2).map(tuple),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def selection(clock: datetime, question: Any) -> Selection:
    (first, last), providers, repos, include_no_repo = question
    start, end = clock + timedelta(seconds=first), clock + timedelta(seconds=last)
    return Selection(start, end, Days(start.date(), end.date()), providers, repos, include_no_repo)


def example_of(clock: datetime) -> Callable[[Any, Any], None]:
    """Write, compare the answers, and roll everything back."""

    def example(history: Any, asked: Any) -> None:
        first, steps = history
        with transaction.atomic():
            host = Host(clock)
            host.upsert(first)
            for name, arguments in steps:
                getattr(host, name)(*arguments)
            assert not list(maintenance.usage_differences("default"))
            for question in asked:
                assert_exact(selection(clock, question))
            transaction.set_rollback(True)

    return example


def check(clock: datetime, count: int) -> None:
    run = given(histories, questions)(example_of(clock))
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Shrinking would take minutes on PostgreSQL.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    settings(max_examples=count, deadline=None, suppress_health_check=checks, phases=phases)(run)()


@pytest.mark.parametrize("zone", CLOCKS)
def test_answers_are_exact_whatever_was_written_and_wherever_days_are_cut(zone: str, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    maintenance.rebuild("default")
    check(CLOCKS[zone], EXAMPLES)


def test_answers_are_exact_while_the_days_are_cut_in_another_zone(settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "America/New_York"
    check(CLOCKS["UTC"], EXAMPLES)
