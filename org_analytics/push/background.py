"""Start a push that outlives the agent which started it, and leave the agent alone."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from org_analytics.push.places import private_file, state_directory

MAX_LOG_BYTES = 64 * 1024


def log_file() -> Path:
    """Where pushes in the background say what went wrong: nobody sees their output."""
    return state_directory() / "background.log"


def start_push(options: Sequence[str]) -> None:
    """Run `push` detached, with its output in the log; the log starts anew when it has grown."""
    log = private_file(log_file())
    mode = "ab" if log.stat().st_size < MAX_LOG_BYTES else "wb"
    command = [sys.executable, "-P", "-m", "org_analytics.push", "push", "--quiet", "--background", *options]
    with log.open(mode) as output:
        output.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} push\n".encode())
        output.flush()
        subprocess.Popen(  # noqa: S603 - our own program, no shell
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=Path.home(), **_detached()
        )


def _detached() -> dict[str, Any]:
    """The agent ends its process group and its console; the push must not be in them."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
