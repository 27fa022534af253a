"""`manage.py rename_repositories`: certain renames, named renames, and merges."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.management import repo_renames
from org_analytics.management.repo_renames import RepoRenamer
from org_analytics.management.stored_paths import NewPath, new_path
from org_analytics.models import CodingSession, ForkSighting, Repo
from org_analytics.repo_paths import GitPaths
from org_analytics.rollup import maintenance
from tests.questions import NOW
from tests.threads import at_once
from tests.users import create_user

pytestmark = [pytest.mark.core, pytest.mark.django_db]

CERTAIN = {
    "github.com/acme/api": "acme/api",
    "GitHub.com/acme/api": "acme/api",
    "git.sr.ht/~ada/api": "~ada/api",
    "dev.azure.com/acme/Proj/_git/api": "acme/Proj/api",
    "acme/Proj/_git/api": "acme/Proj/api",
    "acme/Proj/_git/_full/api": "acme/Proj/api",
    "tfs/DefaultCollection/Proj/_ssh/_optimized/api": "tfs/DefaultCollection/Proj/api",
    "acme/my%20api": "acme/my api",
    "acme/caf%C3%A9": "acme/café",
    "acme/cafe\u0301": "acme/café",
}
LIKELY = {
    "scm/PROJ/api": "PROJ/api",
    "bitbucket/scm/PROJ/api": "PROJ/api",
    "a/platform/api": "platform/api",
    "v3/acme/Proj/api": "acme/Proj/api",
    "v3/acme/Proj/_full/api": "acme/Proj/api",
    "acme/_git/api": "acme/api/api",
    "my.group/sub/api": "sub/api",
    "DefaultCollection/Proj/_git/api": None,
    "acme/%2520": None,
}
KEPT = [
    "acme/api",
    "group/sub/api",
    "~ada/api",
    "v1/repos/api",
    "a/api",
    "scm/api",
    "acme/100%",
    "acme/.github",
    "v3/api",
]


@pytest.mark.parametrize(("stored", "path"), CERTAIN.items(), ids=ascii)
def test_a_stored_form_with_one_reading_is_certain(stored: str, path: str) -> None:
    assert new_path(stored) == NewPath(path)
    assert new_path(path) is None


@pytest.mark.parametrize(("stored", "path"), LIKELY.items())
def test_a_stored_form_with_several_readings_is_doubted(stored: str, path: str | None) -> None:
    new = new_path(stored)

    assert new is not None
    assert new.doubt
    assert new.path == path


@pytest.mark.parametrize("stored", KEPT)
def test_a_path_of_today_stays(stored: str) -> None:
    assert new_path(stored) is None


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(db: None) -> list[Any]:
    return [create_user(f"p{number}@example.com") for number in range(4)]


def say(person: Any, repo: str, upstream: str | None = None, count: int = 1) -> None:
    """Sessions with paths as an older version stored them."""
    CodingSession.objects.record_many(
        {
            "user": person,
            "provider": "codex",
            "external_id": f"{repo}-{upstream}-{number}",
            "started_at": NOW,
            "cost_usd": "0.25",
            "git_info": GitPaths(repo, upstream),
        }
        for number in range(count)
    )


def say_as(person: Any, external_id: str, repo: str | None, upstream: str | None) -> None:
    CodingSession.objects.record(
        user=person, provider="codex", external_id=external_id, started_at=NOW, git_info=GitPaths(repo, upstream)
    )


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("rename_repositories", *arguments, stdout=out, stderr=out)
    return out.getvalue().splitlines()


def sessions() -> dict[str, int]:
    paths = CodingSession.objects.values_list("repo__path", flat=True)
    return {path: list(paths).count(path) for path in set(paths)}


def links() -> dict[str, tuple[str, str]]:
    linked = Repo.objects.exclude(upstream=None).values_list("path", "upstream__path", "root__path")
    return {path: (upstream, root) for path, upstream, root in linked}


def sightings() -> set[tuple[str, str | None, str | None]]:
    return {(s.repo.path, s.upstream and s.upstream.path, s.user and s.user.email) for s in ForkSighting.objects.all()}


def repo(path: str) -> Repo:
    return Repo.objects.get(path=path)


def assert_rollup_is_exact() -> None:
    assert list(maintenance.differences("default")) == []


def test_without_apply_the_changes_are_shown_and_not_made(people: list[Any]) -> None:
    say(people[0], "github.com/acme/api", count=2)
    say(people[0], "acme/Proj/_git/api")
    say(people[0], "scm/PROJ/api")
    say(people[0], "acme/web")
    before = sessions()

    assert run() == [
        "rename  github.com/acme/api → acme/api (2 sessions)",
        "rename  acme/Proj/_git/api → acme/Proj/api (1 session)",
        "keep    scm/PROJ/api (Bitbucket Server over http, or a group called scm; if so, --map scm/PROJ/api=PROJ/api)",
        "2 to rename, 0 to merge, 1 kept. Nothing was changed: add --apply to change them.",
    ]
    assert sessions() == before


def test_apply_makes_what_was_shown(people: list[Any]) -> None:
    say(people[0], "github.com/acme/api", count=2)
    say(people[0], "gitlab.com/acme/api", count=3)
    say(people[0], "ACME/Web")
    say(people[0], "github.com/acme/web")
    shown = run()

    applied = run("--apply")

    assert applied[:-1] == shown[:-1] == [
        "rename  github.com/acme/api → acme/api (2 sessions)",
        "merge   gitlab.com/acme/api → acme/api (3 sessions)",
        "merge   github.com/acme/web → acme/web (1 session)",
    ]  # fmt: skip
    assert applied[-1] == "1 renamed, 2 merged, 0 kept."
    assert sessions() == {"acme/api": 5, "ACME/Web": 2}
    assert Repo.objects.count() == 2
    assert_rollup_is_exact()
    assert run("--apply") == ["0 renamed, 0 merged, 0 kept."]


def test_a_renamed_repository_is_found_by_its_new_path(people: list[Any]) -> None:
    say(people[0], "acme/cafe\u0301")
    Repo.objects.update(key="acme/cafe\u0301")  # as older versions folded it

    run("--apply")
    say(people[1], "acme/CAFÉ")

    assert sessions() == {"acme/café": 2}


def test_a_mapping_decides_doubtful_paths(people: list[Any], tmp_path: Path) -> None:
    say(people[0], "scm/PROJ/api")
    say(people[0], "a/platform/api")
    say(people[0], "PROJ/api")
    say(people[0], "acme/old")
    file = tmp_path / "map"
    file.write_text("a/platform/api=platform/api\n\nAcme/Old=acme/new\n")

    run("--apply", "--map", "scm/PROJ/api=PROJ/api", "--map-file", str(file))

    assert sessions() == {"PROJ/api": 2, "platform/api": 1, "acme/new": 1}
    assert_rollup_is_exact()


def test_a_mapping_keeps_what_would_be_renamed(people: list[Any]) -> None:
    say(people[0], "github.com/acme/api")

    run("--apply", "--map", "github.com/acme/api=github.com/acme/api")

    assert sessions() == {"github.com/acme/api": 1}


def test_a_mapping_of_a_repository_that_is_not_stored_is_named(people: list[Any]) -> None:
    assert run("--map", "acme/old=acme/new")[-1] == "No stored repository has this path: acme/old"


@pytest.mark.parametrize("text", ["acme/old", "=acme/new", "acme/old=new", "acme/old=", "acme/old=tok@host/api"])
def test_a_mapping_that_is_not_two_paths_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "map"
    file.write_text(f"a/b=c/d\n{text}\n")

    with pytest.raises(CommandError, match="OLD=NEW"):
        run("--map", text)
    with pytest.raises(CommandError, match="line 2: Write OLD=NEW"):
        run("--map-file", str(file))


def test_a_mapping_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--map-file cannot be read"):
        run("--map-file", str(tmp_path / "none"))


# Repositories that become one ----------------------------------------------------------------------------------------


def test_sightings_and_links_are_as_if_the_two_had_always_been_one(people: list[Any]) -> None:
    ann, bob, eve, joe = people
    for suffix in ("old", "new"):
        is_old = suffix == "old"
        prefix = "github.com/" if is_old else ""
        say(ann, f"{prefix}ann/api", f"{prefix}acme/api")
        say(bob, f"{prefix}ann/api", "acme/api" if is_old else None)
        say(eve, f"{prefix}acme/api", "acme/api" if is_old else None)
        say(joe, "fork/api", f"{prefix}ann/api")

    run("--apply")

    assert sightings() == {
        ("ann/api", "acme/api", ann.email),
        ("ann/api", "acme/api", bob.email),
        ("acme/api", None, eve.email),
        ("fork/api", "ann/api", joe.email),
    }
    assert links() == {"ann/api": ("acme/api", "acme/api"), "fork/api": ("ann/api", "acme/api")}
    assert_rollup_is_exact()


STORED = ["ann/api", "acme/api", "bob/api", "github.com/ann/api", "github.com/acme/api", "gitlab.com/acme/api"]
stored_remotes = st.tuples(st.integers(0, 3), st.sampled_from(STORED), st.none() | st.sampled_from(STORED))


def today(path: str | None) -> str | None:
    return path and "/".join(path.split("/")[-2:])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stored_remotes, max_size=14))
def test_renamed_repositories_are_as_if_recorded_today(
    people: list[Any], remotes: list[tuple[int, str, str | None]]
) -> None:
    results = []
    for rename in (True, False):
        with transaction.atomic():
            for number, (person, name, upstream) in enumerate(remotes):
                # The number keeps sessions apart whose external ids would be equal.
                paths = (name, upstream) if rename else (today(name), today(upstream))
                say_as(people[person], f"{number}", *paths)
            if rename:
                run("--apply")
            results.append((sightings(), links(), sessions()))
            assert_rollup_is_exact()
            transaction.set_rollback(True)

    assert results[0] == results[1]


def test_a_leavers_sighting_is_moved(people: list[Any]) -> None:
    say(people[0], "github.com/ann/api", "github.com/acme/api")
    say(people[1], "ann/api")
    say(people[2], "acme/api")
    say(people[3], "acme/api", "github.com/acme/api")
    people[0].delete()
    people[3].delete()

    run("--apply")

    assert sightings() == {
        ("ann/api", "acme/api", None),
        ("ann/api", None, people[1].email),
        ("acme/api", None, people[2].email),
        ("acme/api", None, None),
    }


@pytest.mark.parametrize("pinned", ["ann/api", "github.com/ann/api"])
def test_a_pinned_link_is_kept(people: list[Any], pinned: str) -> None:
    for name in ("ann/api", "github.com/ann/api"):
        say(people[0], name, "other/api")
    say(people[0], "acme/api")
    Repo.objects.pin(repo(pinned), repo("acme/api"))

    run("--apply")

    assert repo("ann/api").pinned
    assert links() == {"ann/api": ("acme/api", "acme/api")}


def test_not_a_fork_stays_pinned(people: list[Any]) -> None:
    say(people[0], "github.com/ann/api", "acme/api")
    say(people[0], "ann/api", "acme/api")
    Repo.objects.pin(repo("github.com/ann/api"), None)

    run("--apply")

    assert repo("ann/api").pinned
    assert links() == {}


def test_the_pinned_link_of_the_remaining_path_wins(people: list[Any]) -> None:
    for name in ("ann/api", "github.com/ann/api", "acme/api", "other/api"):
        say(people[0], name)
    Repo.objects.pin(repo("ann/api"), repo("acme/api"))
    Repo.objects.pin(repo("github.com/ann/api"), repo("other/api"))

    run("--apply")

    assert links() == {"ann/api": ("acme/api", "acme/api")}


@pytest.mark.parametrize(
    ("fork", "upstream"), [("acme/api", "github.com/acme/api"), ("github.com/acme/api", "acme/api")]
)
def test_a_pinned_link_between_the_two_goes(people: list[Any], fork: str, upstream: str) -> None:
    say(people[0], fork)
    say(people[0], upstream)
    Repo.objects.pin(repo(fork), repo(upstream))

    run("--apply")

    assert not repo("acme/api").pinned
    assert links() == {}


def test_pinned_links_to_the_old_path_follow(people: list[Any]) -> None:
    for name in ("ann/api", "github.com/acme/api", "acme/api", "base/api"):
        say(people[0], name)
    say(people[1], "bob/api", "ann/api")
    Repo.objects.pin(repo("ann/api"), repo("github.com/acme/api"))
    Repo.objects.pin(repo("acme/api"), repo("base/api"))

    run("--apply")

    assert links() == {
        "bob/api": ("ann/api", "base/api"),
        "ann/api": ("acme/api", "base/api"),
        "acme/api": ("base/api", "base/api"),
    }


def test_a_merge_that_would_close_a_cycle_of_pinned_links_is_refused_and_the_rest_is_done(people: list[Any]) -> None:
    for name in ("github.com/acme/api", "acme/api", "ann/api", "github.com/x/y"):
        say(people[0], name)
    Repo.objects.pin(repo("ann/api"), repo("github.com/acme/api"))
    Repo.objects.pin(repo("acme/api"), repo("ann/api"))

    for arguments in ([], ["--apply"]):
        with pytest.raises(CommandError, match="pinned links"):
            run(*arguments)

    assert sessions() == {"github.com/acme/api": 1, "acme/api": 1, "ann/api": 1, "x/y": 1}
    assert links()["ann/api"] == ("github.com/acme/api", "github.com/acme/api")


def test_a_merge_that_is_stopped_is_finished_by_the_next_run(
    people: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repo_renames, "BATCH_SIZE", 2)
    say(people[0], "github.com/acme/api", "base/api", count=7)
    say(people[1], "acme/api")
    moving = RepoRenamer._move_sessions
    moved: list[int] = []

    def stop(self: RepoRenamer, old: int, target: int) -> int:
        if len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(moving(self, old, target))
        return moved[-1]

    monkeypatch.setattr(RepoRenamer, "_move_sessions", stop)
    with pytest.raises(KeyboardInterrupt):
        run("--apply")
    assert sessions() == {"github.com/acme/api": 3, "acme/api": 5}
    assert_rollup_is_exact()

    monkeypatch.setattr(RepoRenamer, "_move_sessions", moving)
    run("--apply")
    assert sessions() == {"acme/api": 8}
    assert_rollup_is_exact()


def test_sessions_are_moved_in_batches(people: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repo_renames, "BATCH_SIZE", 10)
    say(people[0], "acme/api")
    say(people[0], "github.com/acme/api", count=35)

    with CaptureQueriesContext(connection) as queries:
        run("--apply")

    updates = [query for query in queries.captured_queries if query["sql"].startswith('UPDATE "org_analytics_coding')]
    assert len(updates) >= 4
    assert sessions() == {"acme/api": 36}


def test_more_repositories_than_a_page_are_all_seen(people: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.management.commands.rename_repositories.PAGE_SIZE", 3)
    for number in range(8):
        say(people[0], f"github.com/acme/r{number}")

    assert run("--apply")[-1] == "8 renamed, 0 merged, 0 kept."


def test_the_api_lists_the_new_paths(people: list[Any], ask: Callable[..., Any]) -> None:
    say(people[0], "github.com/acme/api")
    say(people[0], "acme/api")

    run("--apply")

    assert ask(repos="acme/api", include_no_repo="0")["totals"]["session_count"] == 2


@pytest.mark.django_db(transaction=True)
def test_no_session_is_lost_while_others_write_to_the_old_path(
    people: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repo_renames, "BATCH_SIZE", 5)
    say(people[0], "acme/api")
    say(people[0], "github.com/acme/api", "base/api", count=20)

    def write(person: Any) -> None:
        for number in range(10):
            say_as(person, f"w{number}", "github.com/acme/api", "base/api" if number % 2 else None)

    at_once([lambda: run("--apply"), *(lambda person=person: write(person) for person in people[1:])])
    run("--apply")  # the writers may have created the old path again

    assert sessions() == {"acme/api": 51}
    assert links() == {"acme/api": ("base/api", "base/api")}
    assert_rollup_is_exact()
