"""The registry of providers: the coding agents whose transcripts can be read."""

from collections.abc import Mapping
from pathlib import Path

from ..protocol import TranscriptProvider, TranscriptSource
from .claude import ClaudeCode
from .codex import Codex

PROVIDERS: dict[str, TranscriptProvider] = {provider.name: provider for provider in (ClaudeCode(), Codex())}


def default_sources(environ: Mapping[str, str], home: Path) -> list[TranscriptSource]:
    """The directories where the agents put their transcripts, if they exist."""
    return [
        TranscriptSource(provider.name, root)
        for provider in PROVIDERS.values()
        for root in provider.roots(environ, home)
        if root.is_dir()
    ]
