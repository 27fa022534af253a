"""Fork links: one upstream per repository, derived from what the clones of many people name. Pure: no Django.

The links depend on the set of sightings alone, never on their order.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Hashable)
# A repository, the upstream that a person's clone of it names (None: none), and the person, by their ids.
Sighting = tuple[int, int | None, Any]


def new_sightings(sightings: Collection[Sighting], stored: set[Sighting]) -> set[Sighting]:
    """The sightings to store: new ones, "none" only from people who never named an upstream."""
    named = {(repo, user) for repo, upstream, user in stored | set(sightings) if upstream is not None}
    return {
        (repo, upstream, user)
        for repo, upstream, user in set(sightings) - stored
        if upstream is not None or (repo, user) not in named
    }


def found_link(votes: Mapping[Key | None, int]) -> Key | None:
    """The upstream named by most people, if they outnumber those who named none (`votes[None]`); on a tie, None.

    One vote is enough against nobody. So where one person's clone alone makes a repository a fork, one clone of another
    person that names no upstream, or a different one, undoes the link. An administrator who pins it ends that.
    """
    named = {upstream: count for upstream, count in votes.items() if upstream is not None and count}
    most = max(named.values(), default=0)
    leaders = [upstream for upstream, count in named.items() if count == most]
    return leaders[0] if len(leaders) == 1 and most > votes.get(None, 0) else None


def effective_links(
    found_links: Mapping[Key, Key | None], pinned_links: Mapping[Key, Key | None]
) -> tuple[dict[Key, Key], dict[Key, Key]]:
    """The upstream and the root of each repository that has one, from found links and administrators' (pinned) links.

    A pinned link wins over a found one; None pins "not a fork". Every found link on a cycle is dropped.
    """
    links = {repo: upstream for repo, upstream in {**found_links, **pinned_links}.items() if upstream is not None}
    for repo in in_cycles(links):
        if repo not in pinned_links:
            del links[repo]
    for repo in in_cycles(links):  # of pinned links alone: `pin` refuses to close one, raw SQL does not
        del links[repo]
    roots: dict[Key, Key] = {}
    for repo in links:
        walked = []
        top = repo
        while top in links and top not in roots:
            walked.append(top)
            top = links[top]
        roots.update(dict.fromkeys(walked, roots.get(top, top)))
    return links, roots


def in_cycles(links: Mapping[Key, Key]) -> set[Key]:
    """The repositories from which the links lead back to themselves."""
    repos: set[Key] = set()
    done: set[Key] = set()
    for start in links:
        path: dict[Key, int] = {}
        at = start
        while at in links and at not in done and at not in path:
            path[at] = len(path)
            at = links[at]
        if at in path:
            repos.update(_from(path, path[at]))
        done.update(path)
    return repos


def _from(path: Mapping[Key, int], first: int) -> Iterable[Key]:
    return (repo for repo, place in path.items() if place >= first)
