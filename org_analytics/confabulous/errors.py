"""Errors of the bridge. No message contains a password or a connection string."""


class SourceError(Exception):
    """The Confabulous database cannot be read; the text says why and what to do."""
