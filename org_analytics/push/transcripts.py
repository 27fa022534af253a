"""Which transcripts a push reads: those of the options, else those that the tools have left on this machine."""

import os
from argparse import Namespace
from pathlib import Path

from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers import default_sources
from org_analytics.push.errors import UsageError


def sources(options: Namespace) -> list[TranscriptSource]:
    """The directories to read. UsageError for one that was named and is not there."""
    named = [
        TranscriptSource(provider, Path(directory).expanduser().absolute())
        for provider, directories in (("claude-code", options.claude), ("codex", options.codex))
        for directory in directories or ()
    ]
    for source in named:
        if not source.root.is_dir():
            raise UsageError(f"{source.root} is not a directory.")
    return named or default_sources(os.environ, Path.home())
