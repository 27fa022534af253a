"""Tells the text that a person wrote in a message from the text that a tool put into it."""

from collections.abc import Sequence


def has_own_text(message: str, tags: Sequence[str], openings: tuple[str, ...] = ()) -> bool:
    """Whether text remains when the `<tag>…</tag>` blocks at the start of the message are removed.

    Reads the message once from the front, so the time is linear for any text. A block without an end tag extends to the
    end of the message. A message that begins with one of `openings` was written by a tool.
    """
    rest = message.lstrip()
    while rest.startswith("<"):
        tag = next((name for name in tags if rest.startswith((f"<{name}>", f"<{name} "))), None)
        if tag is None:
            return True
        _, _, after = rest.partition(f"</{tag}>")
        rest = after.lstrip()
    return bool(rest) and not rest.startswith(openings)
