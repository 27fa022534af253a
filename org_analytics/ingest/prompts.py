"""What of a message a person wrote, and what a tool put into it."""


def has_own_text(message: str, tags: tuple[str, ...], openings: tuple[str, ...] = ()) -> bool:
    """Whether anything is left of a message without the `<tag>…</tag>` blocks it begins with.

    One pass from the front, so that it stays linear for any text: a block never closed is the rest of the message.
    A message that begins with one of `openings` is wholly a tool's.
    """
    rest = message.lstrip()
    while rest.startswith("<"):
        tag = next((name for name in tags if rest.startswith((f"<{name}>", f"<{name} "))), None)
        if tag is None:
            return True
        _, _, after = rest.partition(f"</{tag}>")
        rest = after.lstrip()
    return bool(rest) and not rest.startswith(openings)
