"""Assistant and user time: one clock that runs for the one or the other."""

from collections.abc import Iterable


def measure(marks: Iterable[tuple[int, bool]]) -> tuple[int | None, int | None]:
    """Assistant and user time of a conversation, given as (microseconds, is a prompt, else an answer) in file order.

    From a prompt to the last answer before the next prompt it is the assistant's time, from there to that prompt the
    user's. A prompt without an answer gives neither, nor does what follows the last answer. None = nothing measured.
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
    """The sum in microseconds; lines out of order give no negative time."""
    return sum(max(span, 0) for span in spans) if spans else None
