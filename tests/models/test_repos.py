"""Fork links from sightings: the majority of people, in any order, and administrators' links over it."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import RestrictedError
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_analytics.models import CodingSession, ForkSighting, Repo
from org_analytics.models.repos import _FORK_LOCK
from tests.questions import NOW, REPOS
from tests.threads import at_once
from tests.users import create_user

# A person's clone of a repository names another as upstream, or none.
Sighting = tuple[int, str, str | None]
Links = dict[str, str]

pytestmark = [pytest.mark.core, pytest.mark.django_db]


def row(person: Any, repo: str, upstream: str | None = None, number: int = 0) -> dict[str, Any]:
    return {
        "user": person,
        "provider": "codex",
        "external_id": f"{repo}-{upstream}-{number}",
        "started_at": NOW,
        "git_info": {
            "repo_url": f"git@github.com:{repo}.git",
            "remotes": [{"name": "upstream", "fetch_url": f"https://github.com/{upstream}.git"}] if upstream else [],
            "tracking_remote": "upstream" if upstream else "",
        },
    }


def say(person: Any, repo: str, upstream: str | None = None) -> None:
    CodingSession.objects.record(**row(person, repo, upstream))


def upstreams() -> Links:
    return dict(Repo.objects.exclude(upstream=None).values_list("path", "upstream__path"))


def roots() -> Links:
    return dict(Repo.objects.exclude(root=None).values_list("path", "root__path"))


@pytest.fixture
def people(db: None) -> list[Any]:
    return [create_user(f"p{number}@example.com") for number in range(5)]


def test_a_forks_sessions_roll_up_also_those_that_name_no_upstream(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[1], "ann/api", "acme/api")
    say(people[2], "ann/api")

    assert upstreams() == roots() == {"ann/api": "acme/api"}


def test_a_tie_with_people_who_name_none_gives_no_link(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[1], "ann/api")

    assert upstreams() == roots() == {}


def test_a_tie_at_the_top_gives_no_link(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[1], "ann/api", "other/api")

    assert upstreams() == {}


def test_one_odd_clone_cannot_relabel_what_others_use(people: list[Any]) -> None:
    for person in people[:3]:
        say(person, "acme/api")
    say(people[4], "acme/api", "alice/api")

    assert upstreams() == {}


def test_many_sessions_of_one_person_are_one_sighting(people: list[Any]) -> None:
    CodingSession.objects.record_many(row(people[0], "ann/api", "acme/api", number) for number in range(9))
    say(people[1], "ann/api")

    assert ForkSighting.objects.count() == 2
    assert upstreams() == {}


def test_a_persons_none_goes_once_they_name_an_upstream_and_does_not_come_back(people: list[Any]) -> None:
    say(people[0], "ann/api")
    say(people[0], "ann/api", "acme/api")
    say(people[0], "ann/api")

    assert list(ForkSighting.objects.values_list("repo__path", "upstream__path")) == [("ann/api", "acme/api")]
    assert upstreams() == {"ann/api": "acme/api"}


def test_none_and_a_name_in_one_batch_are_the_name(people: list[Any]) -> None:
    CodingSession.objects.record_many([row(people[0], "ann/api"), row(people[0], "ann/api", "acme/api")])

    assert ForkSighting.objects.count() == 1


def test_links_chain_to_the_top(people: list[Any]) -> None:
    say(people[0], "bob/api", "ann/api")
    say(people[0], "ann/api", "acme/api")

    assert upstreams() == {"bob/api": "ann/api", "ann/api": "acme/api"}
    assert roots() == {"bob/api": "acme/api", "ann/api": "acme/api"}


def test_a_cycle_is_dropped_and_its_links_return_when_it_is_broken(people: list[Any]) -> None:
    say(people[0], "ann/api", "bob/api")
    say(people[0], "bob/api", "ann/api")
    say(people[0], "eve/api", "bob/api")
    assert upstreams() == roots() == {"eve/api": "bob/api"}

    for person in people[1:3]:
        say(person, "ann/api")
    assert upstreams() == {"bob/api": "ann/api", "eve/api": "bob/api"}
    assert roots() == {"bob/api": "ann/api", "eve/api": "ann/api"}


def test_a_leavers_sighting_stays(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[1], "ann/api", "acme/api")
    people[0].delete()
    people[1].delete()
    say(people[2], "ann/api")

    assert upstreams() == {"ann/api": "acme/api"}
    say(people[3], "ann/api")
    assert upstreams() == {}


def test_sightings_are_kept_when_their_sessions_go(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    CodingSession.objects.all().delete()
    say(people[1], "bob/api")

    assert upstreams() == {"ann/api": "acme/api"}


def test_a_repository_that_others_roll_up_to_cannot_be_deleted(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    CodingSession.objects.all().delete()

    with pytest.raises(RestrictedError):
        repo("acme/api").delete()
    repo("ann/api").delete()
    repo("acme/api").delete()

    assert not ForkSighting.objects.exists()


def test_all_repositories_can_be_deleted_at_once(people: list[Any]) -> None:
    say(people[0], "bob/api", "ann/api")
    say(people[0], "ann/api", "acme/api")
    CodingSession.objects.all().delete()

    Repo.objects.all().delete()

    assert not Repo.objects.exists()


def test_the_api_lists_roots_only(people: list[Any], ask: Callable[..., Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[0], "bob/api", "ann/api")
    say(people[0], "acme/web")

    assert ask(REPOS)["repos"] == ["acme/api", "acme/web"]
    for name in ("acme/api", "ann/api", "bob/api", "BOB/API"):
        assert ask(repos=name, include_no_repo="0")["totals"]["session_count"] == 2


# Administrators' links -----------------------------------------------------------------------------------------------


def repo(path: str) -> Repo:
    return Repo.objects.get(path=path)


def test_a_pinned_link_wins_over_sightings_and_unpinned_they_count_again(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[0], "acme/web")

    Repo.objects.pin(repo("ann/api"), repo("acme/web"))
    say(people[1], "ann/api", "acme/api")
    assert upstreams() == roots() == {"ann/api": "acme/web"}
    assert repo("ann/api").found_upstream == repo("acme/api")

    Repo.objects.unpin(repo("ann/api"))
    assert upstreams() == roots() == {"ann/api": "acme/api"}


def test_not_a_fork_can_be_pinned(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    say(people[0], "bob/api", "ann/api")

    Repo.objects.pin(repo("ann/api"), None)
    say(people[1], "ann/api", "acme/api")

    assert upstreams() == roots() == {"bob/api": "ann/api"}


def test_a_pinned_link_breaks_a_found_cycle(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")

    Repo.objects.pin(repo("acme/api"), repo("ann/api"))

    assert upstreams() == roots() == {"acme/api": "ann/api"}


def test_a_cycle_of_pinned_links_is_refused_and_changes_nothing(people: list[Any]) -> None:
    for name in ("a/x", "b/x", "c/x"):
        say(people[0], name)
    Repo.objects.pin(repo("a/x"), repo("b/x"))
    Repo.objects.pin(repo("b/x"), repo("c/x"))

    for upstream in ("a/x", "b/x", "c/x"):
        with pytest.raises(ValidationError) as refusal:
            Repo.objects.pin(repo("c/x"), repo(upstream))
        assert refusal.value.message_dict.keys() == {"upstream"}

    assert upstreams() == {"a/x": "b/x", "b/x": "c/x"}
    assert not repo("c/x").pinned


def test_the_object_pinned_knows_its_new_links(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")
    pinned = repo("ann/api")

    Repo.objects.pin(pinned, None)
    assert (pinned.pinned, pinned.upstream, pinned.root) == (True, None, None)
    Repo.objects.unpin(pinned)
    assert (pinned.pinned, pinned.upstream, pinned.root) == (False, repo("acme/api"), repo("acme/api"))


# Sightings in any order ----------------------------------------------------------------------------------------------

NAMES = ["a/x", "b/x", "c/x", "d/x"]


def oracle(sightings: Iterable[Sighting], pinned: dict[str, str | None]) -> tuple[Links, Links]:
    """Upstreams and roots that the contract requires for a set of sightings, computed in the naive way."""
    named: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for person, name, upstream in sightings:
        named[name][person].update({upstream} - {None, name})
    wanted: dict[str, str | None] = {}
    for name, by_person in named.items():
        votes = Counter(upstream for upstreams in by_person.values() for upstream in upstreams).most_common()
        without = sum(not upstreams for upstreams in by_person.values())
        is_won = votes and votes[0][1] > without and (len(votes) == 1 or votes[0][1] > votes[1][1])
        wanted[name] = votes[0][0] if is_won else None
    wanted |= pinned
    links = {name: upstream for name, upstream in wanted.items() if upstream}
    kept = {name: up for name, up in links.items() if name in pinned or not comes_back(links, name)}
    return kept, {name: top(kept, name) for name in kept}


def comes_back(links: Links, start: str) -> bool:
    at: str | None = start
    for _step in links:
        at = links.get(at) if at else None
        if at == start:
            return True
    return False


def top(links: Links, name: str) -> str:
    while name in links:
        name = links[name]
    return name


a_sighting = st.tuples(st.integers(0, 4), st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES))
on_one_database = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@on_one_database
@given(st.lists(a_sighting, max_size=12), st.randoms(use_true_random=False))
def test_sightings_in_any_order_give_the_oracles_links(
    people: list[Any], sightings: list[Sighting], dice: random.Random
) -> None:
    for _permutation in range(3):
        with transaction.atomic():
            for person, name, upstream in sightings:
                say(people[person], name, upstream)
            assert (upstreams(), roots()) == oracle(sightings, {})
            transaction.set_rollback(True)
        dice.shuffle(sightings)


@on_one_database
@given(st.lists(a_sighting, max_size=20), st.integers(1, 20))
def test_sightings_in_batches_of_any_size_give_the_oracles_links(
    people: list[Any], sightings: list[Sighting], batch_size: int
) -> None:
    with transaction.atomic():
        CodingSession.objects.record_many(
            [row(people[person], name, upstream, number) for number, (person, name, upstream) in enumerate(sightings)],
            batch_size=batch_size,
        )
        assert (upstreams(), roots()) == oracle(sightings, {})
        transaction.set_rollback(True)


pins = st.tuples(st.just("pin"), st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES))
unpins = st.tuples(st.just("unpin"), st.sampled_from(NAMES), st.none())


@on_one_database
@given(st.lists(a_sighting | pins | unpins, max_size=14))
def test_sightings_and_pinned_links_mixed_give_the_oracles_links(
    people: list[Any], events: list[tuple[Any, str, str | None]]
) -> None:
    pinned: dict[str, str | None] = {}
    with transaction.atomic():
        for name in NAMES:
            say(people[0], name)
        sightings: list[Sighting] = [(0, name, None) for name in NAMES]
        for who, name, upstream in events:
            if who == "pin":
                pin(pinned, name, upstream)
            elif who == "unpin":
                Repo.objects.unpin(repo(name))
                pinned.pop(name, None)
            else:
                say(people[who], name, upstream)
                sightings.append((who, name, upstream))
        assert (upstreams(), roots()) == oracle(sightings, pinned)
        transaction.set_rollback(True)


def pin(pinned: dict[str, str | None], name: str, upstream: str | None) -> None:
    """Pin, as the database allows it and the oracle expects it."""
    links = {repo: up for repo, up in {**pinned, name: upstream}.items() if up}
    if upstream and comes_back(links, name):
        with pytest.raises(ValidationError):
            Repo.objects.pin(repo(name), repo(upstream))
    else:
        Repo.objects.pin(repo(name), upstream and repo(upstream))
        pinned[name] = upstream


# Many at once --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_many_writers_at_once_give_the_oracles_links(people: list[Any], seed: int) -> None:
    dice = random.Random(seed)
    sightings = [(dice.randrange(5), dice.choice(NAMES), dice.choice([None, *NAMES])) for _number in range(48)]

    def record_all(own: list[Sighting]) -> None:
        for person, name, upstream in own:
            say(people[person], name, upstream)

    at_once([lambda own=sightings[start::8]: record_all(own) for start in range(8)])

    assert (upstreams(), roots()) == oracle(sightings, {})


@pytest.mark.django_db(transaction=True)
def test_an_administrator_among_many_writers_closes_no_cycle(people: list[Any]) -> None:
    for name in NAMES:
        say(people[0], name)

    def pin_to(name: str, upstream: str) -> bool:
        try:
            Repo.objects.pin(repo(name), repo(upstream))
        except ValidationError:
            return False
        return True

    cycle = list(zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True))
    done = at_once(
        [lambda name=name, up=up: pin_to(name, up) for name, up in cycle]
        + [lambda person=person: say(person, "d/x", "c/x") for person in people[1:4]]
    )

    assert sorted(done[:4]) == [False, True, True, True]
    refused = cycle[done.index(False)][0]
    assert not repo(refused).pinned
    assert {name: up for name, up in cycle if name != refused}.items() <= upstreams().items()


def test_known_sightings_take_no_lock_and_write_nothing(people: list[Any]) -> None:
    say(people[0], "ann/api", "acme/api")

    with CaptureQueriesContext(connection) as queries:
        say(people[0], "ann/api", "acme/api")

    statements = [query["sql"] for query in queries.captured_queries]
    assert not any(f"xact_lock({_FORK_LOCK[0]}" in sql or "INSERT" in sql for sql in statements)


def chain(person: Any, start: int, length: int) -> None:
    """A chain of forks in which each repository is a fork of the next."""
    forks = range(start, start + length)
    CodingSession.objects.record_many(row(person, f"o/r{number}", f"o/r{number + 1}") for number in forks)


@pytest.mark.parametrize("place", ["at the end", "in the middle", "at the top"])
def test_linking_takes_as_many_queries_for_a_long_chain_as_for_a_short_one(people: list[Any], place: str) -> None:
    counts = []
    for start, length in ((0, 12), (1_000, 90)):
        chain(people[0], start, length)
        at = {"at the end": start - 1, "in the middle": start + length // 2, "at the top": start + length}[place]
        with CaptureQueriesContext(connection) as queries:
            say(people[1], f"o/r{at}", f"up/r{start}" if place != "at the end" else f"o/r{start}")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_new_root_is_the_root_of_the_whole_chain(people: list[Any]) -> None:
    chain(people[0], 0, 60)

    say(people[0], "o/r60", "acme/api")

    assert set(roots().values()) == {"acme/api"}
    assert len(roots()) == 61


def test_a_chain_that_closes_to_a_cycle_loses_its_links_and_has_them_again_when_it_opens(people: list[Any]) -> None:
    chain(people[0], 0, 60)
    before = upstreams(), roots()

    say(people[0], "o/r60", "o/r0")
    assert upstreams() == roots() == {}

    say(people[1], "o/r60")
    assert (upstreams(), roots()) == before
