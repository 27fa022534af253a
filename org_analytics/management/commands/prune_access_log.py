"""`manage.py prune_access_log`: delete old entries of the access log."""

from typing import Any

from django.core.management.base import BaseCommand

from ...logs import access_log


class Command(BaseCommand):
    """Needed only where entries must go on the day: writing new entries also deletes old ones."""

    help = "Delete the entries of the access log that are older than ORG_ANALYTICS_ACCESS_LOG_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted {access_log.prune():,} entries.")
