"""Opens files that may be compressed with Zstandard, where a module for it is installed."""

import importlib
import io
from functools import cache
from importlib.util import find_spec
from typing import IO, Any

SUFFIX = ".zst"
NOT_INSTALLED = "compressed with Zstandard, which needs Python 3.14 or the module zstandard"

_MODULES = ("compression.zstd", "zstandard")  # that of Python 3.14 first


class DamagedError(Exception):
    """The compressed data cannot be read."""


def can_read_zstd() -> bool:
    """Whether a module that reads Zstandard is installed."""
    return _module() is not None


def open_file(path: str, buffering: int) -> IO[bytes]:
    """The file for reading, decompressed if its name ends in `.zst`. Raises OSError where it cannot be read.

    Reading raises DamagedError where the compressed data is damaged.
    """
    if not path.endswith(SUFFIX):
        return open(path, "rb", buffering=buffering)
    module = _module()
    if module is None:
        raise OSError(NOT_INSTALLED)
    return io.BufferedReader(_Decompressed(module, path), buffering)


class _Decompressed(io.RawIOBase):
    def __init__(self, module: Any, path: str) -> None:
        self._stream = module.open(path, "rb")
        self._errors = (module.ZstdError, EOFError)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except self._errors as error:
            raise DamagedError(str(error)) from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


@cache
def _module() -> Any:
    """The module that reads Zstandard, imported when it is first needed: it takes memory."""
    for name in _MODULES:
        if find_spec(name.partition(".")[0]) is not None:
            return importlib.import_module(name)
    return None
