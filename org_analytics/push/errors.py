"""Errors that end a command. Each class has one exit code; the message is for people and never contains a token."""

OK, SOME_REFUSED, INTERRUPTED = 0, 1, 130


class PushError(Exception):
    """Base of all; `exit_code` is what the command returns to scripts."""

    exit_code = 4


class UsageError(PushError):
    """The command line, the environment, the config file or a settings file cannot be used as it is."""

    exit_code = 2


class AuthError(PushError):
    """The server does not accept the token, or does not allow its owner to write."""

    exit_code = 3


class TokenError(AuthError):
    """The server does not know this token, or no longer accepts it."""


class ServerError(PushError):
    """The server cannot be reached or sends an unexpected answer."""


class BusyError(PushError):
    """Another push on this machine is still running."""

    exit_code = 5
