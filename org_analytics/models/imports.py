"""The state of imports between runs: what `import_transcripts` read per person, what `import_confabulous` wrote."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..limits import MAX_EXTERNAL_ID, MAX_SOURCE


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


class ConfabulousSession(models.Model):
    """A session that `import_confabulous` wrote and still owns: nobody else has written it since.

    A row of ours without such a record belongs to push or another import, and `import_confabulous` leaves it alone.
    """

    session = models.OneToOneField(
        "org_analytics.CodingSession", models.CASCADE, related_name="+", verbose_name=_("session")
    )
    # The name of the Confabulous database, and the session's id there.
    source = models.CharField(_("source"), max_length=MAX_SOURCE)
    source_id = models.UUIDField(_("id in the source"))
    # Hashes of the row there as last read, and of our row as last written.
    digest = models.CharField(_("digest in the source"), max_length=32)
    written = models.CharField(_("digest as written"), max_length=32)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("Confabulous session")
        verbose_name_plural = _("Confabulous sessions")
        indexes = [models.Index(name="org_confabulous_source", fields=["source", "source_id"])]

    def __str__(self) -> str:
        return f"{self.source} {self.source_id}"
