"""`manage.py load_sessions FILE`: load sessions from JSON Lines through the write API."""

import os
import stat
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction

from ...ingest.progress import ProgressBar
from ...models import CodingSession
from ...strict_json import InvalidJSONError, parse
from ..users import make_user, user_by_email

BATCH_SIZE = 500
MAX_BAD_LINES = 20  # after so many and no valid one, it is probably the wrong file
INTERRUPTED = 130
_BOM = b"\xef\xbb\xbf"

Line = tuple[int, bytes]


class Command(BaseCommand):
    help = (
        "Load sessions from JSON Lines. Each line is an object with the fields of CodingSession.objects.record() and "
        "the user's email. Loading a file again changes nothing. Invalid lines are named, and the others are written. "
        "Exit codes: 0 done; 1 some lines are invalid, or the file cannot be read; 130 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="The file to read. - reads standard input.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Check every line, show what would change, and write nothing."
        )
        parser.add_argument(
            "--create-users",
            action="store_true",
            help="Create a user with an unusable password for an unknown e-mail address. Default: the line is invalid.",
        )

    @no_translations
    def handle(self, *, file: str, dry_run: bool, create_users: bool, **options: Any) -> None:
        loading = Loading(dry_run, create_users)
        with _opened(file) as source, ProgressBar(sys.stderr) as progress:
            done, size = 0, _size(source)
            try:
                for batch in _batches(source):
                    loading.load(batch)
                    done += sum(len(raw) for _number, raw in batch)
                    progress.to(done, size)
                    if loading.is_hopeless:
                        break
            except KeyboardInterrupt:
                raise CommandError(f"Interrupted. {loading.summary}", returncode=INTERRUPTED) from None
        if loading.bad_lines:
            raise CommandError(loading.complaint)
        self.stdout.write(loading.summary)


class Loading:
    """One run: loads batches of lines and counts their outcomes."""

    def __init__(self, dry_run: bool, create_users: bool) -> None:
        self._dry_run = dry_run
        self._create_users = create_users
        self._users: dict[str, Any] = {}
        self._made: set[str] = set()
        self._outcomes: Counter[str] = Counter()
        self._bad = 0
        self.bad_lines: list[str] = []

    def load(self, batch: list[Line]) -> None:
        """Write the sessions of all valid lines of the batch, and their new users."""
        sessions = CodingSession.objects
        with transaction.atomic(using=sessions.write_db):
            made_before = set(self._made)
            rows, errors = self._rows(batch)
            outcomes = sessions.record_many(rows.values(), batch_size=BATCH_SIZE, skip_invalid=True)
            written = {line: outcome for line, outcome in zip(rows, outcomes, strict=True) if isinstance(outcome, str)}
            errors += [(line, bad) for line, bad in zip(rows, outcomes, strict=True) if not isinstance(bad, str)]
            self._delete_users(self._made - made_before, keep={rows[line]["user"].pk for line in written})
            if self._dry_run:
                transaction.set_rollback(True, using=sessions.write_db)
                for email in self._made:
                    self._users.pop(email, None)
        self._outcomes.update(map(str, written.values()))
        self._bad += len(errors)
        errors.sort(key=itemgetter(0))
        self.bad_lines += [f"line {number}: {text}" for number, error in errors for text in _texts(error)]

    @property
    def is_hopeless(self) -> bool:
        """Whether no line is valid after so many."""
        return self._bad >= MAX_BAD_LINES and not self._outcomes

    def _delete_users(self, emails: set[str], *, keep: set[Any]) -> None:
        """Delete the users that were made for invalid lines only."""
        for email in emails:
            if self._users[email].pk not in keep:
                self._users.pop(email).delete()
                self._made.remove(email)

    def _rows(self, batch: list[Line]) -> tuple[dict[int, Mapping[str, Any]], list[tuple[int, ValidationError]]]:
        rows: dict[int, Mapping[str, Any]] = {}
        errors: list[tuple[int, ValidationError]] = []
        for number, raw in batch:
            try:
                rows[number] = self._row(raw)
            except ValidationError as error:
                errors.append((number, error))
        return rows, errors

    def _row(self, raw: bytes) -> Mapping[str, Any]:
        try:
            fields = parse(raw)
        except InvalidJSONError as error:
            raise ValidationError(str(error)) from error
        if not isinstance(fields, dict):
            raise ValidationError("Must be an object.")
        for name in ("user", "user_id"):
            if name in fields:
                raise ValidationError({name: "Unknown field. Name the user with email."})
        if "email" not in fields:
            raise ValidationError({"email": "This field is required."})
        try:
            user = self._user(fields.pop("email"))
        except ValidationError as error:
            raise ValidationError({"email": error.messages}) from error
        return {**fields, "user": user}

    def _user(self, email: Any) -> Any:
        known = email.casefold() if isinstance(email, str) else ""
        if known not in self._users:
            user = user_by_email(email)
            if user is None:
                if not self._create_users:
                    raise ValidationError("No user has this e-mail address. --create-users creates one.")
                user = make_user(email)
                self._made.add(known)
            self._users[known] = user
        return self._users[known]

    @property
    def summary(self) -> str:
        counts = ", ".join(f"{self._outcomes[outcome]} {outcome}" for outcome in ("created", "updated", "unchanged"))
        users = f" Users created: {len(self._made)}." if self._made else ""
        return f"{'Dry run, nothing was written: ' if self._dry_run else ''}{counts}.{users}"

    @property
    def complaint(self) -> str:
        lines = self.bad_lines
        if self.is_hopeless:
            lines = [*lines[:MAX_BAD_LINES], "Stopped reading: no line is valid."]
        return "\n".join([*lines, f"Invalid lines: {self._bad}. Written: {self.summary}"])


def _texts(error: ValidationError) -> list[str]:
    """Return each message, with its field's name before it if it has one."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        source = open(file, "rb")  # noqa: SIM115
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    with source:
        yield source


def _size(source: BinaryIO) -> int | None:
    """Return the size in bytes, or None if it is not known."""
    try:
        status = os.fstat(source.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _batches(source: BinaryIO) -> Iterator[list[Line]]:
    """Yield batches of the lines that are not blank, numbered from 1."""
    lines = ((number, raw.removeprefix(_BOM) if number == 1 else raw) for number, raw in enumerate(source, start=1))
    filled = (line for line in lines if line[1].strip())
    while batch := list(islice(filled, BATCH_SIZE)):
        yield batch
