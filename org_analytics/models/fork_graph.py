"""Who is whose fork: from the words of many people to one link per repository. Pure: no Django.

The answers depend on the set of words alone, never on the order in which they came.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def found_link(votes: Mapping[Key | None, int]) -> Key | None:
    """The upstream named by most people, if they outnumber those who named none (`votes[None]`); a tie is no link."""
    named = {upstream: count for upstream, count in votes.items() if upstream is not None and count}
    most = max(named.values(), default=0)
    leaders = [upstream for upstream, count in named.items() if count == most]
    return leaders[0] if len(leaders) == 1 and most > votes.get(None, 0) else None


def effective_links(
    found: Mapping[Key, Key | None], pinned: Mapping[Key, Key | None]
) -> tuple[dict[Key, Key], dict[Key, Key]]:
    """Each repository's upstream and top root, where it has one, of found links and administrators' (`pinned`) ones.

    A pinned link wins over the found one, None included ("not a fork"). Every found link on a circle falls away.
    """
    links = {repo: upstream for repo, upstream in {**found, **pinned}.items() if upstream is not None}
    for repo in in_cycles(links):
        if repo not in pinned:
            del links[repo]
    for repo in in_cycles(links):  # pinned ones alone: the write door refuses that, but raw SQL could
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
    circling: set[Key] = set()
    done: set[Key] = set()
    for start in links:
        path: dict[Key, int] = {}
        at = start
        while at in links and at not in done and at not in path:
            path[at] = len(path)
            at = links[at]
        if at in path:
            circling.update(_from(path, path[at]))
        done.update(path)
    return circling


def _from(path: Mapping[Key, int], first: int) -> Iterable[Key]:
    return (repo for repo, place in path.items() if place >= first)
