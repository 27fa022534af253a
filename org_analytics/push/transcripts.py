"""Which transcripts a push reads: those of the options, else those that the tools have left on this machine."""

import os
from argparse import Namespace
from pathlib import Path

from org_analytics.ingest import claude, codex
from org_analytics.ingest.providers import default_sources
from org_analytics.ingest.sources import Source
from org_analytics.push.errors import UsageError


def sources(options: Namespace) -> list[Source]:
    """The directories to read. UsageError for one that was named and is not there."""
    named = [
        Source(provider.name, Path(directory).expanduser().absolute())
        for provider, directories in ((claude, options.claude), (codex, options.codex))
        for directory in directories or ()
    ]
    for source in named:
        if not source.root.is_dir():
            raise UsageError(f"{source.root} is not a directory.")
    return named or default_sources(os.environ, Path.home())
