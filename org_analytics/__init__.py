"""Organization analytics for AI coding sessions, as a reusable Django app."""

__version__ = "0.1.0"
