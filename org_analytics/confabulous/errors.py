"""Errors of the bridge. No message contains a password or a connection string."""


class ConfabulousImportError(Exception):
    """The import ended early; the text says why and what to do. What it wrote before is whole."""


class SourceError(ConfabulousImportError):
    """The Confabulous database cannot be read."""


class PruneRefusedError(ConfabulousImportError):
    """Too much is gone there to believe it."""


class UsersChangedError(ConfabulousImportError):
    """Somebody deleted users of ours during the import."""
