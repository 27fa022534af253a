"""Smart recaps: a summary of a session, what went well and badly, and suggestions. The app itself makes none."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..limits import MAX_MODEL
from .lookups import one_of
from .managers import WriteDatabaseManager
from .recap_validation import RecapRow


class SessionRecapManager(WriteDatabaseManager):
    """Used by the write API, which holds the locks on the sessions."""

    def for_sessions(self, sessions: Collection[int]) -> dict[int, RecapRow]:
        """The stored recaps of these sessions in the form of a cleaned row; nothing for a session without one."""
        if not sessions:
            return {}
        recaps = self.using(self.write_db).filter(session__in=one_of(sessions, self.write_db))
        return {
            session: RecapRow._make(values) for session, *values in recaps.values_list("session", *RecapRow._fields)
        }

    def replace(self, recaps: Mapping[int, RecapRow]) -> None:
        """Replace the stored recaps of these sessions."""
        self.using(self.write_db).bulk_create(
            [self.model(session_id=session, **row._asdict()) for session, row in recaps.items()],
            update_conflicts=True,
            unique_fields=["session"],
            update_fields=RecapRow._fields,
        )


class SessionRecap(models.Model):
    """The recap of a session. Only those who may see the session may see it: no text in `__str__`, logs or downloads.

    Each list has objects with `text` and, where it is known, `message_id`.
    """

    session = models.OneToOneField(
        "org_analytics.CodingSession", models.CASCADE, primary_key=True, related_name="recap", verbose_name=_("session")
    )
    recap = models.TextField(_("recap"))
    went_well = models.JSONField(_("went well"), default=list, blank=True)
    went_badly = models.JSONField(_("went badly"), default=list, blank=True)
    suggestions_person = models.JSONField(_("suggestions for the person"), default=list, blank=True)
    suggestions_environment = models.JSONField(_("suggestions for the environment"), default=list, blank=True)
    suggestions_context = models.JSONField(_("suggestions for the default context"), default=list, blank=True)
    model_used = models.CharField(_("model used"), max_length=MAX_MODEL, blank=True)
    computed_at = models.DateTimeField(_("computed"))
    # The session as it was then. `generate_recaps` makes a new recap if the session is different now.
    session_digest = models.CharField(max_length=32, editable=False)

    objects = SessionRecapManager()

    class Meta:
        verbose_name = _("recap")
        verbose_name_plural = _("recaps")
        constraints = [models.CheckConstraint(name="org_recap_text", condition=~Q(recap=""))]

    def __str__(self) -> str:
        return f"Recap of session {self.session_id}"


class RecapCount(models.Model):
    """How many recaps `generate_recaps` made for a person in a month of the reporting time zone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    month = models.DateField(_("month"), help_text=_("Its first day."))
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("recaps in a month")
        verbose_name_plural = _("recaps by month")
        constraints = [models.UniqueConstraint(name="org_recap_count_unique", fields=["user", "month"])]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.count}"
