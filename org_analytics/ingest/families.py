"""Sessions that share lines: all of them are looked at together, and those for which something changed are derived."""

from collections.abc import Iterator, Mapping

from .footprints import Entries, keys_of
from .library import kept_session
from .ownership import digest, foreign_keys
from .readings import NOT_KEPT, Deriver
from .records import Derived, Outcome
from .sources import Provider, SessionFiles
from .state import State

Family = dict[str, bytes]  # the kept lines of each session, by external id


def family_of(state: State, provider: str, session: str) -> Family:
    """All sessions that are tied to this one by shared lines, itself included."""
    family: Family = {}
    waiting = {session}
    while waiting:
        member = waiting.pop()
        family[member] = state.lines(provider, member)
        waiting |= state.sharing(provider, keys_of(family[member])) - family.keys()
    return family


def settle(
    deriver: Deriver, provider: Provider, family: Family, changed: Mapping[tuple[str, str], SessionFiles]
) -> Iterator[Derived]:
    """The records of those that have changed, and of those whose stored row counts, or lacks, what has moved."""
    name, state = provider.name, deriver.state
    files = {
        session: changed.get((name, session)) or kept_session(provider, session, state) for session in sorted(family)
    }
    kept = {session: state.session(name, session) or NOT_KEPT for session in family}
    settled = {session for session in family if not files[session].main and kept[session].mark.endswith(":")}
    foreign = foreign_keys({session: Entries(lines) for session, lines in family.items()}, settled)
    moved = [
        session
        for session in files
        if files[session].main and kept[session].mark.rpartition(":")[2] != digest(foreign[session])
    ]
    for session in moved:
        yield Derived(name, session, Outcome.WITHDRAWN)
    for session in moved:  # all of them before the first is stored: a run that ends here comes back to them
        state.save(name, session, kept[session].files, family[session], kept[session].git_info)
    for session in files:
        if session in moved or (name, session) in changed:
            yield deriver.derived(deriver.read(provider, files[session]), foreign[session])
