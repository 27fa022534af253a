"""Assistant time and user time: one clock that always runs for exactly one of the two."""

from collections.abc import Iterable


def active_times(marks: Iterable[tuple[int, bool]]) -> tuple[int | None, int | None]:
    """Assistant and user time in microseconds, from (time, is a prompt rather than an answer) in transcript order.

    The time from a prompt to the last answer before the next prompt is the assistant's; from there to the next prompt
    it is the user's. A prompt without an answer adds to neither, and the time after the last answer is not counted.
    None = nothing was measured.
    """
    assistant: list[int] = []
    user: list[int] = []
    prompt = answer = None
    for at, is_prompt in marks:
        if not is_prompt:
            answer = at if prompt is not None else None
            continue
        if prompt is not None and answer is not None:
            assistant.append(answer - prompt)
            user.append(at - answer)
        prompt, answer = at, None
    if prompt is not None and answer is not None:
        assistant.append(answer - prompt)
    return _total(assistant), _total(user)


def _total(spans: list[int]) -> int | None:
    """The sum of the spans. Lines out of order do not give negative time."""
    return sum(max(span, 0) for span in spans) if spans else None
