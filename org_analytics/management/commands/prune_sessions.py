"""`manage.py prune_sessions --older-than DAYS`: delete old sessions."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ...models import CodingSession
from ..erasure import delete_sessions

_MOST_DAYS = 36_600


class Command(BaseCommand):
    """For sites that keep sessions for a limited time. Run it every night: a session may be sent again."""

    help = "Delete the sessions that started more than DAYS days ago. All numbers of that time fall accordingly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", metavar="DAYS", type=_days, required=True, help="Age in days of 24 hours, from 1 on."
        )
        parser.add_argument("--dry-run", action="store_true", help="Delete nothing, print how many sessions would go.")

    def handle(self, *args: Any, older_than: int, dry_run: bool, **options: Any) -> None:
        start = timezone.now() - timedelta(older_than)
        sessions = CodingSession.objects.using(CodingSession.objects.write_db).filter(started_at__lt=start)
        if dry_run:
            self.stdout.write(f"Dry run: {sessions.count():,} sessions started before {start:%Y-%m-%d %H:%M} UTC.")
        else:
            self.stdout.write(f"Deleted {delete_sessions(sessions):,} sessions from before {start:%Y-%m-%d %H:%M} UTC.")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST_DAYS:
        raise ArgumentTypeError(f"must be a whole number of days from 1 to {_MOST_DAYS}")
    return int(text)
