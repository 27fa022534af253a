"""An organization into the database of DATABASE_URL: `python -m benchmarks.load SESSIONS PEOPLE [forks] [naive]`."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import django
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.data import END, REPOS, TEAMS, Size, cells, root_of, sessions, teams_of

COLUMNS = (
    "user_id, provider, repo_id, external_id, started_at, ended_at, cost_usd, cost_complete, duration_ms, "
    "assistant_ms, user_ms, analyzed_at, title"
)
NAIVE = """
    CREATE TABLE naive_session AS SELECT
        s.id, s.user_id, s.provider, s.started_at, s.cost_usd / 1000000000.0 AS cost_usd, s.duration_ms, s.assistant_ms,
        s.user_ms, s.analyzed_at, CASE WHEN r.id IS NULL THEN NULL ELSE jsonb_build_object(
            'repo_url', 'git@git.example.com:' || r.path || '.git', 'branch', 'main',
            'tracking_remote', CASE WHEN u.id IS NULL THEN 'origin' ELSE 'upstream' END,
            'remotes', jsonb_build_array(
                jsonb_build_object('name', 'origin', 'fetch_url', 'git@git.example.com:' || r.path || '.git'),
                jsonb_build_object('name', 'upstream', 'fetch_url',
                    'https://git.example.com/' || coalesce(u.path, r.path) || '.git'))) END AS git_info
    FROM org_analytics_codingsession s LEFT JOIN org_analytics_repo r ON r.id = s.repo_id
    LEFT JOIN org_analytics_repo u ON u.id = r.root_id
"""
MODEL_USAGE = """
    INSERT INTO org_analytics_modelusage (session_id, model, requests, input_tokens, output_tokens,
        cache_write_tokens, cache_read_tokens, cost_usd)
    SELECT id, provider || '-' || ((id / 7 + part) % 3), 1 + id % 40, id % 9973, id % 4999 * 3, id % 99991,
        CASE WHEN id % 50 = 0 THEN NULL ELSE id % 999983 END,
        CASE part WHEN 0 THEN cost_usd / 4 ELSE cost_usd - cost_usd / 4 END
    FROM org_analytics_codingsession CROSS JOIN (SELECT 0 AS part UNION ALL SELECT 1) parts
"""


def main(size: Size, has_naive: bool) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    fill(size, has_naive)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def fill(size: Size, has_naive: bool = False) -> None:
    """People, repositories, sessions, and the table of which the naive roll-up is made."""
    people, repos = make_people(size.people), make_repos(size)
    write(_rows(size, people, repos))
    write_model_usage()
    if has_naive:
        with connection.cursor() as cursor:
            cursor.execute(NAIVE)
            cursor.execute("CREATE INDEX naive_started ON naive_session (started_at)")


def make_people(count: int) -> list[int]:
    """Their ids. The first one's token and session are what the benchmark asks with."""
    from django.contrib.auth import get_user_model

    model: Any = get_user_model()
    people = [
        model(
            username=f"person{number}",
            email=f"person{number}@example.com",
            first_name=f"First{number % 211}",
            last_name=f"Läst{number % 377}",
            password="!",
        )
        for number in range(count)
    ]
    found = [person.pk for person in model.objects.bulk_create(people, batch_size=1000)]
    make_teams(found)
    return found


def make_teams(people: list[int]) -> None:
    """Write the teams as groups."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    groups = Group.objects.bulk_create(Group(name=f"Team {number}") for number in range(TEAMS))
    membership: Any = get_user_model().groups.through
    membership.objects.bulk_create(
        membership(user_id=pk, group=groups[place]) for number, pk in enumerate(people) for place in teams_of(number)
    )


def make_repos(size: Size) -> dict[int, int]:
    """Their ids by number; a fork with its root."""
    from org_analytics.models import Repo

    numbers = [*range(REPOS)]
    if size.has_own_forks:
        numbers += sorted({cell.repo for cell in cells(size) if cell.repo is not None and cell.repo >= REPOS})
    stored: dict[int, Repo] = {}
    for are_forks in (False, True):
        chosen = [number for number in numbers if (root_of(number) != number) == are_forks]
        repos = [_repo(number, stored.get(root_of(number))) for number in chosen]
        stored |= zip(chosen, Repo.objects.bulk_create(repos, batch_size=1000), strict=True)
    return {number: repo.pk for number, repo in stored.items()}


def _repo(number: int, root: Any) -> Any:
    from org_analytics.models import Repo

    path = f"owner{number}/Repo{number}"
    return Repo(path=path, key=path.lower(), found_upstream=root, upstream=root, root=root)


def write(rows: Iterator[tuple[Any, ...]]) -> None:
    """One statement for all on PostgreSQL, one transaction on SQLite."""
    if connection.vendor == "postgresql":
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY org_analytics_codingsession ({COLUMNS}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * (COLUMNS.count(",") + 1))
    insert = f"INSERT INTO org_analytics_codingsession ({COLUMNS}) VALUES ({marks})"
    with transaction.atomic():
        connection.connection.executemany(insert, (tuple(map(_sqlite_value, row)) for row in rows))


def write_model_usage() -> None:
    """Two of the provider's three models in each session; their costs add up to the session's."""
    with connection.cursor() as cursor:
        cursor.execute(MODEL_USAGE)


def _sqlite_value(value: Any) -> Any:
    return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value


def _rows(size: Size, people: list[int], repos: dict[int, int]) -> Iterator[tuple[Any, ...]]:
    for person, provider, repo, *values, is_pending in sessions(size):
        repo_id = None if repo is None else repos[repo]
        yield people[person], provider, repo_id, *values, None if is_pending else END, ""


if __name__ == "__main__":
    main(Size(int(sys.argv[1]), int(sys.argv[2]), "forks" in sys.argv), "naive" in sys.argv)
