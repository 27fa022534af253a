"""`manage.py generate_recaps`: let the site's own code make recaps of sessions."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, no_translations

from ...conf import app_settings
from ...ingest.progress import ProgressBar, format_count
from ...limits import FIRST_DATE, LAST_DATE
from ...periods import day_start
from ..recap_generation import OUTCOMES, Candidate, RecapGeneration, sessions_without_recap

INTERRUPTED = 130
MAX_FAILURES = 20


class Command(BaseCommand):
    help = (
        "Call the callable of ORG_ANALYTICS_RECAP_GENERATOR for each analyzed session of a member that has no recap or "
        "has changed since, newest first, and store what it returns. No output contains text of a recap."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=_day,
            metavar="DATE",
            help="Only sessions that started on this day or later, as YYYY-MM-DD in the reporting time zone. "
            "Default: all sessions.",
        )
        parser.add_argument(
            "--limit",
            type=_positive,
            metavar="N",
            help="Call the callable for at most this number of sessions. Default: for all that need a recap.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Say how many sessions need a recap. Call nothing and write nothing.",
        )

    @no_translations
    def handle(self, *, since: date | None, limit: int | None, dry_run: bool, **options: Any) -> None:
        try:
            generate, _monthly_limit = app_settings.recap_generator, app_settings.recaps_per_month
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if generate is None:
            raise CommandError("Set ORG_ANALYTICS_RECAP_GENERATOR to the path of a callable that makes recaps.")
        candidates = sessions_without_recap(_start_of(since))
        if dry_run:
            people = len({candidate.user_id for candidate in candidates})
            self.stdout.write(f"Dry run: {len(candidates)} sessions of {people} people need a recap.")
            return
        self._generate(generate, candidates, limit)

    def _generate(self, generate: Callable[..., Any], candidates: list[Candidate], limit: int | None) -> None:
        generation = RecapGeneration(generate)
        try:
            with ProgressBar(sys.stderr, format_count) as progress:
                for done in generation.run(candidates, limit):
                    progress.to(done, len(candidates))
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {_summary(generation)}", returncode=INTERRUPTED) from None
        self.stdout.write(_summary(generation))
        if generation.failures:
            raise CommandError("\n".join(_failure_lines(generation.failures)))


def _summary(generation: RecapGeneration) -> str:
    counts = ", ".join(f"{generation.outcomes[outcome]} {outcome}" for outcome in OUTCOMES)
    return f"Recaps: {counts}."


def _failure_lines(failures: list[tuple[int, str]]) -> list[str]:
    lines = [f"Session {session_id}: {kind}" for session_id, kind in failures[:MAX_FAILURES]]
    return [*lines, f"and {len(failures) - MAX_FAILURES} more"] if len(failures) > MAX_FAILURES else lines


def _start_of(day: date | None) -> datetime | None:
    return None if day is None else day_start(day, app_settings.time_zone)


def _day(text: str) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if FIRST_DATE <= day <= LAST_DATE:
            return day
    raise ArgumentTypeError("must be a date from 2000-01-01 to 2100-12-31, as YYYY-MM-DD")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 10 or int(text) == 0:
        raise ArgumentTypeError("must be a whole number, 1 or higher")
    return int(text)
