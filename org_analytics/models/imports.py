"""What `import_transcripts` keeps between its runs, a person's each: files read, lines held, rows stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..limits import MAX_EXTERNAL_ID


class ImportedSession(models.Model):
    """A session as its transcripts were last read; it may not have become a row (yet)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    provider = models.CharField(_("provider"), max_length=16, choices=Provider.choices)
    external_id = models.CharField(_("external id"), max_length=MAX_EXTERNAL_ID)
    # Text and not JSON: a path may hold bytes that are no characters, which PostgreSQL's JSON refuses.
    files = models.TextField(_("files"), help_text=_("Path, size and time of each, as JSON."))
    mark = models.TextField(_("mark"), blank=True, help_text=_("Empty: read, but not stored yet."))
    # Of the clone that the session was in, which may be gone when it is derived again.
    git_info = models.JSONField(_("repository"), null=True)
    lines = models.BinaryField(_("lines"), help_text=_("Hashes, times and flags; nothing of their text."))

    class Meta:
        verbose_name = _("imported session")
        verbose_name_plural = _("imported sessions")
        constraints = [
            models.UniqueConstraint(name="org_imported_unique", fields=["user", "provider", "external_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id}"


class ImportedLine(models.Model):
    """That a session holds a line or response, by its hash: sessions that share one are settled together."""

    pk = models.CompositePrimaryKey("key", "session")
    key = models.BigIntegerField(_("key"))
    session = models.ForeignKey(
        ImportedSession, models.CASCADE, related_name="held_lines", verbose_name=_("imported session")
    )

    class Meta:
        verbose_name = _("imported line")
        verbose_name_plural = _("imported lines")

    def __str__(self) -> str:
        return str(self.key)
