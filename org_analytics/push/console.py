"""Messages for the person at the terminal that are not the result of the command."""

import sys


def warn(*messages: str) -> None:
    """Print messages on the error stream."""
    for message in messages:
        print(message, file=sys.stderr, flush=True)
