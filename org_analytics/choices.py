"""Choices of model fields."""

from django.db.models import TextChoices


class Provider(TextChoices):
    """The agents whose sessions are counted, in the order in which the API's messages name them."""

    CLAUDE_CODE = "claude-code", "Claude Code"
    CODEX = "codex", "Codex"
    OPENCODE = "opencode", "OpenCode"
    CURSOR = "cursor", "Cursor"
