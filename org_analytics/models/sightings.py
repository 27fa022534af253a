"""What people's clones say about forks."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ForkSighting(models.Model):
    """One person's clones of `repo` named `upstream` as upstream, or never named any (None)."""

    repo = models.ForeignKey(
        "org_analytics.Repo", models.CASCADE, related_name="sightings", verbose_name=_("repository")
    )
    upstream = models.ForeignKey(
        "org_analytics.Repo",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="named_in",
        verbose_name=_("upstream named"),
    )
    # The sighting of a deleted user stays: each row is one person's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )

    class Meta:
        verbose_name = _("fork sighting")
        verbose_name_plural = _("fork sightings")
        constraints = [
            models.UniqueConstraint(
                name="org_sighting_unique", fields=["repo", "user", "upstream"], condition=Q(upstream__isnull=False)
            ),
            models.UniqueConstraint(
                name="org_sighting_none_unique", fields=["repo", "user"], condition=Q(upstream__isnull=True)
            ),
            models.CheckConstraint(name="org_sighting_not_itself", condition=Q(upstream=None) | ~Q(upstream=F("repo"))),
        ]

    def __str__(self) -> str:
        return f"{self.repo} → {self.upstream or '—'}"
