"""Which repository a directory belongs to, asked of git, reduced to what the fork roll-up needs."""

import os
import shutil
import subprocess
from functools import lru_cache
from typing import Any

from ..repo_paths import is_local, paths_from_git_info

TIMEOUT = 5  # seconds for one question: a directory may be on a dead network mount
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def reduced(repo_url: object, tracking_remote: object = None, remotes: object = None) -> dict[str, Any] | None:
    """The `git_info` that may leave the machine: paths without host, no branch, no other remotes; None = no repository.

    >>> reduced("https://user:token@example.org/acme/api.git")
    {'repo_url': 'acme/api'}
    """
    if is_local(repo_url):
        return None
    shared = [remote for remote in remotes if not _is_local_remote(remote)] if isinstance(remotes, list) else []
    paths = paths_from_git_info({"repo_url": repo_url, "tracking_remote": tracking_remote, "remotes": shared})
    if paths.repo is None:
        return None
    if paths.upstream is None:
        return {"repo_url": paths.repo}
    upstream = {"name": "upstream", "fetch_url": paths.upstream}
    return {"repo_url": paths.repo, "tracking_remote": "upstream", "remotes": [upstream]}


@lru_cache(maxsize=1024)
def look_up(cwd: str, branch: str | None) -> dict[str, Any] | None:
    """The reduced `git_info` of a directory, None where it is no clone with a remote (any more). Not to be changed."""
    git = shutil.which("git")
    if git is None or not os.path.isabs(cwd) or not os.path.isdir(cwd):
        return None
    remotes = _remotes(_ask(git, cwd, "remote", "-v"))
    first = remotes[0].get("fetch_url") if remotes else None
    origin = _ask(git, cwd, "config", "--get", "remote.origin.url") or first
    tracking = _ask(git, cwd, "config", "--get", f"branch.{branch}.remote") if branch else None
    return reduced(origin, tracking, remotes)


def _ask(git: str, cwd: str, *question: str) -> str:
    """The answer, "" for none. An argument list, no shell; nothing that runs hooks or filters, nothing that prompts."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        answer = subprocess.run(  # noqa: S603
            [git, "-C", cwd, *_SAFE, *question],
            env=clean | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else ""


def _remotes(listing: str) -> list[dict[str, str]]:
    """`name<TAB>url (fetch)` lines as the remotes of a `git_info`."""
    remotes: dict[str, dict[str, str]] = {}
    for line in listing.splitlines():
        name, _, rest = line.partition("\t")
        url, _, direction = rest.rpartition(" (")
        remotes.setdefault(name, {"name": name})["push_url" if direction.startswith("push") else "fetch_url"] = url
    return list(remotes.values())


def _is_local_remote(remote: object) -> bool:
    return isinstance(remote, dict) and is_local(remote.get("fetch_url") or remote.get("push_url"))
