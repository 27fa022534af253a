"""Reduce a git remote to the path of its repository. Pure: no Django, no I/O; never raises.

A path is what the forge calls `owner/name` (`group/sub/name` where groups nest). One repository has one path, whatever
protocol it is cloned by. Hosts, users, passwords, tokens, ports, queries and fragments are never part of a path: where
it is unclear which part of a malformed URL is the path, there is none.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from .limits import MAX_PATH_BYTES, MAX_URL

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_LOCAL = re.compile(r"file:|[a-z]:[/\\]|[/\\]|\.{1,2}(?:[/\\]|$)|~(?:[/\\]|$)", re.IGNORECASE)
# `https:/host/…`, `https:host/…`, `https//host/…`: what follows would be taken for a path, host and all.
_BROKEN_SCHEME = re.compile(r"(?:git\+)?(?:https?|ssh|ftps?)(?::|//)|git:/", re.IGNORECASE)
# `codecommit://profile@name` or `codecommit::region://profile@name`: the helper's short forms of `…/v1/repos/name`.
_CODECOMMIT = re.compile(r"codecommit:(?::[a-z0-9-]+:)?//", re.IGNORECASE)
_PORT = re.compile(r"(?::[0-9]*)?")
_HOST = re.compile(r"(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)|(?:[0-9]{1,3}\.){3}[0-9]{1,3}", re.IGNORECASE)
# A character that cannot be in a path: a part of it may be a host, a credential or a query (`;token=…`). An escape that
# is left after decoding may hide one of them.
_SEPARATOR = re.compile(r"[:\\;=@?#]|%[0-9a-f]{2}", re.IGNORECASE)
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NO_NAME = frozenset({"", ".", "..", "~"})

_AZURE_SSH_HOSTS = frozenset({"ssh.dev.azure.com", "vs-ssh.visualstudio.com"})
_AZURE_OLD_DOMAIN = ".visualstudio.com"
AZURE_COLLECTION = "defaultcollection"
AZURE_MARKS = frozenset({"_git", "_ssh"})
AZURE_PARTIAL = frozenset({"_full", "_optimized"})


@dataclass(frozen=True, slots=True)
class GitPaths:
    """The repository of a session and the upstream that its clone tracks, or None."""

    repo: str | None = None
    upstream: str | None = None


def fold_case(path: str) -> str:
    """The folded path: two paths with the same folded path are one repository."""
    return path.casefold() if path.isascii() else _composed(path).casefold()


def is_local(url: object) -> bool:
    """Whether the remote is a directory of the machine: `file:`, absolute, relative or with a drive letter."""
    return isinstance(url, str) and bool(_LOCAL.match(url.strip(" ")))


def repo_path(url: object) -> str | None:
    """The path of the repository that a remote URL names, or None.

    >>> repo_path("https://user:token@github.com:443/acme/api.git/")
    'acme/api'
    >>> repo_path("git@gitlab.com:group/sub/repo.git")
    'group/sub/repo'
    >>> repo_path("https://bitbucket.example.com/scm/PROJ/api.git")
    'PROJ/api'
    """
    if not isinstance(url, str) or len(url) > MAX_URL or _is_unsafe(url):
        return None
    url = _composed(url).strip(" ")
    parts = _local_parts(url) if _LOCAL.match(url) else _remote_parts(url)
    path = "/".join(parts)
    return path if len(parts) >= 2 and _fits(path) else None


def reduced_path(path: object) -> str | None:
    """The path as it is, or None where it is not one that `repo_path` could return. It is never cut.

    >>> reduced_path("my.group/sub/repo")
    'my.group/sub/repo'
    """
    if not isinstance(path, str) or not _fits(path) or _is_unsafe(path):
        return None
    names = path.split("/")
    are_names = len(names) >= 2 and all(name == name.strip(" ") and name not in _NO_NAME for name in names)
    return path if are_names and decoded_path(path) else None


def paths_from_git_info(git_info: object) -> GitPaths:
    """The repository and the upstream that a session's `git_info` names. Anything malformed names none.

    `git_info` holds remote URLs (`repo_url`, `remotes`, `tracking_remote`), or paths that are already reduced (`path`,
    `upstream_path`; a `GitPaths` says the same).
    """
    if isinstance(git_info, GitPaths):
        return _distinct_paths(reduced_path(git_info.repo), reduced_path(git_info.upstream))
    if not isinstance(git_info, Mapping):
        return GitPaths()
    if "path" in git_info and "repo_url" not in git_info:
        return _distinct_paths(reduced_path(git_info["path"]), reduced_path(git_info.get("upstream_path")))
    return _distinct_paths(repo_path(git_info.get("repo_url")), repo_path(_tracking_url(git_info)))


def decoded_path(path: str) -> str:
    """The path without percent-escapes; nothing where it holds, plainly or in escapes, what no path holds."""
    if "%" not in path:
        return "" if _SEPARATOR.search(path) else path
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return ""
    if _is_unsafe(decoded) or _SEPARATOR.search(decoded):
        return ""
    composed = _composed(decoded)
    return "" if _SEPARATOR.search(composed) else composed


def looks_like_host(name: str) -> bool:
    """Whether a name has the form of a host: labels with a top-level domain of letters, or an IPv4 address."""
    return bool(_HOST.fullmatch(name))


def web_parts(host: str, parts: list[str]) -> list[str]:
    """The parts of a repository's path out of the parts of its address over http on this host."""
    azure_parts = _azure_parts(host.lower(), parts)
    if azure_parts != parts:
        return azure_parts
    if len(parts) >= 3 and parts[-3] == "scm":  # Bitbucket Server
        return parts[-2:]
    if len(parts) >= 3 and parts[0] == "a":  # Gerrit, for those who are logged in
        return parts[1:]
    return parts


