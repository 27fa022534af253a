"""Find the transcripts that a command reads, and derive their sessions with the prices of the server."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..ingest.derive import derive
from ..ingest.files import FileReport
from ..ingest.pricing import NoPrices, Prices, load_prices
from ..ingest.progress import ProgressBar
from ..ingest.protocol import TranscriptSource
from ..ingest.providers import OPTIONS, PROVIDERS, looked_for, sources_of
from ..ingest.records import Derivation
from ..ingest.state import State
from .console import warn
from .errors import ServerError, UsageError


def derivations(
    options: Namespace, state: State, overrides: Mapping[str, Any], files: FileReport
) -> Iterator[Derivation]:
    """Yield every session of the transcripts on this machine; warn if there are none, or no prices."""
    sources = _sources(options)
    prices = _prices(overrides)
    if prices.version == NoPrices.version:
        warn("No price list is installed, so costs stay unknown. Install this package with its extra 'ingest'.")
    is_empty = True
    with ProgressBar(sys.stderr, is_shown=not options.quiet) as bar:
        for session in derive(
            sources,
            state,
            since=options.since,
            with_titles=options.with_titles,
            prices=prices,
            progress=bar.to,
            report=files,
        ):
            is_empty = False
            yield session
    if is_empty and not options.quiet:
        warn(*_looked_for(options))


def _sources(options: Namespace) -> list[TranscriptSource]:
    try:
        return sources_of(_named(options), os.environ, Path.home())
    except NotADirectoryError as error:
        raise UsageError(f"{error} is not a directory.") from None


def _named(options: Namespace) -> dict[str, list[str] | None]:
    """The directories that were named, by option."""
    return {option: getattr(options, option) for option in OPTIONS}


def _prices(overrides: Mapping[str, Any]) -> Prices:
    try:
        return load_prices(overrides)
    except ValueError as error:
        raise ServerError(f"The server's prices are not usable: {error}") from None


def _looked_for(options: Namespace) -> Iterator[str]:
    """Yield the directories that were searched, with the layout of the files that were looked for."""
    yield "No transcripts were found. Looked for:"
    for source in looked_for(_named(options), os.environ, Path.home()):
        yield f"  {source.provider}: {source.root / PROVIDERS[source.provider].layout}"
    yield f"Name other directories with {', '.join(f'--{option}' for option in OPTIONS)}."
