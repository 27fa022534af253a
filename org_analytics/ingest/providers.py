"""The registry: which providers' transcripts can be read."""

from collections.abc import Mapping
from pathlib import Path

from . import claude, codex
from .sources import Provider, Source

PROVIDERS: dict[str, Provider] = {claude.name: claude, codex.name: codex}


def default_sources(environ: Mapping[str, str], home: Path) -> list[Source]:
    """Where the tools put their transcripts: the places that exist."""
    return [
        Source(provider.name, root)
        for provider in PROVIDERS.values()
        for root in provider.roots(environ, home)
        if root.is_dir()
    ]
