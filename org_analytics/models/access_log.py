"""The access log: who was shown whose numbers, when, with which filters and how many rows. Never the numbers."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccessLogQuerySet(models.QuerySet["AccessLogEntry"]):
    """Filters for entries. They chain."""

    def about(self, user_id: Any) -> Self:
        """Entries about this person: their page, their sessions, or a view filtered to a few people with them."""
        return self.filter(subjects=user_id)


class AccessLogEntry(models.Model):
    """One answer that showed numbers to a reader. Answers about the reader alone have no entry."""

    class View(models.TextChoices):
        """The kinds of answers."""

        API_ANALYTICS = "api-analytics", _("API: analytics")
        API_REPOS = "api-repos", _("API: repositories")
        API_SERIES = "api-series", _("API: series")
        API_BREAKDOWN = "api-breakdown", _("API: breakdown")
        API_PERSON = "api-person", _("API: a person")
        API_PERSON_SESSIONS = "api-person-sessions", _("API: a person's sessions")
        API_SESSION = "api-session", _("API: a session")
        ORGANIZATION = "organization", _("Organization page")
        PERSON = "person", _("Page of a person")
        SESSION = "session", _("Page of a session")
        CSV = "csv", _("CSV download")
        JSON = "json", _("JSON download")

    MAX_READER_TEXT = 254

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("reader")
    )
    # Some sites know a user only from a token: there is no row to refer to.
    reader_text = models.CharField(
        _("reader without an account"), max_length=MAX_READER_TEXT, blank=True, help_text=_("E-mail address or name.")
    )
    view = models.CharField(_("view"), max_length=32, choices=View.choices)
    subjects = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        verbose_name=_("people shown"),
        help_text=_("Empty: the view was not limited to a few people."),
    )
    filters = models.JSONField(_("filters"), default=dict, help_text=_("Without search texts."))
    row_count = models.PositiveIntegerField(_("rows"))

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("access log entry")
        verbose_name_plural = _("access log")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="org_access_reader", condition=~Q(reader=None, reader_text="")),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.view}"
