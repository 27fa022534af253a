"""`manage.py forget_user EMAIL`: erase everything that the app keeps about a person."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from ...conf import app_settings
from .. import erasure
from ..users import make_user, require_user, user_by_email

# A label, the rows that a dry run counts, and what erases them and returns how many there were.
_Step = tuple[str, Callable[[Any], QuerySet[Any]], Callable[[Any], int]]

DEFAULT_PLACEHOLDER = "forgotten@placeholder.invalid"


class Command(BaseCommand):
    """The account itself belongs to the site: it stays, and can then be deleted as usual."""

    help = "Erase what the app keeps about a person: sessions, import state and access log. The account itself stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="E-mail address of the person.")
        parser.add_argument(
            "--keep-numbers",
            action="store_true",
            help="Move the sessions to an inactive account instead of deleting them, without titles, recaps and their "
            "original ids.",
        )
        parser.add_argument(
            "--placeholder",
            metavar="EMAIL",
            default=DEFAULT_PLACEHOLDER,
            help="The inactive account for --keep-numbers. Default: %(default)s, which is made if it is missing.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, print what would be erased.")

    def handle(
        self, *args: Any, email: str, keep_numbers: bool, placeholder: str, dry_run: bool, **options: Any
    ) -> None:
        user = require_user(email)
        steps = [
            _moving(_placeholder(placeholder, user, dry_run)) if keep_numbers else _DELETING,
            ("Import states deleted", erasure.imports_of, erasure.erase_imports),
            ("Access log entries deleted", erasure.accesses_of, erasure.erase_accesses),
            ("Fork sightings kept without a name", erasure.sightings_of, erasure.erase_name_in_sightings),
        ]
        if dry_run:
            self.stdout.write("Dry run: nothing is changed.")
        for label, rows_of, erase in steps:
            self.stdout.write(f"{label}: {rows_of(user).count() if dry_run else erase(user):,}")
        if app_settings.members.filter(pk=user.pk).exists():
            self.stdout.write("The account is still active, so new sessions may arrive. Deactivate or delete it.")


_DELETING: _Step = (
    "Sessions deleted",
    erasure.sessions_of,
    lambda user: erasure.delete_sessions(erasure.sessions_of(user)),
)


def _moving(placeholder: Any) -> _Step:
    return (
        "Sessions moved",
        erasure.sessions_of,
        lambda user: erasure.move_sessions(erasure.sessions_of(user), placeholder),
    )


def _placeholder(email: str, user: Any, dry_run: bool) -> Any:
    """The inactive account with this address, new if there is none. Raises CommandError if it cannot be used."""
    with transaction.atomic():
        try:
            account = user_by_email(email) or make_user(email, is_active=False)
        except ValidationError as error:
            raise CommandError(
                f"{email}: {' '.join(error.messages)} Make an inactive account and name it with --placeholder."
            ) from None
        if account.pk == user.pk:
            raise CommandError("--placeholder: must be another account than the person's.")
        if app_settings.members.filter(pk=account.pk).exists():
            raise CommandError(f"{email}: the account is active, so it would be shown as a person. Deactivate it.")
        if dry_run:
            transaction.set_rollback(True)
    return account
