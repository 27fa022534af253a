"""Usage by model equals the sum over all rows of model usage, computed in Python, in whatever way they were written."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, ModelUsage
from org_analytics.models.usage import COUNTS
from org_analytics.reporting.model_aggregates import by_model
from org_analytics.rollup import maintenance
from tests import model_brute_force
from tests.reporting.test_exactness import (
    CLOCKS,
    EXAMPLES,
    PEOPLE,
    SESSIONS,
    Host,
    costs,
    keys,
    places,
    providers,
    questions,
    selection,
    values,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.core]

USAGE = ModelUsage._meta.db_table
MODELS = ("opus", "Opus", "gpt-5", "x" * 255)
models = st.sampled_from(MODELS)
counts = st.sampled_from([None, 0, 1, 999_999_999, 10**9, 2**53 - 1])
usages = st.fixed_dictionaries({**dict.fromkeys(COUNTS, counts), "cost_usd": costs})
priced = usages.map(lambda usage: {**usage, "cost_usd": usage["cost_usd"] and min(usage["cost_usd"], Decimal(1_000))})
stated = st.dictionaries(models, priced, max_size=3)
session_rows = st.lists(st.tuples(keys, values(), stated), min_size=1, max_size=5)


class ModelHost(Host):
    """One host's database in one example: also with ways to write model usage."""

    def record_models(self, rows: Any) -> None:
        CodingSession.objects.record_many(
            {
                "user": self.users[person],
                "provider": provider,
                "external_id": external_id,
                "started_at": self.instant(values["started"]),
                "git_info": {"repo_url": values["repo"]} if values["repo"] else None,
                "analyzed": values["analyzed"],
                "duration_ms": values["duration_ms"],
                "models": [{"model": model, **usage} for model, usage in stated.items()],
            }
            for (person, provider, external_id), values, stated in rows
            if self.users[person].pk
        )

    def add(self, place: int, model: str, usage: dict[str, Any]) -> None:
        for session in self._picked(place):
            ModelUsage.objects.get_or_create(session=session, model=model, defaults=usage)

    def upsert_all(self, model: str, usage: dict[str, Any]) -> None:
        """The same model in every session: new in some, replaced in others."""
        ModelUsage.objects.bulk_create(
            (ModelUsage(session=session, model=model, **usage) for session in CodingSession.objects.all()),
            update_conflicts=True,
            unique_fields=["session", "model"],
            update_fields=list(usage),
        )

    def change_all(self, model: str, usage: dict[str, Any]) -> None:
        ModelUsage.objects.filter(model=model).update(**usage)

    def rename(self, place: int, model: str) -> None:
        for row in self._picked_usage(place):
            if not ModelUsage.objects.filter(session=row.session_id, model=model).exists():
                row.model = model
                row.save()

    def give(self, place: int, session_place: int) -> None:
        """Give a row of model usage to another session, unless that has the model."""
        for row in self._picked_usage(place):
            for session in self._picked(session_place):
                if not ModelUsage.objects.filter(session=session, model=row.model).exists():
                    row.session = session
                    row.save()

    def remove(self, place: int) -> None:
        for row in self._picked_usage(place):
            row.delete()

    def remove_all(self, model: str) -> None:
        ModelUsage.objects.filter(model=model).delete()

    def update_times(self, place: int, values: dict[str, Any]) -> None:
        CodingSession.objects.filter(pk__in=[session.pk for session in self._picked(place)]).update(
            **self._columns(values)
        )

    def raw_delete_sessions_first(self, place: int) -> None:
        """The foreign key is checked at the end of the transaction."""
        self._execute(f"DELETE FROM {SESSIONS} WHERE id % 3 = {place % 3}")
        self._execute(f"DELETE FROM {USAGE} WHERE session_id % 3 = {place % 3}")

    def raw_delete_models_first(self, place: int) -> None:
        self._execute(f"DELETE FROM {USAGE} WHERE session_id % 3 = {place % 3}")
        self._execute(f"DELETE FROM {SESSIONS} WHERE id % 3 = {place % 3}")

    def raw_models_first(self, place: int) -> None:
        """A copy of a session, written after its model usage."""
        for session in self._picked(place):
            pk = session.pk + 1_000_000 + CodingSession.objects.count()
            self._execute(
                f"INSERT INTO {USAGE} (session_id, model, requests, cost_usd) VALUES ({pk}, 'first', 7, NULL)"
            )
            self._copy(session.pk, pk)

    def renumber(self, place: int) -> None:
        for session in self._picked(place):
            pk = session.pk + 2_000_000
            self._execute(f"UPDATE {SESSIONS} SET id = {pk} WHERE id = {session.pk}")
            self._execute(f"UPDATE {USAGE} SET session_id = {pk} WHERE session_id = {session.pk}")

    def raw_copy_models(self, place: int) -> None:
        columns = "model, requests, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens, cost_usd"
        self._execute(
            f"INSERT INTO {USAGE} (session_id, {columns}) SELECT session_id + 1, {columns} FROM {USAGE} "
            f"WHERE session_id % 2 = {place % 2} AND session_id + 1 IN (SELECT id FROM {SESSIONS}) "
            "ON CONFLICT DO NOTHING"
        )

    def raw_together(self, place: int) -> None:
        """A session and its model usage in one statement; then a changed session and more of its model usage."""
        if connection.vendor != "postgresql":
            return
        for session in self._picked(place):
            copied = "user_id, provider, repo_id, started_at, title, cost_complete, duration_ms, analyzed_at"
            self._execute(
                f"WITH new AS (INSERT INTO {SESSIONS} (external_id, {copied}) "
                f"SELECT 'new-{session.pk}', {copied} FROM {SESSIONS} WHERE id = {session.pk} "
                "ON CONFLICT DO NOTHING RETURNING id) "
                f"INSERT INTO {USAGE} (session_id, model, requests) SELECT id, 'one', 3 FROM new"
            )
            self._execute(
                f"WITH moved AS (UPDATE {SESSIONS} SET started_at = started_at - interval '1 day' RETURNING id) "
                f"INSERT INTO {USAGE} (session_id, model, requests) SELECT id, 'two', 4 FROM moved "
                "ON CONFLICT DO NOTHING"
            )

    def truncate_models(self, place: int) -> None:
        self._truncate(USAGE)

    def truncate(self, place: int) -> None:
        self._truncate(USAGE, SESSIONS)

    def _truncate(self, *tables: str) -> None:
        if connection.vendor == "sqlite":
            for table in tables:
                self._execute(f"DELETE FROM {table}")
            return
        self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        self._execute("SET CONSTRAINTS ALL DEFERRED")

    def _copy(self, source: int, pk: int) -> None:
        columns = "user_id, provider, repo_id, started_at, title, cost_usd, cost_complete, duration_ms, analyzed_at"
        self._execute(
            f"INSERT INTO {SESSIONS} (id, external_id, {columns}) SELECT {pk}, 'copy-{pk}', {columns} "
            f"FROM {SESSIONS} WHERE id = {source}"
        )

    def _picked_usage(self, place: int) -> Iterator[ModelUsage]:
        yield from ModelUsage.objects.order_by("session_id", "model")[place : place + 1]


