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
from ...conf import app_settings
from ...ingest.derive import derive
from ...ingest.files import FileReport
from ...ingest.pricing import NoPrices, Prices, load_prices
from ...ingest.progress import ProgressBar
from ...ingest.protocol import TranscriptSource
from ...ingest.providers import OPTIONS, PROVIDERS, looked_for, sources_of
from ...ingest.state import MemoryState, State
from ..import_state import DatabaseState
from ..transcript_import import OUTCOMES, ImportReport, TranscriptImport
from ..users import user_by_email

FAILED, BAD_OPTIONS, INTERRUPTED = 1, 2, 130
MAX_REFUSED = 20


class Command(BaseCommand):
    help = (
        "Import one person's sessions from what Claude Code, Codex, OpenCode and Cursor keep. Only numbers are stored, "
        "no text. Running it again imports only new or changed sessions. If interrupted, the next run continues. "
        "Exit codes: 0 done; 1 some sessions were refused, or no transcripts were found; 2 bad options; "
        "130 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--user", required=True, metavar="EMAIL", help="E-mail address of the user whose sessions these are."
        )
        for option, provider in OPTIONS.items():
            parser.add_argument(
                f"--{option}",
                action="append",
                metavar="DIR",
                help=f"Directory of {Provider(provider).label} to read. Can be repeated. Default: the usual places.",
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
        stored = DatabaseState(user)
        state: State = MemoryState(stored) if options["dry_run"] else stored
        prices = _prices()
        if prices.version == NoPrices.version:
            self.stderr.write(
                "No price list is installed, so costs stay unknown. Install this package with its extra 'ingest'."
            )
        transcripts = TranscriptImport(user, state, dry_run=options["dry_run"])
        files = FileReport()
        with ProgressBar(sys.stderr) as progress:
            try:
                transcripts.run(
                    derive(
                        sources,
                        state,
                        since=options["since"],
                        with_titles=options["with_titles"],
                        prices=prices,
                        progress=progress.to,
                        report=files,
                    )
                )
            except KeyboardInterrupt:
                raise CommandError(
                    "Interrupted. Run the command again to import the rest.", returncode=INTERRUPTED
                ) from None
        self._tell(transcripts.report, files, options)
        if transcripts.report.refused:
            raise CommandError("\n".join(_refusals(transcripts.report)), returncode=FAILED)
        if not transcripts.report.outcomes:
            raise CommandError("\n".join(_looked_for(options)), returncode=FAILED)

    def _tell(self, report: ImportReport, files: FileReport, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report, files, options["dry_run"]), indent=2))
        else:
            self.stdout.write("\n".join(_as_text(report, files, options["dry_run"])))
        if options["verbosity"] > 1:
            for problem in [*files.problems, *report.problems]:
                place = f"{problem.path}:{problem.line}" if problem.line else problem.path
                self.stderr.write(f"{place}: {problem.kind}")


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
    """The directories that were named, else those where the agents put their transcripts."""
    try:
        return sources_of(_named(options), os.environ, Path.home())
    except NotADirectoryError as error:
        raise CommandError(f"{error} is not a directory.", returncode=BAD_OPTIONS) from None


def _named(options: dict[str, Any]) -> dict[str, list[str] | None]:
    """The directories that were named, by option."""
    return {option: options[option] for option in OPTIONS}


def _prices() -> Prices:
    try:
        return load_prices(app_settings.prices)
    except ValueError as error:
        raise CommandError(f"ORG_ANALYTICS_PRICES: {error}", returncode=BAD_OPTIONS) from None


def _looked_for(options: dict[str, Any]) -> Iterator[str]:
    """The directories that were searched, and the layout of the files that were looked for in them."""
    yield "No transcripts were found. Looked for:"
    for source in looked_for(_named(options), os.environ, Path.home()):
        yield f"  {Provider(source.provider).label}: {source.root / PROVIDERS[source.provider].layout}"
    yield f"Name other directories with {', '.join(f'--{option}' for option in OPTIONS)}."


def _as_json(report: ImportReport, files: FileReport, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "sessions": {
            provider: {outcome: report.counts(provider)[outcome] for outcome in OUTCOMES} for provider in PROVIDERS
        },
        "skipped": dict(sorted(_skipped(report).items())),
        "skipped_lines": dict(sorted(report.skipped_lines.items())),
        "files": {
            provider: {
                "read": files.accepted[provider],
                "not_read": {kind: count for (name, kind), count in sorted(files.refused.items()) if name == provider},
                "other": files.other[provider],
            }
            for provider in PROVIDERS
        },
        "rederived": {
            "sessions": report.rederived.count,
            "cost_before_usd": str(report.rederived.cost_before),
            "cost_after_usd": str(report.rederived.cost_after),
        },
        "unpriced_models": sorted(report.unpriced_models),
        "refused": [
            {"provider": provider, "external_id": session, "errors": errors}
            for (provider, session), errors in report.refused.items()
        ],
    }


def _as_text(report: ImportReport, files: FileReport, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield "Dry run: nothing was written."
    yield f"{'':12}" + "".join(f"{outcome:>11}" for outcome in OUTCOMES)
    for provider in PROVIDERS:
        counts = report.counts(provider)
        yield f"{Provider(provider).label:12}" + "".join(f"{counts[outcome]:>11,}" for outcome in OUTCOMES)
    yield from _list("Skipped sessions", _skipped(report))
    yield from _list("Skipped lines", report.skipped_lines)
    for provider in PROVIDERS:
        refused = Counter({kind: count for (name, kind), count in files.refused.items() if name == provider})
        yield from _list(f"Files of {Provider(provider).label} that were not read", refused)
    if files.other:
        yield "Other files, which are not transcripts: " + ", ".join(
            f"{count:,} of {Provider(provider).label}" for provider, count in sorted(files.other.items())
        )
    if report.rederived.count:
        yield (
            f"Changed by a new version of the program or its prices: {report.rederived.count:,} sessions, "
            f"cost {report.rederived.cost_before:,.2f} USD before, {report.rederived.cost_after:,.2f} USD now."
        )
    if report.unpriced_models:
        yield f"Models without a price: {', '.join(sorted(report.unpriced_models))}"


def _list(title: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"{title}: " + ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def _skipped(report: ImportReport) -> Counter[str]:
    return Counter(reason for name, reason in report.reasons.items() if report.outcomes[name] == "skipped")


def _refusals(report: ImportReport) -> Iterator[str]:
    for (provider, session), errors in list(report.refused.items())[:MAX_REFUSED]:
        yield f"Refused: {provider} {session}: " + "; ".join(f"{name}: {' '.join(errors[name])}" for name in errors)
    if len(report.refused) > MAX_REFUSED:
        yield f"Refused: {len(report.refused) - MAX_REFUSED} more"
