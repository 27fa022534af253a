"""Which session owns which line and response, where several sessions hold the same: a fork copies its parent's history.

A function of what the sessions hold, nothing else: so the order in which they are read cannot matter.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Set

from .footprints import COPIED, NO_TIME, RESPONSE, Entry


def foreign_keys(sessions: Mapping[str, Iterable[Entry]], settled: Set[str] = frozenset()) -> dict[str, set[int]]:
    """For each session the keys it holds but does not own; the sessions must be all that share any of their keys.

    The owner is: a session that is `settled` (its row stands and cannot be derived again); not the one whose line says
    that it was copied; the one whose first line that no other session has, but as a declared copy, is the earliest
    (none = earlier still); the one with the smaller id.
    """
    holders = _holders(sessions)
    first = {session: _first_exclusive(session, entries, holders) for session, entries in sessions.items()}
    foreign: dict[str, set[int]] = {session: set() for session in sessions}
    for key, copies in holders.items():
        owner = min(copies, key=lambda name: (name not in settled, copies[name], first[name], name))
        for session in copies.keys() - {owner}:
            foreign[session].add(key)
    return foreign


def digest(foreign: Iterable[int]) -> str:
    """Tells two sets of foreign keys apart; "" for none."""
    ordered = sorted(foreign)
    if not ordered:
        return ""
    return hashlib.blake2b(b",".join(b"%d" % key for key in ordered), digest_size=12).hexdigest()


def _holders(sessions: Mapping[str, Iterable[Entry]]) -> dict[int, dict[str, bool]]:
    """Who holds each key that several do, and whether as a copy."""
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


def _first_exclusive(session: str, entries: Iterable[Entry], holders: Mapping[int, Mapping[str, bool]]) -> int:
    times = (
        entry.at for entry in entries if not entry.flags & RESPONSE and _is_exclusive(session, holders.get(entry.key))
    )
    return min(times, default=NO_TIME)


def _is_exclusive(session: str, copies: Mapping[str, bool] | None) -> bool:
    return copies is None or [name for name, copied in copies.items() if not copied] == [session]
