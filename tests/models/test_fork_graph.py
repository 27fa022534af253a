"""One link per repository from many people's sightings: cases, and a naive oracle for any set of sightings."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.models.fork_graph import effective_links, found_link, in_cycles


@pytest.mark.parametrize(
    ("votes", "link"),
    [
        ({}, None),
        ({None: 3}, None),
        ({"acme": 1}, "acme"),
        ({"acme": 2, None: 1}, "acme"),
        ({"acme": 1, None: 1}, None),
        ({"acme": 1, None: 2}, None),
        ({"acme": 2, "other": 1}, "acme"),
        ({"acme": 2, "other": 2}, None),
        ({"acme": 2, "other": 2, None: 1}, None),
        # Fewer than half of all people, but more than name none and more than any other.
        ({"acme": 3, "other": 2, None: 2}, "acme"),
        ({"acme": 0}, None),
        # One person's clone makes a fork, and one contrary clone of another person undoes it.
        ({"acme": 1, "other": 1}, None),
    ],
)
def test_the_upstream_named_by_most_wins_over_none_and_never_on_a_tie(
    votes: dict[str | None, int], link: str | None
) -> None:
    assert found_link(votes) == link


def test_links_chain_to_the_top_root() -> None:
    links, roots = effective_links({"c": "b", "b": "a", "a": None}, {})

    assert links == {"c": "b", "b": "a"}
    assert roots == {"c": "a", "b": "a"}


def test_a_chain_of_thousands_is_followed() -> None:
    _links, roots = effective_links({number: number + 1 for number in range(5_000)}, {})

    assert set(roots.values()) == {5_000}


def test_every_found_link_on_a_cycle_is_dropped_and_links_to_it_stay() -> None:
    links, roots = effective_links({"a": "b", "b": "c", "c": "a", "fork": "a"}, {})

    assert links == {"fork": "a"}
    assert roots == {"fork": "a"}


def test_a_pinned_link_on_a_cycle_stays() -> None:
    links, roots = effective_links({"a": "b", "b": "a"}, {"a": "b"})

    assert links == {"a": "b"}
    assert roots == {"a": "b"}


def test_a_pinned_link_wins_and_so_does_not_a_fork() -> None:
    links, roots = effective_links({"a": "b", "c": "a"}, {"a": None, "c": "x"})

    assert links == {"c": "x"}
    assert roots == {"c": "x"}


def test_pinned_links_that_close_a_cycle_by_themselves_are_dropped() -> None:
    """`pin` refuses to close a cycle, raw SQL does not: nothing may hang on it."""
    links, roots = effective_links({"fork": "a"}, {"a": "b", "b": "a"})

    assert links == {"fork": "a"}
    assert roots == {"fork": "a"}


repos = st.integers(0, 7)
upstreams = st.none() | repos


def without_self(links: dict[int, int | None]) -> dict[int, int | None]:
    return {repo: upstream for repo, upstream in links.items() if repo != upstream}


found = st.dictionaries(repos, upstreams).map(without_self)
pins = st.dictionaries(repos, upstreams, max_size=3).map(without_self)


def walk(links: dict[int, int], start: int) -> list[int]:
    """The repositories on the way along the links, until the end or one that was seen before, which then is last."""
    path = [start]
    while path[-1] in links:
        path.append(links[path[-1]])
        if path.count(path[-1]) > 1:
            break
    return path


@given(found)
def test_cycles_are_those_found_by_walking_from_each_repository(links: dict[int, int | None]) -> None:
    real = {repo: upstream for repo, upstream in links.items() if upstream is not None}

    assert in_cycles(real) == {repo for repo in real if repo in walk(real, repo)[1:] and walk(real, repo)[-1] == repo}


@given(found, pins)
def test_links_and_roots_are_as_a_naive_oracle_says(
    found: dict[int, int | None], pinned: dict[int, int | None]
) -> None:
    wanted = {repo: upstream for repo, upstream in {**found, **pinned}.items() if upstream is not None}
    on_cycle = {repo for repo in wanted if walk(wanted, repo)[-1] == repo and len(walk(wanted, repo)) > 1}
    kept = {repo: upstream for repo, upstream in wanted.items() if repo in pinned or repo not in on_cycle}
    kept = {repo: upstream for repo, upstream in kept.items() if repo not in in_cycles(kept)}

    links, roots = effective_links(found, pinned)

    assert links == kept
    assert roots == {repo: walk(kept, repo)[-1] for repo in kept}
    assert not in_cycles(links)


@given(st.dictionaries(st.none() | st.sampled_from("abc"), st.integers(0, 4)))
def test_the_majority_is_as_a_naive_oracle_says(votes: dict[str | None, int]) -> None:
    ranked = Counter({upstream: count for upstream, count in votes.items() if upstream}).most_common()
    is_won = bool(ranked) and ranked[0][1] > max(votes.get(None, 0), ranked[1][1] if len(ranked) > 1 else 0)

    assert found_link(votes) == (ranked[0][0] if is_won else None)
