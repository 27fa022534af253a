"""Finds the repository of a directory with git, reduced to the paths that the fork roll-up needs."""

import os
import re
import shutil
import subprocess
from functools import lru_cache

from ..repo_paths import GitPaths, fold_case, is_local, repo_path
from .state import GitInfo

TIMEOUT = 5  # seconds for one question: a directory may be on a network mount that does not answer
# The environment of a hook leads to another clone (GIT_DIR, …). These say where a developer's own configuration is.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_WORKTREES = re.compile(r"[/\\]\.claude[/\\]worktrees[/\\]")


def repository_of(repo_url: object, upstream_url: object = None) -> GitPaths | None:
    """The repository and its upstream as paths without a host; None for a local or malformed URL.

    >>> repository_of("https://user:token@example.org/acme/api.git")
    GitPaths(repo='acme/api', upstream=None)
    """
    repo, upstream = _shared_path(repo_url), _shared_path(upstream_url)
    if repo is None:
        return None
    is_other = upstream is not None and fold_case(upstream) != fold_case(repo)
    return GitPaths(repo, upstream if is_other else None)


def as_git_info(paths: GitPaths) -> GitInfo:
    """The paths as the `git_info` of a session: nothing else about the clone leaves the machine."""
    info = {"path": paths.repo, "upstream_path": paths.upstream}
    return {name: path for name, path in info.items() if path is not None}


@lru_cache(maxsize=1024)
def look_up(cwd: str, branch: str | None) -> GitPaths | None:
    """The repository of a directory; None where the directory is not (or no longer) a clone with a remote.

    A worktree that Claude Code made inside a clone and removed belongs to that clone.
    """
    git = shutil.which("git")
    directory = _existing_directory(cwd)
    if git is None or directory is None:
        return None
    urls = _raw_urls(git, directory)
    if not urls:
        return None
    origin = "origin" if "origin" in urls else min(urls)
    tracked = _ask(git, directory, "config", "--get", f"branch.{branch}.remote") if branch else ""
    upstream = tracked if tracked != origin and tracked in urls else ""
    # Raw URLs first: a developer's `url.*.insteadOf` would name a mirror instead of the repository.
    if any(_shared_path(urls[name]) is None for name in (origin, upstream) if name):
        rewritten = _rewritten_urls(git, directory)
        urls = {name: url if _shared_path(url) else rewritten.get(name, url) for name, url in urls.items()}
    return repository_of(urls[origin], urls.get(upstream))


def _shared_path(url: object) -> str | None:
    return None if is_local(url) else repo_path(url)


def _existing_directory(cwd: str) -> str | None:
    """The directory, or for a removed worktree of Claude Code the clone that contained it."""
    while os.path.isabs(cwd) and "\x00" not in cwd:
        if os.path.isdir(cwd):
            return cwd
        cuts = list(_WORKTREES.finditer(cwd))
        if not cuts:
            return None
        cwd = cwd[: cuts[-1].start()]
    return None


def _raw_urls(git: str, directory: str) -> dict[str, str]:
    """The URL of each remote as configured: the first one for fetching, else the first one for pushing."""
    fetch: dict[str, str] = {}
    push: dict[str, str] = {}
    answer = _ask(git, directory, "config", "-z", "--get-regexp", r"^remote\..*\.(url|pushurl)$")
    for setting in answer.split("\0"):
        key, _, url = setting.partition("\n")
        name, _, kind = key.removeprefix("remote.").rpartition(".")
        (push if kind == "pushurl" else fetch).setdefault(name, url)
    return {name: url for name, url in (push | fetch).items() if name and url}


def _rewritten_urls(git: str, directory: str) -> dict[str, str]:
    """The URL of each remote after git has applied the settings `url.*.insteadOf`."""
    urls: dict[str, str] = {}
    for line in _ask(git, directory, "remote", "-v").splitlines():
        name, _, rest = line.partition("\t")
        urls.setdefault(name, rest.rpartition(" (")[0])
    return urls


def _ask(git: str, directory: str, *question: str) -> str:
    """The answer of git, "" for none. Uses no shell and runs nothing that starts hooks or filters or that prompts."""
    clean = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("GIT_")}
    try:
        answer = subprocess.run(  # noqa: S603 - git, no shell
            [git, "-C", directory, *_SAFE, *question],
            env=clean | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else ""
