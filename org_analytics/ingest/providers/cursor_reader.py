"""Builds the transcript of one Cursor conversation from the places that have it. Its tokens and cost are unknown."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from ..coerce import items, mapping, text
from ..json_objects import NOT_AN_OBJECT
from ..jsonl import SkippedLines, read_lines
from ..transcript import ANSWER, PROMPT, UNKNOWN_MODEL, Transcript
from . import cursor_store
from .cursor_messages import instant_of, model_of, timestamp_tags, tool_directory

_USER, _ASSISTANT = 1, 2


@dataclass(frozen=True, slots=True)
class TimedLine:
    """A time of the conversation with the flags of its line."""

    at: int
    flags: int = 0


@dataclass(slots=True)
class CursorReader:
    """Collects what each place says. `finish` takes the most exact of the times and of the other facts."""

    skipped: SkippedLines
    bubbles: list[TimedLine] = field(default_factory=list)
    composer_span: list[int] = field(default_factory=list)
    meta_span: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    file_times: list[int] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    directories: list[tuple[int, str]] = field(default_factory=list)  # with their rank, 0 first

    def read_transcript(self, path: str, slug: str, mtime_ns: int) -> None:
        """The conversation's text file, which has no times but in its prompts."""
        has_message = False
        for _, _, line in read_lines(path, self.skipped):
            if line.get("role") not in ("user", "assistant"):
                continue
            has_message = True
            if line["role"] == "user":
                self.tags.extend(timestamp_tags(line))
            elif not any(rank == 2 for rank, _ in self.directories):
                directory = tool_directory(line, slug)
                if directory is not None:
                    self.directories.append((2, directory))
        if has_message:
            self.file_times.append(mtime_ns // 1000)

    def read_meta(self, meta: dict[str, Any]) -> None:
        """`meta.json` of the command line agent."""
        if meta.get("hasConversation") is False:
            return
        self.meta_span += _span(meta, "createdAtMs", "updatedAtMs")
        self.titles.insert(0, text(meta.get("title")) or "")
        self.models.append(model_of(meta.get("modelName") or meta.get("model")))
        directory = text(meta.get("cwd"))
        if directory is not None:
            self.directories.append((1, directory))

    def read_composer(self, path: str, database: sqlite3.Connection, identity: str, folder: str | None) -> None:
        """The conversation in the editor's database. Raises sqlite3.Error. One without messages has no times."""
        data = cursor_store.composer(database, identity)
        if data is None:
            self.skipped.add(path, 0, NOT_AN_OBJECT)
            return
        headers = [mapping(header) for header in items(data.get("fullConversationHeadersOnly"))]
        if headers or items(data.get("conversation")):
            self.composer_span += _span(data, "createdAt", "lastUpdatedAt")
        if headers:
            self._read_bubbles(path, headers, cursor_store.bubbles(database, identity))
        self.titles.append(text(data.get("name")) or "")
        self.models.insert(0, model_of(mapping(data.get("modelConfig")).get("modelName")))
        if folder is not None:
            self.directories.append((0, folder))

    def finish(self) -> Transcript:
        """The transcript. Only the times of single messages measure work; those of files do not even a duration."""
        transcript = Transcript()
        spans = (self.composer_span, self.meta_span, self.tags, self.file_times)
        places = [self.bubbles, *([TimedLine(at) for at in span] for span in spans)]  # the most exact one first
        lines = next(filter(None, places), [])
        transcript.exactness = len(places) - places.index(lines) if lines else 0
        transcript.clock_known = bool(self.bubbles)
        transcript.duration_known = bool(self.bubbles or self.composer_span or self.meta_span)
        for line in lines:
            transcript.add_line(0, line.at, line.flags)
        named = (model for model in self.models if model != UNKNOWN_MODEL)
        transcript.models_without_usage.add(next(named, UNKNOWN_MODEL))
        transcript.title = next(filter(None, self.titles), "")
        for _, directory in sorted(self.directories, key=lambda ranked: ranked[0])[:1]:
            transcript.cwds[directory] = None
        return transcript

    def _read_bubbles(
        self, path: str, headers: list[dict[str, Any]], bubbles: dict[str, dict[str, Any] | None]
    ) -> None:
        """The times of all messages that the headers name, in their order; none of them if one is missing."""
        for bubble in bubbles.values():
            if bubble is None:
                self.skipped.add(path, 0, NOT_AN_OBJECT)
        lines: list[TimedLine] = []
        for header in headers:
            bubble = bubbles.get(text(header.get("bubbleId")) or "") or {}
            created, completed = instant_of(bubble.get("createdAt")), instant_of(bubble.get("completedAtMs"))
            if created is None:
                return
            kind = bubble.get("type") or header.get("type")
            lines.append(TimedLine(created, PROMPT if kind == _USER else 0))
            if kind == _ASSISTANT and completed is not None:
                lines.append(TimedLine(completed, ANSWER))
        self.bubbles = self.bubbles or lines


def _span(data: dict[str, Any], first: str, last: str) -> list[int]:
    times = (instant_of(data.get(first)), instant_of(data.get(last)))
    return [at for at in times if at is not None]
