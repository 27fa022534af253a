"""Commands from npm, each installed once below .bench/."""

import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".bench"


class UnavailableError(Exception):
    """A command cannot be run here; the text says why."""


def install(package: str, version: str, command: str = "") -> Path:
    """The command of an npm package. Raises UnavailableError."""
    name = f"{package} {version}"
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError(f"npm is not installed, so {name} cannot be tried")
    directory = CACHE / f"{package}-{version}"
    path = directory / "node_modules" / ".bin" / (command or package)
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        question = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(directory), f"{package}@{version}"]
        done = subprocess.run(question, capture_output=True, text=True, check=False)
        if done.returncode or not path.exists():
            raise UnavailableError(f"npm cannot install {name}")
    if subprocess.run([path, "--version"], capture_output=True, check=False).returncode:
        raise UnavailableError(f"{name} does not run here")
    return path
