"""Sessions that share lines, that is a session and its forks: they are resolved together."""

from collections.abc import Iterator, Mapping

from .deriver import NEVER_READ, Deriver, Mark
from .discovery import known_session
from .line_keys import PackedEntries, keys_of
from .ownership import digest, foreign_keys
from .protocol import SessionFiles, TranscriptProvider
from .records import Derivation, DerivationOutcome
from .state import SessionRead, State

ForkGroup = dict[str, bytes]  # the kept lines of each session, by external id


def fork_group(state: State, provider: str, session: str) -> ForkGroup:
    """All sessions that are connected to this one by shared lines, including itself."""
    group: ForkGroup = {}
    waiting = {session}
    while waiting:
        member = waiting.pop()
        group[member] = state.lines(provider, member)
        waiting |= state.sharing(provider, keys_of(group[member])) - group.keys()
    return group


def resolve(
    deriver: Deriver, provider: TranscriptProvider, group: ForkGroup, changed: Mapping[tuple[str, str], SessionFiles]
) -> Iterator[Derivation]:
    """The records of the changed sessions, and of sessions whose stored row has gained or lost shared lines."""
    name, state = provider.name, deriver.state
    files = {
        session: changed.get((name, session)) or known_session(provider, session, state) for session in sorted(group)
    }
    known = {session: state.session(name, session) or NEVER_READ for session in group}
    foreign_before = {session: Mark.parse(known[session].mark).foreign for session in group}
    # Their stored rows count all of their lines and cannot be derived again.
    fixed = {
        session for session in group if not files[session].main and known[session].mark and not foreign_before[session]
    }
    foreign = foreign_keys({session: PackedEntries(lines) for session, lines in group.items()}, fixed)
    moved = [
        session for session in files if files[session].main and foreign_before[session] != digest(foreign[session])
    ]
    for session in moved:
        yield Derivation(name, session, DerivationOutcome.WITHDRAWN)
    for session in moved:  # clear every mark before the first row is stored: an interrupted run then derives the rest
        state.save(SessionRead(name, session, known[session].files, group[session], known[session].git_info))
    for session in files:
        if session in moved or (name, session) in changed:
            yield deriver.derive_session(deriver.read(provider, files[session]), foreign[session])