def without_azure_marks(parts: list[str]) -> list[str]:
    """`acme/Proj/_git/api` → `acme/Proj/api`; `acme/_git/api`, the repository named like its project → `acme/api/api`.

    Azure DevOps also serves partial clones, `_git/_full/api` and `_git/_optimized/api`.
    """
    *owners, name = parts
    if owners[-1:] and owners[-1] in AZURE_PARTIAL and len(owners) >= 2 and owners[-2] in AZURE_MARKS:
        owners.pop()
    if len(owners) < 2 or owners[-1] not in AZURE_MARKS:
        return parts
    owners.pop()
    return [*owners, name] if len(owners) >= 2 else [*owners, name, name]


def _distinct_paths(repo: str | None, upstream: str | None) -> GitPaths:
    if repo is None or upstream is None or fold_case(upstream) == fold_case(repo):
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


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _fits(path: str) -> bool:
    return len(path) <= MAX_PATH_BYTES and len(path.encode("utf-8", "surrogatepass")) <= MAX_PATH_BYTES


def _is_unsafe(text: str) -> bool:
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(char) in _UNSAFE_CATEGORIES for char in text)


def _local_parts(url: str) -> list[str]:
    rest = re.sub(r"^file:(?://[^/]*)?", "", url, flags=re.IGNORECASE)
    path = "/".join(_named_parts(rest.replace("\\", "/"))[-2:])
    return _named_parts(decoded_path(path))[-2:]


def _remote_parts(url: str) -> list[str]:
    helper = _CODECOMMIT.match(url)
    if helper:
        return _codecommit_parts(url[helper.end() :])
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    rest, extra = _cut_query(rest)
    if "@" in extra:
        return []  # a password with ? or # in it, or a query with @: the path cannot be told from the rest
    _credentials, at, address = rest.rpartition("@")
    if scheme:
        host, path = _split_authority(address)
        is_web = scheme[1].lower().rpartition("+")[2] in {"http", "https"}
    elif _BROKEN_SCHEME.match(address):
        return []
    elif ":" in address:
        host, path, has_port = _split_scp_address(address)
        is_web = has_port and not at  # `git@host:2222/o/r` is meant for ssh
    else:
        host, path = _split_plain_address(address, has_host=bool(at))
        is_web = bool(host)
    parts = _named_parts(decoded_path(path))
    if not parts:
        return []
    return web_parts(host, parts) if is_web else _azure_parts(host.lower(), parts)


def _codecommit_parts(rest: str) -> list[str]:
    name = _named_parts(decoded_path(rest.rpartition("@")[2]))
    return ["v1", "repos", *name] if len(name) == 1 else []


def _cut_query(rest: str) -> tuple[str, str]:
    cut = min((at for at in (rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    return rest[:cut], rest[cut:]


def _split_authority(address: str) -> tuple[str, str]:
    """`host[:port]/path` as host and path; no path where the host is missing or the port is not a number."""
    if "://" in address or address.startswith(("/", ":")):
        return "", ""  # a URL pasted into a URL, or a slash too many: the host would look like an owner
    authority, _, path = address.partition("/")
    port = authority.rpartition("]")[2] if authority.startswith("[") else authority
    start = port.find(":")
    if start >= 0 and not _PORT.fullmatch(port[start:]):
        return "", ""
    return authority if start < 0 or port is not authority else authority[:start], path


def _split_scp_address(address: str) -> tuple[str, str, bool]:
    """`host:path` as host, path, and whether there was a port: a number before two more parts, though scp has none."""
    host, _, path = address.partition("]:" if address.startswith("[") else ":")
    if "/" in host:
        return "", "", False
    first, _, rest = path.lstrip("/").partition("/")
    has_port = first.isascii() and first.isdigit() and "/" in rest.strip("/")
    return host, rest if has_port else path, has_port


def _split_plain_address(address: str, *, has_host: bool) -> tuple[str, str]:
    """`github.com/acme/api` as host and path; without a host, or something that looks like one, a path alone."""
    host, _, path = address.partition("/")
    if has_host or (looks_like_host(host) and "/" in path.strip("/")):
        return host, path
    return "", address


def _azure_parts(host: str, parts: list[str]) -> list[str]:
    """The parts with the organization in front, without what tells Azure DevOps' protocols apart."""
    if host in _AZURE_SSH_HOSTS:
        if parts[0].lower() != "v3":
            return []  # an older form that names the organization only as the user
        parts = [part for part in parts[1:] if part not in AZURE_PARTIAL]
    elif host.endswith(_AZURE_OLD_DOMAIN):
        has_collection = parts[0].lower() == AZURE_COLLECTION
        parts = [host.removesuffix(_AZURE_OLD_DOMAIN), *parts[has_collection:]]
    return without_azure_marks(parts) if parts else []


def _named_parts(path: str) -> list[str]:
    """The parts of a path that name something, the last one without its `.git`."""
    parts = [name for part in path.split("/") if (name := part.strip(" ")) not in _NO_NAME]
    while parts and parts[-1].lower().endswith(".git"):
        name = parts.pop()[: -len(".git")].strip(" ")
        if name not in _NO_NAME:
            parts.append(name)
    return parts
