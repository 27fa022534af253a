"""Decides which session owns a line or response that several sessions have: a fork copies its parent's history.

The result depends only on the lines of the sessions, so the order in which they are read does not matter.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Set

from .line_keys import COPIED, NO_TIME, RESPONSE, KeyEntry


def foreign_keys(sessions: Mapping[str, Iterable[KeyEntry]], fixed: Set[str] = frozenset()) -> dict[str, set[int]]:
    """For each session the keys that it has but does not own. Needs all sessions that share any of their keys.

    The owner is, in this order: a session that is `fixed` (its stored row cannot be derived again); one whose line does
    not say that it was copied; the one whose first line of its own is the earliest (none = earlier still); the one with
    the smaller id. A line that others have only as a declared copy is a session's own.
    """
    holders = _holders(sessions)
    first = {session: _first_exclusive(session, entries, holders) for session, entries in sessions.items()}
    foreign: dict[str, set[int]] = {session: set() for session in sessions}
    for key, copies in holders.items():
        owner = min(copies, key=lambda name: (name not in fixed, copies[name], first[name], name))
        for session in copies.keys() - {owner}:
            foreign[session].add(key)
    return foreign


def digest(foreign: Iterable[int]) -> str:
    """A text that is equal only for equal sets of foreign keys; "" for no keys."""
    ordered = sorted(foreign)
    if not ordered:
        return ""
    return hashlib.blake2b(b",".join(b"%d" % key for key in ordered), digest_size=12).hexdigest()


def _holders(sessions: Mapping[str, Iterable[KeyEntry]]) -> dict[int, dict[str, bool]]:
    """The sessions that have each shared key, and whether they have it as a declared copy."""
    held: Counter[int] = Counter()
    for entries in sessions.values():
        held.update({entry.key for entry in entries})
    holders: dict[int, dict[str, bool]] = {key: {} for key, number in held.items() if number > 1}
    for session, entries in sessions.items():
        for entry in entries:
            copies = holders.get(entry.key)
            if copies is not None:
                copies[session] = bool(entry.flags & COPIED) and copies.get(session, True)
    return holders


def _first_exclusive(session: str, entries: Iterable[KeyEntry], holders: Mapping[int, Mapping[str, bool]]) -> int:
    times = (
        entry.at for entry in entries if not entry.flags & RESPONSE and _is_exclusive(session, holders.get(entry.key))
    )
    return min(times, default=NO_TIME)


def _is_exclusive(session: str, copies: Mapping[str, bool] | None) -> bool:
    return copies is None or [name for name, copied in copies.items() if not copied] == [session]
