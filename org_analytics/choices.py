"""Choices of model fields."""

from django.db.models import TextChoices


class Provider(TextChoices):
    """The agents whose sessions are counted. The API's messages list them in this order."""

    CLAUDE_CODE = "claude-code", "Claude Code"
    CODEX = "codex", "Codex"
    OPENCODE = "opencode", "OpenCode"
    CURSOR = "cursor", "Cursor"


# Every spelling that may be written; the original once stored "Claude Code".
PROVIDER_SPELLINGS = {**{value: value for value in Provider.values}, "Claude Code": Provider.CLAUDE_CODE.value}
