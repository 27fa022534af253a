"""`manage.py rename_repositories [--apply] [--map OLD=NEW]…`: stored repositories brought to the rule for paths."""

import shlex
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from ...models import CodingSession, Repo
from ...repo_paths import fold_case, reduced_path
from ..repo_renames import PinnedCycleError, RepoRenamer
from ..stored_paths import NewPath, new_path

PAGE_SIZE = 500

RENAME, MERGE, KEEP, REFUSE = "rename", "merge", "keep", "refuse"


def mapping(text: str) -> tuple[str, str]:
    """One OLD=NEW. Raises ArgumentTypeError where it is not two paths."""
    old, _, new = text.strip().partition("=")
    if not old or reduced_path(new) is None:
        raise ArgumentTypeError("Write OLD=NEW, where NEW is a path like owner/name.")
    return old, new


class Command(BaseCommand):
    """Needed once after an update that changes the rule, and where a group's name is misread."""

    help = "Show which stored repositories get another path, and which become one; with --apply, rename them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="Rename. The default is to show the changes only.")
        parser.add_argument(
            "--map",
            action="append",
            type=mapping,
            default=[],
            metavar="OLD=NEW",
            help="Rename this repository to this path. May be repeated. The default is to rename what is certain.",
        )
        parser.add_argument(
            "--map-file",
            type=Path,
            metavar="FILE",
            help="A text file with one OLD=NEW per line. The default is no file.",
        )
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=sorted(connections),
            help="The alias of the database. The default is 'default'.",
        )

    def handle(self, *args: Any, apply: bool, map: list[Any], map_file: Any, database: str, **options: Any) -> None:
        mappings = [*(_mappings(map_file) if map_file else ()), *map]
        mapped_paths = {fold_case(old): new for old, new in mappings}
        renames = _Renames(database, mapped_paths, apply=apply)
        counts: Counter[str] = Counter()
        for kind, line in renames:
            counts[kind] += 1
            self.stdout.write(f"{kind:<6}  {line}")
        self.stdout.write(_summary(counts, apply))
        for old in renames.unused:
            self.stderr.write(f"No stored repository has this path: {old}")
        if counts[REFUSE]:
            raise CommandError("Some repositories were not merged: change their pinned links first.")


class _Renames:
    """The changes one after the other, in the order of the repositories' ids; with `apply`, each is made first."""

    def __init__(self, using: str, mapped_paths: dict[str, str], *, apply: bool) -> None:
        self.unused = dict.fromkeys(mapped_paths)
        self._using = using
        self._mapped_paths = mapped_paths
        self._apply = apply
        self._renamer = RepoRenamer(using)
        # The folded paths that a dry run would have taken and left by now.
        self._taken: set[str] = set()
        self._left: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for repo in self._repos():
            new = self._new_path(repo)
            if new is not None:
                yield self._change(repo, new)

    def _repos(self) -> Iterator[Repo]:
        last = 0
        repos = Repo.objects.using(self._using).order_by("pk")
        while page := list(repos.filter(pk__gt=last)[:PAGE_SIZE]):
            yield from page
            last = page[-1].pk

    def _new_path(self, repo: Repo) -> NewPath | None:
        path = self._mapped_paths.get(fold_case(repo.path))
        if path is None:
            return new_path(repo.path)
        self.unused.pop(fold_case(repo.path), None)
        return None if path == repo.path else NewPath(path)

    def _change(self, repo: Repo, new: NewPath) -> tuple[str, str]:
        if new.path is None or new.doubt:
            likely = f"; if so, --map {shlex.quote(f'{repo.path}={new.path}')}" if new.path else ""
            return KEEP, f"{repo.path} ({new.doubt}{likely})"
        is_merge = self._is_merge(repo, new.path)
        sessions = CodingSession.objects.using(self._using).filter(repo=repo).count()
        line = f"{repo.path} → {new.path} ({sessions} {'session' if sessions == 1 else 'sessions'})"
        if not self._rename(repo, new.path):
            return REFUSE, f"{line}: pinned links would form a cycle"
        return MERGE if is_merge else RENAME, line

    def _rename(self, repo: Repo, path: str) -> bool:
        if not self._apply:
            return not self._renamer.is_refused(repo.pk, path)
        try:
            self._renamer.rename(repo.pk, path)
        except PinnedCycleError:
            return False
        return True

    def _is_merge(self, repo: Repo, path: str) -> bool:
        key = fold_case(path)
        others = Repo.objects.using(self._using).filter(key=key).exclude(pk=repo.pk)
        is_merge = key in self._taken or (key not in self._left and others.exists())
        if not self._apply:
            self._left.add(repo.key)
            self._taken.discard(repo.key)
            self._taken.add(key)
        return is_merge


def _mappings(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--map-file cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield mapping(line)
            except ArgumentTypeError as error:
                raise CommandError(f"--map-file, line {number}: {error}") from error


def _summary(counts: Counter[str], apply: bool) -> str:
    done = "{} renamed, {} merged, {} kept" if apply else "{} to rename, {} to merge, {} kept"
    text = done.format(counts[RENAME], counts[MERGE], counts[KEEP])
    return f"{text}." if apply else f"{text}. Nothing was changed: add --apply to change them."
