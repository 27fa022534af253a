"""The state of `import_transcripts` between runs, per person: files read, lines seen, sessions stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..limits import MAX_EXTERNAL_ID


class ImportedSession(models.Model):
    """A session as its transcripts were last read. It may not be stored yet."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    provider = models.CharField(_("provider"), max_length=16, choices=Provider.choices)
    external_id = models.CharField(_("external id"), max_length=MAX_EXTERNAL_ID)
    # Text instead of JSON: a path may contain bytes that are not characters, which PostgreSQL's JSON refuses.
    files = models.TextField(_("files"), help_text=_("Path, size and time of each, as JSON."))
    mark = models.TextField(_("mark"), blank=True, help_text=_("Empty: read, but not stored yet."))
    # The session's clone may be gone when the session is derived again.
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
    """The hash of a line or response that a session contains. Sessions that share one are resolved together."""

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
