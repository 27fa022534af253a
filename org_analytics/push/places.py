"""Where the command keeps its files, and how it writes them: private to the user, whole or not at all."""

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

_NAME = "org-analytics"
PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


def config_file() -> Path:
    """`config.toml` in the user's configuration directory."""
    return _directory("XDG_CONFIG_HOME", "APPDATA", ".config") / "config.toml"


def state_directory() -> Path:
    """The user's state directory, made private if it is not there."""
    directory = _directory("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
    directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    return directory


def _directory(xdg: str, windows: str, in_home: str) -> Path:
    """The XDG variable counts everywhere (absolute only, as its specification says), then the platform's own place."""
    chosen = os.environ.get(xdg, "")
    if not os.path.isabs(chosen):
        chosen = os.environ.get(windows, "") if sys.platform == "win32" else ""
    return (Path(chosen) if chosen else Path.home() / in_home) / _NAME


def private_file(path: Path) -> Path:
    """The path, made as an empty file that only the user can read if it is not there."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    return path


def is_private(path: Path) -> bool:
    """Whether only the user can read the file. Windows keeps that in the directory, not in the mode."""
    return sys.platform == "win32" or not stat.S_IMODE(path.stat().st_mode) & 0o077


def write_atomically(path: Path, content: bytes, *, new_mode: int | None = None) -> None:
    """Replace the file in one step, through symbolic links; it keeps its mode unless a new one is given."""
    target = Path(os.path.realpath(path))
    target.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target) if new_mode is None else new_mode)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _mode(target: Path) -> int:
    return stat.S_IMODE(target.stat().st_mode) if target.exists() else PRIVATE_FILE
