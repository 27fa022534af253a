"""The registry of providers: the coding agents whose transcripts can be read."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..protocol import TranscriptProvider, TranscriptSource
from .claude import ClaudeCode
from .codex import Codex
from .cursor import Cursor
from .opencode import OpenCode

PROVIDERS: dict[str, TranscriptProvider] = {
    provider.name: provider for provider in (ClaudeCode(), Codex(), OpenCode(), Cursor())
}


# The option of a command that names directories of a provider: `--claude DIR`.
OPTIONS = {"claude": ClaudeCode.name, "codex": Codex.name, "opencode": OpenCode.name, "cursor": Cursor.name}


def sources_of(
    named: Mapping[str, Iterable[str] | None], environ: Mapping[str, str], home: Path
) -> list[TranscriptSource]:
    """The directories that were named, by option, else the default ones. Raises NotADirectoryError if one is none."""
    sources = [
        TranscriptSource(OPTIONS[option], Path(directory).expanduser().absolute())
        for option, directories in named.items()
        for directory in directories or ()
    ]
    for source in sources:
        if not source.root.is_dir():
            raise NotADirectoryError(str(source.root))
    return sources or default_sources(environ, home)


def looked_for(
    named: Mapping[str, Iterable[str] | None], environ: Mapping[str, str], home: Path
) -> list[TranscriptSource]:
    """The directories that are searched, whether or not they exist: those that were named, else the default ones."""
    return sources_of(named, environ, home) if any(named.values()) else default_roots(environ, home)


def default_roots(environ: Mapping[str, str], home: Path) -> list[TranscriptSource]:
    """The directories where the agents put their transcripts, whether or not they exist."""
    return [
        TranscriptSource(provider.name, root)
        for provider in PROVIDERS.values()
        for root in provider.roots(environ, home)
    ]


def default_sources(environ: Mapping[str, str], home: Path) -> list[TranscriptSource]:
    """The directories where the agents put their transcripts, if they exist."""
    return [source for source in default_roots(environ, home) if source.root.exists()]
