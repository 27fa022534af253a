"""`manage.py rebuild_daily_usage [--check]`: the daily roll-up made anew from the sessions, or compared with them."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from ...reporting.snapshots import snapshot_on
from ...rollup import maintenance

SHOWN = 20


class Command(BaseCommand):
    """Needed after a change of the reporting zone, and after writes that no trigger saw."""

    help = "Cut the days in the reporting zone and sum all sessions again, or (--check) say what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 on any difference")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=sorted(connections), help="the alias")

    def handle(self, *args: Any, check: bool, database: str, **options: Any) -> None:
        if check:
            self._check(database)
            return
        maintenance.rebuild(database)
        self.stdout.write(f"The daily roll-up was made anew, in days of {maintenance.recorded_zone(database)}.")

    def _check(self, database: str) -> None:
        with snapshot_on(database):
            found = list(islice(maintenance.differences(database), SHOWN + 1))
        for line in found[:SHOWN]:
            self.stdout.write(line)
        if len(found) > SHOWN:
            self.stdout.write("…")
        if found:
            raise CommandError("The daily roll-up is not as it should be: run rebuild_daily_usage without --check.")
        self.stdout.write("The daily roll-up is as it should be.")
