"""Find the stored paths that today's rule for repository paths changes. Pure: no Django.

A stored path does not tell the scheme and host of its URL. So its new path is certain only if the stored form has one
meaning; if it has several, an administrator decides.
"""

import unicodedata
from dataclasses import dataclass

from ..repo_paths import (
    AZURE_COLLECTION,
    AZURE_MARKS,
    AZURE_PARTIAL,
    decoded_path,
    looks_like_host,
    reduced_path,
    web_parts,
    without_azure_marks,
)

# Public servers: nobody calls a group like one of them. Any other name with a dot may be a group.
PUBLIC_HOSTS = frozenset(
    {
        *("github.com", "www.github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "codeberg.org", "gitea.com"),
        *("git.sr.ht", "gitee.com"),
    }
)


@dataclass(frozen=True, slots=True)
class NewPath:
    """A path to rename to. With a `doubt`, it is only the likely one; None where there is not even a likely one."""

    path: str | None
    doubt: str = ""


def new_path(stored: str) -> NewPath | None:
    """The path that a stored path has under today's rule; None where it stays.

    >>> new_path("github.com/acme/api")
    NewPath(path='acme/api', doubt='')
    >>> new_path("scm/PROJ/api")
    NewPath(path='PROJ/api', doubt='Bitbucket Server over http, or a group called scm')
    """
    if reduced_path(stored) is None:
        return NewPath(None, "not a path that a remote could have")
    parts = decoded_path(unicodedata.normalize("NFC", stored)).split("/")
    if len(parts) >= 3 and parts[0].lower() in PUBLIC_HOSTS:
        return NewPath("/".join(web_parts(parts[0], parts[1:])))
    doubtful = _doubtful(parts)
    if doubtful is not None:
        return doubtful
    path = "/".join(without_azure_marks(parts))
    return None if path == stored else NewPath(path)


def _doubtful(parts: list[str]) -> NewPath | None:
    if len(parts) < 3:
        return None
    unmarked = without_azure_marks(parts)
    if unmarked != parts and parts[0].lower() == AZURE_COLLECTION:
        return NewPath(None, "Azure DevOps; its organization is not stored")
    if unmarked != parts and parts[1] in AZURE_MARKS:
        return NewPath("/".join(unmarked), f"Azure DevOps; {parts[0]} may be the organization or a project")
    if parts[-3] == "scm":
        return NewPath("/".join(parts[-2:]), "Bitbucket Server over http, or a group called scm")
    if parts[0] == "a":
        return NewPath("/".join(parts[1:]), "Gerrit over http, or a group called a")
    full = [part for part in parts[1:] if part not in AZURE_PARTIAL]
    if parts[0].lower() == "v3" and len(full) == 3:
        return NewPath("/".join(full), "Azure DevOps over ssh, or a group called v3")
    if looks_like_host(parts[0]):
        return NewPath("/".join(parts[1:]), f"{parts[0]} may be a host or a group")
    return None
