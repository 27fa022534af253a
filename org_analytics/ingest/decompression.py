"""Opens files that may be compressed with Zstandard, where a module for it is installed."""

import io
from typing import IO, Any

try:
    from compression import zstd as _zstd  # type: ignore[import-not-found, unused-ignore]  # Python 3.14

    _ERRORS: tuple[type[Exception], ...] = (_zstd.ZstdError, EOFError)
except ImportError:
    try:
        import zstandard as _zstd  # type: ignore[import-not-found, unused-ignore, no-redef]

        _ERRORS = (_zstd.ZstdError, EOFError)
    except ImportError:
        _zstd = None  # type: ignore[assignment, unused-ignore]
        _ERRORS = ()

SUFFIX = ".zst"
DAMAGED_ERRORS = _ERRORS
NOT_INSTALLED = "compressed with Zstandard, which needs Python 3.14 or the module zstandard"


def can_read_zstd() -> bool:
    """Whether a module that reads Zstandard is installed."""
    return _zstd is not None


def open_file(path: str, buffering: int) -> IO[bytes]:
    """The file for reading, decompressed if its name ends in `.zst`. Raises OSError where it cannot be read."""
    if not path.endswith(SUFFIX):
        return open(path, "rb", buffering=buffering)
    if _zstd is None:
        raise OSError(NOT_INSTALLED)
    stream: Any = _zstd.open(path, "rb")
    return io.BufferedReader(stream, buffering)