writes = st.one_of(
    write("record_models", session_rows),
    write("add", places, models, usages),
    write("upsert_all", models, usages),
    write("change_all", models, usages),
    write("rename", places, models),
    write("give", places, places),
    write("remove", places),
    write("remove_all", models),
    write("update_times", places, values()),
    write("update", providers, values()),
    write("move", places, keys),
    write("raw_update", st.integers(0, 10**14)),
    write("delete", places),
    write("delete_queryset", providers),
    write("delete_user", st.sampled_from(PEOPLE)),
    write("raw_delete_sessions_first", places),
    write("raw_delete_models_first", places),
    write("raw_models_first", places),
    write("raw_copy_models", places),
    write("raw_together", st.integers(0, 3)),
    write("renumber", places),
    write("truncate_models", places),
    write("truncate", places),
)
histories = st.tuples(session_rows, st.lists(writes, max_size=10))


def example_of(clock: datetime) -> Callable[[Any, Any], None]:
    """Write, compare the answers, and roll everything back."""

    def example(history: Any, asked: Any) -> None:
        first, steps = history
        with transaction.atomic():
            host = ModelHost(clock)
            host.record_models(first)
            for name, arguments in steps:
                getattr(host, name)(*arguments)
                assert not list(maintenance.usage_differences("default")), name
            members = get_user_model().objects.filter(is_active=True)
            for question in asked:
                asked_for = selection(clock, question)
                assert by_model(asked_for, members) == model_brute_force.by_model(asked_for)
            transaction.set_rollback(True)

    return example


def check(clock: datetime, count: int) -> None:
    run = given(histories, questions)(example_of(clock))
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    settings(max_examples=count, deadline=None, suppress_health_check=checks, phases=phases)(run)()


@pytest.mark.parametrize("zone", CLOCKS)
def test_usage_by_model_is_exact_whatever_was_written_and_wherever_days_are_cut(zone: str, settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    maintenance.rebuild("default")
    check(CLOCKS[zone], EXAMPLES)


def test_usage_by_model_is_exact_while_the_days_are_cut_in_another_zone(settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "America/New_York"
    check(CLOCKS["UTC"], EXAMPLES)
