"""`manage.py rebuild_daily_usage [--check]`: rebuild the daily roll-up from the sessions, or compare it with them."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from ...reporting.snapshots import snapshot_on
from ...rollup import maintenance

SHOWN = 20


class Command(BaseCommand):
    """Run it after a change of the reporting time zone, and after writes with triggers turned off."""

    help = "Rebuild the daily roll-up using the reporting time zone. With --check, only report differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Change nothing, print the differences, and exit with 1 if there are any.",
        )
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=sorted(connections),
            help="Alias of the database. Default: %(default)s.",
        )

    def handle(self, *args: Any, check: bool, database: str, **options: Any) -> None:
        if check:
            self._check(database)
            return
        (maintenance.install if maintenance.is_missing(database) else maintenance.rebuild)(database)
        self.stdout.write(f"The daily roll-up was rebuilt with {maintenance.recorded_zone(database)} day boundaries.")

    def _check(self, database: str) -> None:
        with snapshot_on(database):
            differences = list(islice(maintenance.differences(database), SHOWN + 1))
        for line in differences[:SHOWN]:
            self.stdout.write(line)
        if len(differences) > SHOWN:
            self.stdout.write("…")
        if differences:
            raise CommandError("The daily roll-up differs from the sessions. Run rebuild_daily_usage without --check.")
        self.stdout.write("The daily roll-up is correct.")
