"""Builds the transcript of one OpenCode session from the messages of all places that have it."""

from collections.abc import Iterable, Sequence

from ..jsonl import SkippedLines
from ..line_keys import COPIED
from ..transcript import ANSWER, PROMPT, Transcript
from .opencode_messages import Kind, Message, UserParts, title_of
from .opencode_store import Store, StoredSession

_NOT_SENT = UserParts()


class OpenCodeReader:
    """Reads a session and its children. Only the session's own messages have times; the usage of all counts.

    A message that is older than its session was copied there by a fork. It counts for the session that it comes from,
    and here only if that session is not on the machine.
    """

    def __init__(self, skipped: SkippedLines) -> None:
        self._skipped = skipped
        self._transcript = Transcript()
        self._copies: list[Message] = []

    def read(self, session: str, stores: Sequence[Store], *, is_main: bool) -> None:
        """Reads one session from its stores, the one that counts first. Raises sqlite3.Error and OSError."""
        known = [found for store in stores if (found := store.session(session)) is not None]
        created = next((found.created for found in known if found.created is not None), None)
        messages, places = self._merged(session, stores)
        own = [message for message in messages if created is None or message.created >= created]
        copies = [message for message in messages if created is not None and message.created < created]
        for message in own:
            if message.request is not None:
                self._transcript.anonymous.append(message.request)
            if message.key:
                self._transcript.held.add(message.key)
        self._copies += copies
        if is_main:
            self._read_about(known)
            if own:
                self._read_lines(own, stores, places)
            else:
                self._read_copied_times(copies)

    def finish(self) -> Transcript:
        """The transcript of the session and its children."""
        for message in self._copies:
            if message.request is not None and message.key not in self._transcript.held:
                self._transcript.add_request(message.key, message.request, copied=True)
        return self._transcript

    def _merged(self, session: str, stores: Sequence[Store]) -> tuple[list[Message], dict[str, int]]:
        """One message for each id, as the first place has it, in the order of the conversation; and these places."""
        found: list[Message] = []
        places: dict[str, int] = {}
        for place, store in enumerate(stores):
            for message in store.messages(session, self._skipped):
                if message.id not in places:
                    places[message.id] = place
                    found.append(message)
        return sorted(found, key=_position), places

    def _read_about(self, known: Iterable[StoredSession]) -> None:
        for session in known:
            if session.directory and not self._transcript.cwds:
                self._transcript.cwds[session.directory] = None
            self._transcript.title = self._transcript.title or title_of(session.title)

    def _read_lines(self, messages: list[Message], stores: Sequence[Store], places: dict[str, int]) -> None:
        asked: dict[int, list[str]] = {}
        for message in messages:
            if message.kind is Kind.USER:
                asked.setdefault(places[message.id], []).append(message.id)
        sent: dict[str, UserParts] = {}
        for place, names in asked.items():
            sent.update(stores[place].user_parts(names, self._skipped))
        add_line = self._transcript.add_line
        for message in messages:
            is_prompt = message.kind is Kind.PROMPT or sent.get(message.id, _NOT_SENT).is_prompt
            add_line(0, message.created, PROMPT if is_prompt else 0)
            if message.completed is not None:
                add_line(0, message.completed, ANSWER if _is_on_clock(message, sent) else 0)

    def _read_copied_times(self, copies: list[Message]) -> None:
        """A session that holds nothing but copies keeps their times; nobody worked in it."""
        self._transcript.duration_known = self._transcript.clock_known = False
        for message in copies:
            for at in (message.created, message.completed):
                if at is not None:
                    self._transcript.add_line(0, at, COPIED)


def _position(message: Message) -> tuple[int, int, str]:
    """The place of a message in the conversation."""
    return message[:3]


def _is_on_clock(message: Message, sent: dict[str, UserParts]) -> bool:
    """Whether it is a model's answer to a person: not a shell command, not the answer to a manual compaction."""
    if message.kind is not Kind.ANSWER:
        return False
    asked = sent.get(message.parent_id or "", _NOT_SENT)
    is_shell = asked.is_only_synthetic and message.request is None and not message.has_failed
    return not is_shell and not asked.is_manual_compaction
