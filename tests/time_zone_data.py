"""Time zone data of the tests' own: a directory as zoneinfo reads it, and another release of it."""

import struct
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "Test/City"


def write_zone(directory: Path, rule: str, name: str = NAME) -> None:
    """A compiled zone file (RFC 9636) in which a rule of POSIX's TZ variable holds at all times."""
    no_transitions = struct.pack(">4s c 15x 6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    utc = struct.pack(">l b B 4s", 0, 0, 0, b"UTC\0")
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Once for readers of version 1, once for those of version 2, which alone know the rule.
    path.write_bytes((no_transitions + utc) * 2 + f"\n{rule}\n".encode("ascii"))


@contextmanager
def releases_in(directory: Path) -> Iterator[Callable[[str], None]]:
    """`release("MST7")`: from here on the zone `NAME` has this rule, as after an update of the time zone data."""
    path = zoneinfo.TZPATH

    def release(rule: str) -> None:
        write_zone(directory, rule)
        zoneinfo.ZoneInfo.clear_cache()

    zoneinfo.reset_tzpath([str(directory), *path])
    try:
        yield release
    finally:
        zoneinfo.reset_tzpath(path)
        zoneinfo.ZoneInfo.clear_cache()
