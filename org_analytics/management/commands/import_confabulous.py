"""`manage.py import_confabulous`: the sessions of a Confabulous database, read-only."""

import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations

from ...ingest.progress import ProgressBar, format_count
from ...limits import MAX_SOURCE
from ...models.values import instant
from ..users import make_user, user_by_email

if TYPE_CHECKING:
    from ...confabulous.bridge import Run

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Import the sessions of a Confabulous database, which is only read: the database of --database ALIAS, else of "
        "the environment variable CONFABULOUS_DATABASE_URL. Running it again changes only what changed there. Sessions "
        "that push or another import wrote are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", metavar="ALIAS", help="the alias in DATABASES of the Confabulous database")
        parser.add_argument(
            "--source",
            default="confabulous",
            metavar="NAME",
            help="name of that database in our records, if you import more than one (default: confabulous)",
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing and say what would change")
        parser.add_argument("--prune", action="store_true", help="remove imported sessions that are gone there")
        parser.add_argument(
            "--since",
            metavar="INSTANT",
            help="read only what is known to have changed since, such as 2026-06-01T00:00Z",
        )
        parser.add_argument(
            "--create-users", action="store_true", help="make a user with an unusable password for an unknown e-mail"
        )
        parser.add_argument(
            "--include-read-only", action="store_true", help="also import users who are read-only there"
        )
        parser.add_argument("--with-titles", action="store_true", help="also import titles; default: no titles")
        parser.add_argument("--with-recaps", action="store_true", help="also import smart recaps; default: no recaps")
        parser.add_argument(
            "--started-at",
            choices=["upload", "transcript"],
            default="upload",
            help="when a session starts: at its first upload, as on their page (default), or at its last message less "
            "its duration, where both are known",
        )
        parser.add_argument(
            "--source-time-zone", metavar="ZONE", help="the zone of their times (default: the zone of their server)"
        )

    @no_translations
    def handle(self, *, dry_run: bool, prune: bool, since: str | None, source: str, **options: Any) -> None:
        try:
            # Here, because psycopg is an optional dependency.
            from ...confabulous.bridge import Run
            from ...confabulous.errors import ConfabulousImportError
            from ...confabulous.report import BridgeReport, Settings
            from ...confabulous.summary import proof_lines
        except ImportError as error:
            raise CommandError(
                f"import_confabulous needs psycopg ({error}): install django-org-analytics[postgres]."
            ) from error
        if not 1 <= len(source) <= MAX_SOURCE or not source.isprintable():
            raise CommandError(f"--source: must have 1 to {MAX_SOURCE} printable characters.")
        if prune and since:
            raise CommandError("--prune needs to read everything: leave --since out.")
        settings = Settings(
            source=source,
            dry_run=dry_run,
            **{
                name: options[name]
                for name in ("with_titles", "with_recaps", "started_at", "include_read_only", "create_users")
            },
        )
        run = Run(settings, BridgeReport(), user_by_email, make_user)
        try:
            with ProgressBar(sys.stderr, format_count) as progress:
                for done, total in run.run(
                    options["database"],
                    zone=options["source_time_zone"],
                    since=_instant(since),
                    prune=prune,
                    tell=self.stdout.write,
                    warn=lambda text: self.stderr.write(f"Warning: {text}"),
                ):
                    progress.to(done, total)
        except ConfabulousImportError as error:
            self._tell_counts(run, is_whole=False)
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self._tell_counts(run, is_whole=False)
            raise CommandError("Interrupted: what is counted above is done.", returncode=INTERRUPTED) from None
        self._tell_counts(run, is_whole=True)
        for line in proof_lines(run.proof) if run.proof else ():
            self.stdout.write(line)

    def _tell_counts(self, run: "Run", *, is_whole: bool) -> None:
        from ...confabulous.summary import summary

        # A run that failed before its first batch has nothing to report.
        if run.report.outcomes or is_whole:
            for line in summary(run.report, run.settings.dry_run):
                self.stdout.write(line)


def _instant(since: str | None) -> datetime | None:
    try:
        return instant(since) if since else None
    except ValidationError as error:
        raise CommandError(f"--since: {' '.join(error.messages)}") from None
