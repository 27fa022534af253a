"""What ends a command early. Each class is one exit code; the message is for people and never holds a token."""

OK, SOME_REFUSED, INTERRUPTED = 0, 1, 130


class PushError(Exception):
    """Base of all; `exit_code` is what the command answers to scripts."""

    exit_code = 4


class UsageError(PushError):
    """The command line, the environment, the config file or a settings file is not usable as it is."""

    exit_code = 2


class AuthError(PushError):
    """The server does not let this token in."""

    exit_code = 3


class TokenError(AuthError):
    """The server does not know this token, or not any more."""


class ServerError(PushError):
    """The server cannot be reached, or answers what it should not."""


class BusyError(PushError):
    """Another push of this machine has not finished."""

    exit_code = 5
