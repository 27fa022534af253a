"""Locate the command's files and write them: private to the user, and completely or not at all."""

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

import platformdirs

_NAME = "org-analytics"
PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


def config_file() -> Path:
    """Return the path of `config.toml` in the user's configuration directory."""
    return platformdirs.user_config_path(_NAME, appauthor=False) / "config.toml"


def state_directory() -> Path:
    """Return the user's state directory; create it, private to the user, if it is missing."""
    directory = platformdirs.user_state_path(_NAME, appauthor=False)
    directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    return directory


def private_file(path: Path) -> Path:
    """Return the path; create an empty file that only the user can read if it is missing."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    return path


def is_private(path: Path) -> bool:
    """Whether only the user can read the file. On Windows the directory decides that, not the file's mode."""
    return sys.platform == "win32" or not stat.S_IMODE(path.stat().st_mode) & 0o077


def write_atomically(path: Path, content: bytes, *, new_mode: int | None = None) -> None:
    """Replace the file in one step, also behind a symbolic link; it keeps its mode unless a new one is given."""
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
