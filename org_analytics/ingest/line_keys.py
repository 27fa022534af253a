"""The keys of a session's lines and responses: what is kept of a session after it was read.

Keys are 64-bit hashes, so no transcript text can be recovered from them. Times are microseconds since 1970.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import starmap
from typing import NamedTuple

NO_TIME = -(2**63)  # earlier than any other time
COPIED = 1  # the line says that it was copied from another session
RESPONSE = 2  # the key stands for a response, not for a line
CHILD = 16  # the line is in a child's transcript: it does not tell when the session began

_ENTRY = struct.Struct("<qqB")


class KeyEntry(NamedTuple):
    """One line or response of a session: its key, its time and its flags (`COPIED`, `RESPONSE`, `CHILD`)."""

    key: int
    at: int
    flags: int


def hash_key(kind: bytes, identity: str | bytes) -> int:
    """The key of something with an identity. Different kinds have different keys for the same identity."""
    data = identity.encode("utf-8", "surrogatepass") if isinstance(identity, str) else identity
    hasher = _hasher(kind).copy()  # making one with parameters takes twice as long
    hasher.update(data)
    return int.from_bytes(hasher.digest(), "little", signed=True)


@cache
def _hasher(kind: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=8, person=kind)


def pack(entries: Iterable[KeyEntry]) -> bytes:
    """The entries as the bytes that a state keeps."""
    return b"".join(starmap(_ENTRY.pack, entries))


class PackedEntries:
    """Iterates over the entries in packed bytes. Can be iterated repeatedly; never unpacks all of them at once."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __iter__(self) -> Iterator[KeyEntry]:
        return map(KeyEntry._make, _ENTRY.iter_unpack(self._packed))


def keys_of(packed: bytes) -> set[int]:
    """The keys in packed bytes."""
    return {entry[0] for entry in _ENTRY.iter_unpack(packed)}
