"""ccusage, the npm command whose numbers ours are compared with: `make compare`."""

import json
import os
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts import npm

VERSION = "20.0.24"
TOLERANCE = Decimal("1e-9")  # its costs are floating point numbers


def install() -> Path:
    """The command, installed once. Raises UnavailableError."""
    return npm.install("ccusage", VERSION)


def sessions(command: Path, agent: str, home: Path, places: Mapping[str, Path], *options: str) -> list[dict[str, Any]]:
    """The sessions of an agent that ccusage reports. `places` are the environment variables that name directories."""
    done = subprocess.run(
        [command, agent, "session", "--json", "--offline", *options],
        env={**os.environ, **{name: str(path) for name, path in places.items()}, "HOME": str(home), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)["sessions"]
    return rows
