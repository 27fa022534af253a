"""`manage.py import_transcripts --user EMAIL`: import sessions from the transcripts that coding agents write."""

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from ...choices import Provider
from ...ingest.derive import derive
from ...ingest.pricing import NoPrices, load_prices
from ...ingest.protocol import TranscriptSource
from ...ingest.providers import PROVIDERS, default_sources
from ...ingest.state import MemoryState, State
from ..accounts import user_by_email
from ..import_state import DatabaseState
from ..importing import OUTCOMES, Import, Report
from ..progress import Progress

SOME_REFUSED, BAD_OPTIONS, INTERRUPTED = 1, 2, 130
MAX_REFUSED = 20


class Command(BaseCommand):
    help = (
        "Import one person's sessions from the transcripts of Claude Code and Codex. Only numbers are stored, no text. "
        "Running it again imports only new or changed transcripts. If interrupted, the next run continues. "
        "Exit codes: 0 done; 1 some sessions were refused; 2 an option is wrong; 130 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--user", required=True, metavar="EMAIL", help="E-mail address of the user whose sessions these are."
        )
        parser.add_argument(
            "--claude",
            action="append",
            metavar="DIR",
            help="Directory of Claude Code to read (a CLAUDE_CONFIG_DIR). Can be repeated.",
        )
        parser.add_argument(
            "--codex",
            action="append",
            metavar="DIR",
            help="Directory of Codex to read (a CODEX_HOME). Can be repeated.",
        )
        parser.add_argument(
            "--since",
            type=_date,
            metavar="DATE",
            help="Import only sessions that ended on this day or later, such as 2026-11-01. Default: all.",
        )
        parser.add_argument(
            "--with-titles", action="store_true", help="Also store the titles of sessions. Default: no titles."
        )
        parser.add_argument("--dry-run", action="store_true", help="Show what would change, and write nothing.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON object.")

    @no_translations
    def handle(self, **options: Any) -> None:
        user = _user(options["user"])
        sources = _sources(options)
        kept = DatabaseState(user)
        state: State = MemoryState(kept) if options["dry_run"] else kept
        prices = load_prices()
        if prices.version == NoPrices.version:
            self.stderr.write(
                "No price list is installed, so costs stay unknown. Install this package with its extra 'ingest'."
            )
        importing = Import(user, state, dry_run=options["dry_run"])
        with Progress(sys.stderr) as progress:
            try:
                importing.run(
                    derive(
                        sources,
                        state,
                        since=options["since"],
                        with_titles=options["with_titles"],
                        prices=prices,
                        progress=progress.to,
                    )
                )
            except KeyboardInterrupt:
                raise CommandError(
                    "Interrupted. Run the command again to import the rest.", returncode=INTERRUPTED
                ) from None
        self._tell(importing.report, options)

    def _tell(self, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report, options["dry_run"]), indent=2))
        else:
            self.stdout.write("\n".join(_as_text(report, options["dry_run"])))
        if options["verbosity"] > 1:
            for problem in report.problems:
                self.stderr.write(f"{problem.path}:{problem.line}: {problem.kind}")
        if report.refused:
            raise CommandError("\n".join(_refusals(report)), returncode=SOME_REFUSED)


def _user(email: str) -> Any:
    try:
        user = user_by_email(email)
    except ValidationError as error:
        raise CommandError(f"--user: {' '.join(error.messages)}", returncode=BAD_OPTIONS) from None
    if user is None:
        raise CommandError("--user: no user has this e-mail address.", returncode=BAD_OPTIONS)
    return user


def _date(text: str) -> datetime:
    """Midnight of the day, in the server's zone."""
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d"))
    except (ValueError, OverflowError):
        raise ArgumentTypeError("must be a date such as 2026-11-01") from None


def _sources(options: dict[str, Any]) -> list[TranscriptSource]:
    """The directories that were named, else those where the tools put their transcripts."""
    named = [
        TranscriptSource(provider, Path(directory).expanduser().absolute())
        for provider, option in (("claude-code", "claude"), ("codex", "codex"))
        for directory in options[option] or ()
    ]
    for source in named:
        if not source.root.is_dir():
            raise CommandError(f"{source.root} is not a directory.", returncode=BAD_OPTIONS)
    return named or default_sources(os.environ, Path.home())


def _as_json(report: Report, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "sessions": {
            provider: {outcome: report.counts(provider)[outcome] for outcome in OUTCOMES} for provider in PROVIDERS
        },
        "skipped": dict(sorted(_skipped(report).items())),
        "skipped_lines": dict(sorted(report.skipped_lines.items())),
        "unpriced_models": sorted(report.unpriced_models),
        "refused": [
            {"provider": provider, "external_id": session, "errors": errors}
            for (provider, session), errors in report.refused.items()
        ],
    }


def _as_text(report: Report, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield "Dry run: nothing was written."
    yield f"{'':12}" + "".join(f"{outcome:>11}" for outcome in OUTCOMES)
    for provider in PROVIDERS:
        counts = report.counts(provider)
        yield f"{Provider(provider).label:12}" + "".join(f"{counts[outcome]:>11,}" for outcome in OUTCOMES)
    yield from _list("SkippedLines sessions", _skipped(report))
    yield from _list("SkippedLines lines", report.skipped_lines)
    if report.unpriced_models:
        yield f"Models without a price: {', '.join(sorted(report.unpriced_models))}"
    if not report.outcomes:
        yield "No transcripts were found. Name the directories to read with --claude and --codex."


def _list(title: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"{title}: " + ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def _skipped(report: Report) -> Counter[str]:
    return Counter(reason for name, reason in report.reasons.items() if report.outcomes[name] == "skipped")


def _refusals(report: Report) -> Iterator[str]:
    for (provider, session), errors in list(report.refused.items())[:MAX_REFUSED]:
        yield f"Refused: {provider} {session}: " + "; ".join(f"{name}: {' '.join(errors[name])}" for name in errors)
    if len(report.refused) > MAX_REFUSED:
        yield f"Refused: {len(report.refused) - MAX_REFUSED} more"
