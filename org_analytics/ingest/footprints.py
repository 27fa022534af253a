"""What of a session is kept after it was read: which lines and responses it holds, each as a key, a time and flags.

Keys are 64-bit hashes, so nothing of a transcript can be read off them. Times are microseconds since 1970.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

NO_TIME = -(2**63)  # earlier than any
COPIED = 1  # the line says that it was forked from another session
RESPONSE = 2  # the key stands for a response, else for a line of the main transcript

_ENTRY = struct.Struct("<qqB")


class Entry(NamedTuple):
    key: int
    at: int
    flags: int


def key(kind: bytes, identity: str | bytes) -> int:
    """The key of something with an identity; `kind` keeps the key spaces apart."""
    text = identity.encode("utf-8", "surrogatepass") if isinstance(identity, str) else identity
    return int.from_bytes(hashlib.blake2b(text, digest_size=8, person=kind).digest(), "little", signed=True)


def pack(entries: list[Entry]) -> bytes:
    return b"".join(_ENTRY.pack(*entry) for entry in entries)


class Entries:
    """What `pack` gave, read as often as needed without being unpacked as a whole."""

    def __init__(self, lines: bytes) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Entry]:
        return map(Entry._make, _ENTRY.iter_unpack(self._lines))


def keys_of(lines: bytes) -> set[int]:
    """The keys in what `pack` gave."""
    return {entry[0] for entry in _ENTRY.iter_unpack(lines)}
