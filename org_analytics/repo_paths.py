"""From a git remote to the path a repository is known by. Pure: no Django, no I/O, never raises on any input.

A path is what the forge calls `owner/name` (`group/sub/name` where groups nest). Hosts, users, passwords, tokens,
ports, queries and fragments never are part of one: where it is unclear which part of a malformed URL is the path, there
is none.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from .limits import MAX_PATH_BYTES, MAX_URL

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LOCAL = re.compile(r"file:|[a-z]:[/\\]|[/\\]|\.{1,2}(?:[/\\]|$)|~(?:[/\\]|$)", re.IGNORECASE)
# `https:/host/…`, `https:host/…`, `https//host/…`: what follows would be taken for a path, host and all.
_BROKEN_SCHEME = re.compile(r"(?:git\+)?(?:https?|ssh|ftps?)(?::|//)|git:/", re.IGNORECASE)
_PORT = re.compile(r"(?::[0-9]*)?")
# A separator, as it is or percent-encoded, in what is left as the path: part of it may be a host, a credential or a
# query (`;token=…`, `%3Ftoken=…`). A percent sign that is itself encoded may hide any of them.
_SEPARATOR = re.compile(r"[:\\;=]|%(?:23|25|3[abdf]|40)", re.IGNORECASE)
_LOCAL_SEPARATOR = re.compile(r"[:@?#;=]|%(?:23|25|3[abdf]|40)", re.IGNORECASE)
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NO_NAME = frozenset({"", ".", "..", "~"})


@dataclass(frozen=True, slots=True)
class GitPaths:
    """The repository of a session and the repository its clone tracks as upstream; None where there is none."""

    repo: str | None = None
    upstream: str | None = None


def fold_case(path: str) -> str:
    """The form in which paths are compared: two paths with the same fold are one repository."""
    return path.casefold()


def is_local(url: object) -> bool:
    """Whether the remote is a directory of the machine: `file:`, absolute, relative or with a drive letter."""
    return isinstance(url, str) and bool(_LOCAL.match(url.strip(" ")))


def repo_path(url: object) -> str | None:
    """The path of the repository that a remote URL names, or None.

    >>> repo_path("https://user:token@github.com:443/acme/api.git/")
    'acme/api'
    >>> repo_path("git@gitlab.com:group/sub/repo.git")
    'group/sub/repo'
    """
    if not isinstance(url, str) or len(url) > MAX_URL or _is_unsafe(url):
        return None
    url = url.strip(" ")
    parts = _local_parts(url) if is_local(url) else _remote_parts(url)
    path = "/".join(parts)
    if len(parts) < 2 or len(path.encode()) > MAX_PATH_BYTES:
        return None
    return path


def paths_from_git_info(git_info: object) -> GitPaths:
    """The repository and the upstream that a session's `git_info` names. Anything malformed names none."""
    if not isinstance(git_info, Mapping):
        return GitPaths()
    repo = repo_path(git_info.get("repo_url"))
    if repo is None:
        return GitPaths()
    upstream = repo_path(_tracking_url(git_info))
    if upstream is None or fold_case(upstream) == fold_case(repo):
        return GitPaths(repo)
    return GitPaths(repo, upstream)


def _tracking_url(git_info: Mapping[object, object]) -> object:
    name, remotes = git_info.get("tracking_remote"), git_info.get("remotes")
    if not isinstance(name, str) or not name or not isinstance(remotes, list):
        return None
    for remote in remotes:
        if isinstance(remote, Mapping) and remote.get("name") == name:
            return remote.get("fetch_url") or remote.get("push_url")
    return None


def _is_unsafe(url: str) -> bool:
    return any(unicodedata.category(char) in _UNSAFE_CATEGORIES for char in url)


def _local_parts(url: str) -> list[str]:
    rest = re.sub(r"^file:(?://[^/]*)?", "", url, flags=re.IGNORECASE)
    parts = _named_parts(rest.replace("\\", "/"))[-2:]
    # In a directory's name these may be the rest of a credential or a query.
    return [] if any(_LOCAL_SEPARATOR.search(part) for part in parts) else parts


def _remote_parts(url: str) -> list[str]:
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    rest, extra = _cut_query(rest)
    if "@" in extra:
        return []  # a password with ? or # in it, or a query with @: which part is the path is anybody's guess
    _credentials, at, address = rest.rpartition("@")
    if scheme:
        path = _path_after_authority(address)
    elif _BROKEN_SCHEME.match(address):
        return []
    elif ":" in address:
        path = _path_after_scp_host(address)
    else:
        path = address.partition("/")[2] if at else address
    return [] if _SEPARATOR.search(path) else _named_parts(path)


def _cut_query(rest: str) -> tuple[str, str]:
    cut = min((at for at in (rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    return rest[:cut], rest[cut:]


def _path_after_authority(address: str) -> str:
    """`host[:port]/path` → `path`; nothing where the host is missing or the port is no number."""
    if "://" in address or address.startswith(("/", ":")):
        return ""  # a URL pasted into a URL, or a slash too many: the host would look like an owner
    authority, _, path = address.partition("/")
    port = authority.rpartition("]")[2] if authority.startswith("[") else authority
    start = port.find(":")
    return path if start < 0 or _PORT.fullmatch(port[start:]) else ""


def _path_after_scp_host(address: str) -> str:
    """`host:path` → `path`; a number before two more parts is a port written where scp has none."""
    host, _, path = address.partition("]:" if address.startswith("[") else ":")
    if "/" in host:
        return ""
    first, _, rest = path.lstrip("/").partition("/")
    return rest if first.isascii() and first.isdigit() and "/" in rest.strip("/") else path


def _named_parts(path: str) -> list[str]:
    """The parts of a path that name something, the last one without its `.git`."""
    parts = [name for part in path.split("/") if (name := part.strip(" ")) not in _NO_NAME]
    while parts and parts[-1].lower().endswith(".git"):
        name = parts.pop()[: -len(".git")].strip(" ")
        if name not in _NO_NAME:
            parts.append(name)
    return parts
