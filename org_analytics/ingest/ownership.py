"""Decides which session owns a line or response that several sessions have: a fork copies its parent's history.

The result depends only on the lines of the sessions, so the order in which they are read does not matter.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Set

from .line_keys import CHILD, COPIED, NO_TIME, RESPONSE, KeyEntry

Holders = dict[int, dict[str, bool]]  # for each shared key: the sessions that have it, and whether as a declared copy


def foreign_keys(sessions: Mapping[str, Iterable[KeyEntry]], fixed: Set[str] = frozenset()) -> dict[str, set[int]]:
    """For each session the keys that it has but does not own. Needs all sessions that share any of their keys.

    The owner is, in this order: a session that is `fixed` (its stored row cannot be derived again); one whose line does
    not say that it was copied; one that is not a declared fork; the one whose first line of its own is the earliest;
    the one with the smaller id. A response is only foreign where it is a declared copy, or by its lines: some gateways
    give every response the same id.
    """
    holders, responses = _holders(sessions)
    forks = {name for name, entries in sessions.items() if any(entry.flags & COPIED for entry in entries)}
    first = {name: _first_own_line(name, entries, holders, responses) for name, entries in sessions.items()}
    foreign: dict[str, set[int]] = {session: set() for session in sessions}
    for key, copies in holders.items():
        owner = min(copies, key=lambda name: (name not in fixed, copies[name], name in forks, first[name], name))
        for session in copies.keys() - {owner}:
            if key not in responses or copies[session]:
                foreign[session].add(key)
    return foreign


def digest(foreign: Iterable[int]) -> str:
    """A text that is equal only for equal sets of foreign keys; "" for no keys."""
    ordered = sorted(foreign)
    if not ordered:
        return ""
    return hashlib.blake2b(b",".join(b"%d" % key for key in ordered), digest_size=12).hexdigest()


def _holders(sessions: Mapping[str, Iterable[KeyEntry]]) -> tuple[Holders, set[int]]:
    """The sessions that have each shared key, and the shared keys that are responses."""
    held: Counter[int] = Counter()
    for entries in sessions.values():
        held.update({entry.key for entry in entries})
    holders: Holders = {key: {} for key, number in held.items() if number > 1}
    responses = set[int]()
    for session, entries in sessions.items():
        for entry in entries:
            copies = holders.get(entry.key)
            if copies is not None:
                copies[session] = bool(entry.flags & COPIED) and copies.get(session, True)
                if entry.flags & RESPONSE:
                    responses.add(entry.key)
    return holders, responses


def _first_own_line(session: str, entries: Iterable[KeyEntry], holders: Holders, responses: Set[int]) -> int:
    """The time of the first line that no other session has, except as a declared copy.

    A session without such a line was copied as a whole. Its own lines are then those that are only in copies of the
    whole session. Without any own line, the session began before all others.
    """
    lines = [entry for entry in entries if not entry.flags & (RESPONSE | CHILD) and entry.key not in responses]
    exclusive = [entry.at for entry in lines if _has_alone(session, holders.get(entry.key))]
    if exclusive:
        return min(exclusive)
    shared = Counter(name for entry in lines for name in _others(session, holders[entry.key]))
    parents = {name for name, number in shared.items() if number < len(lines)}
    own = (entry.at for entry in lines if not parents.intersection(_others(session, holders[entry.key])))
    return min(own, default=NO_TIME)


def _others(session: str, copies: Mapping[str, bool]) -> list[str]:
    return [name for name, is_copied in copies.items() if name != session and not is_copied]


def _has_alone(session: str, copies: Mapping[str, bool] | None) -> bool:
    return copies is None or [name for name, is_copied in copies.items() if not is_copied] == [session]
