"""Start a push in the background. It continues after the agent that started it has ended."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .files import private_file, state_directory

MAX_LOG_BYTES = 64 * 1024


def log_file() -> Path:
    """Return the file for messages of pushes in the background, which have no terminal."""
    return state_directory() / "background.log"


def push_command(options: Sequence[str]) -> list[str]:
    """Return the push as an argument list. -P: a project's own files must not be imported in place of ours."""
    return [sys.executable, "-P", "-m", "org_analytics.push", "push", "--quiet", "--background", *options]


def start_push(options: Sequence[str]) -> None:
    """Run `push` detached, with its output in the log; a log over its size limit is emptied first."""
    log = private_file(log_file())
    mode = "ab" if log.stat().st_size < MAX_LOG_BYTES else "wb"
    with log.open(mode) as output:
        output.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} push\n".encode())
        output.flush()
        subprocess.Popen(  # noqa: S603 - our own program, no shell
            push_command(options),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=Path.home(),
            **_detached(),
        )


def _detached() -> dict[str, Any]:
    """Return the options that keep the push out of the process group and console, which the agent ends."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
