"""Which repository a directory belongs to, asked of git, reduced to what the fork roll-up needs."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property, lru_cache
from operator import itemgetter

from ..repo_paths import GitPaths, is_local, paths_from_git_info, repo_path

TIMEOUT = 5  # seconds for one question: a directory may be on a dead network mount
# A hook's environment leads to another clone (GIT_DIR, …). These say where the person's own configuration is.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def reduced(repo_url: object, upstream_url: object = None) -> dict[str, str] | None:
    """The `git_info` that may leave the machine: paths without host, no branch. None where there is no repository.

    >>> reduced("https://user:token@example.org/acme/api.git")
    {'path': 'acme/api'}
    >>> reduced("git@example.org:ann/api.git", "git@example.org:acme/api.git")
    {'path': 'ann/api', 'upstream_path': 'acme/api'}
    """
    return _git_info(_shared_path(repo_url), _shared_path(upstream_url))


@lru_cache(maxsize=1024)
def look_up(cwd: str, branch: str | None) -> dict[str, str] | None:
    """The reduced `git_info` of a directory, None where it is not a clone with a remote. Do not change the answer.

    URLs are taken as the clone's configuration has them. The form that `url.*.insteadOf` makes of them is the way of
    this machine to the repository (a mirror, a proxy): it counts only where the configured form gives no path.
    """
    git = shutil.which("git")
    if git is None or not os.path.isabs(cwd) or not os.path.isdir(cwd):
        return None
    remotes = _Remotes(git, cwd)
    origin = remotes.origin()
    if origin is None:
        return None
    tracked = _ask(git, cwd, "config", "--get", f"branch.{branch}.remote") if branch else ""
    return _git_info(remotes.path(origin), remotes.path(tracked) if tracked != origin else None)


class _Remotes:
    """The remotes of a clone: the URL of each by name, as configured and, once it is asked for, as rewritten."""

    def __init__(self, git: str, cwd: str) -> None:
        self._git, self._cwd = git, cwd
        listing = _ask(git, cwd, "config", "--null", "--get-regexp", r"^remote\..*\.(url|pushurl)$")
        self._configured = _first_urls(_configured_urls(listing))

    @cached_property
    def _rewritten(self) -> dict[str, str]:
        return _first_urls(_listed_urls(_ask(self._git, self._cwd, "remote", "--verbose")))

    @property
    def _names(self) -> Collection[str]:
        return self._configured or self._rewritten

    def origin(self) -> str | None:
        """The name of the remote that the clone belongs to: `origin`, else the first by name."""
        return "origin" if "origin" in self._names else min(self._names, default=None)

    def path(self, name: str) -> str | None:
        """The path of the repository that the remote of this name leads to."""
        if name not in self._names:
            return None
        return _shared_path(self._configured.get(name)) or _shared_path(self._rewritten.get(name))


def _git_info(path: str | None, upstream_path: str | None) -> dict[str, str] | None:
    paths = paths_from_git_info(GitPaths(path, upstream_path))
    if paths.repo is None:
        return None
    return {"path": paths.repo} | ({"upstream_path": paths.upstream} if paths.upstream else {})


def _shared_path(url: object) -> str | None:
    """The path of a repository that others may know; a directory of this machine is not one."""
    return None if is_local(url) else repo_path(url)


def _configured_urls(listing: str) -> Iterator[tuple[str, bool, str]]:
    """Name, whether it is for pushing, and URL of `remote.NAME.url` entries, each `KEY LF VALUE NUL`."""
    for entry in listing.split("\0"):
        key, _, url = entry.partition("\n")
        name, _, kind = key.removeprefix("remote.").rpartition(".")
        yield name, kind == "pushurl", url


def _listed_urls(listing: str) -> Iterator[tuple[str, bool, str]]:
    """The same of the lines `NAME TAB URL (fetch)` of `git remote --verbose`."""
    for line in listing.splitlines():
        name, _, rest = line.partition("\t")
        url, _, kind = rest.rpartition(" (")
        yield name, kind.startswith("push"), url


def _first_urls(urls: Iterable[tuple[str, bool, str]]) -> dict[str, str]:
    """The first URL of each remote: one to fetch from, else one to push to."""
    ordered = sorted(urls, key=itemgetter(1))
    return {name: url for name, _is_push, url in reversed(ordered) if name and url}


def _ask(git: str, cwd: str, *question: str) -> str:
    """The answer, "" for none. An argument list, no shell; nothing that runs hooks or filters, nothing that prompts."""
    clean = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("GIT_")}
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
