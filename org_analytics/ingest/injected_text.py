"""Tells the text that a person wrote in a message from the text that a tool put into it."""

from collections.abc import Sequence

_AFTER_NAME = (">", " ", "\t", "\n", "\r")


def has_own_text(message: str, tags: Sequence[str], openings: tuple[str, ...] = ()) -> bool:
    """Whether text remains when the `<tag>…</tag>` blocks at the start of the message are removed.

    Reads the message once from the front, so the time is linear for any text. A block without an end tag extends to the
    end of the message. A message that begins with one of `openings` was written by a tool.
    """
    rest = message.lstrip()
    while rest.startswith("<"):
        tag = _opening_tag(rest, tags)
        if tag is None:
            return True
        _, _, after = rest.partition(f"</{tag}>")
        rest = after.lstrip()
    return bool(rest) and not rest.startswith(openings)


def has_tag(message: str, tags: Sequence[str]) -> bool:
    """Whether the message begins with one of the tags."""
    return _opening_tag(message.lstrip(), tags) is not None


def _opening_tag(text: str, tags: Sequence[str]) -> str | None:
    return next(
        (name for name in tags if text.startswith(f"<{name}") and text[len(name) + 1 :][:1] in _AFTER_NAME), None
    )
