"""Coding sessions, the repositories they worked on, and what people's clones say about forks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..choices import Provider
from ..fields import MoneyField, refuse_arithmetic
from ..limits import END_OF_STARTS, FIRST_START, MAX_COST_USD, MAX_EXTERNAL_ID, MAX_MS, MAX_TITLE
from .recording import CodingSessionManager
from .repos import Repo


class CodingSessionQuerySet(models.QuerySet["CodingSession"]):
    """Filters for sessions. They chain."""

    def started_between(self, start: datetime, end: datetime) -> Self:
        """Sessions that started at or after `start` and before `end`."""
        return self.filter(started_at__gte=start, started_at__lt=end)

    def analyzed(self) -> Self:
        """Sessions whose numbers were computed."""
        return self.filter(analyzed_at__isnull=False)

    def of_providers(self, providers: Collection[str]) -> Self:
        """Sessions of these providers; of all providers if there are none."""
        return self.filter(provider__in=providers) if providers else self

    def with_root(self) -> Self:
        """Annotate `root_path`: the path of the repository's upstream root, its own path where it is not a fork."""
        return self.annotate(root_path=Coalesce("repo__root__path", "repo__path"))

    def rolled_up_to(self, paths: Collection[str]) -> Self:
        """Sessions in repositories that have the same root as one of these paths. A fork's path means its root."""
        repos = Repo.objects.using(self.db)
        return self.filter(repo__in=repos.rooted_in(repos.named(paths).root_ids()))

    def update(self, **values: Any) -> int:
        """Update as Django does. Raises FieldError on arithmetic with money."""
        refuse_arithmetic(values.get("cost_usd"))
        return super().update(**values)


class CodingSession(models.Model):
    """One conversation with a coding agent. Null means unknown, never zero."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,  # the unique constraint's index begins with it
        related_name="coding_sessions",
        verbose_name=_("user"),
    )
    provider = models.CharField(_("provider"), max_length=16, choices=Provider.choices)
    external_id = models.CharField(_("external id"), max_length=MAX_EXTERNAL_ID, help_text=_("The agent's own id."))
    repo = models.ForeignKey(
        Repo,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="sessions",
        verbose_name=_("repository"),
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    title = models.CharField(_("title"), max_length=MAX_TITLE, blank=True)
    cost_usd = MoneyField(_("cost (USD)"), null=True, blank=True)
    cost_complete = models.BooleanField(_("cost complete"), default=True, help_text=_("No part of it is unpriced."))
    duration_ms = models.BigIntegerField(_("duration (ms)"), null=True, blank=True)
    assistant_ms = models.BigIntegerField(_("assistant time (ms)"), null=True, blank=True)
    user_ms = models.BigIntegerField(_("user time (ms)"), null=True, blank=True)
    analyzed_at = models.DateTimeField(_("analyzed"), null=True, blank=True, help_text=_("Empty: pending."))

    objects = CodingSessionManager.from_queryset(CodingSessionQuerySet)()

    class Meta:
        verbose_name = _("coding session")
        verbose_name_plural = _("coding sessions")
        constraints = [
            models.UniqueConstraint(name="org_session_unique", fields=["user", "provider", "external_id"]),
            models.CheckConstraint(name="org_session_provider", condition=Q(provider__in=Provider.values)),
            models.CheckConstraint(name="org_session_external_id", condition=~Q(external_id="")),
            models.CheckConstraint(
                name="org_session_started_at", condition=Q(started_at__gte=FIRST_START, started_at__lt=END_OF_STARTS)
            ),
            models.CheckConstraint(
                name="org_session_ended_at", condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at"))
            ),
            models.CheckConstraint(
                name="org_session_cost_usd", condition=Q(cost_usd=None) | Q(cost_usd__gte=0, cost_usd__lte=MAX_COST_USD)
            ),
            *(
                models.CheckConstraint(
                    name=f"org_session_{name}", condition=Q((name, None)) | Q((f"{name}__range", (0, MAX_MS)))
                )
                for name in ("duration_ms", "assistant_ms", "user_ms")
            ),
        ]
        indexes = [
            models.Index(name="org_session_range", fields=["started_at", "user", "provider", "repo"]),
            # Also what the foreign key needs; with it, a repository's sessions in a range are found by one probe.
            models.Index(name="org_session_repo", fields=["repo", "started_at", "user"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.external_id}"
