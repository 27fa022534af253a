"""Usage by model: the tokens and the cost of each model in a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..fields import MoneyField
from ..limits import MAX_COST_USD, MAX_COUNT, MAX_MODEL
from .lookups import one_of
from .managers import WriteDatabaseManager
from .validation import UsageRow

COUNTS = ("requests", "input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")


class ModelUsageManager(WriteDatabaseManager):
    """Used by the write API, which holds the locks on the sessions."""

    def for_sessions(self, sessions: Collection[int]) -> dict[int, tuple[UsageRow, ...]]:
        """The stored usage of these sessions in the form of a cleaned row; () for a session without any."""
        usage: dict[int, list[UsageRow]] = defaultdict(list)
        if not sessions:
            return {}
        rows = self.using(self.write_db).filter(session__in=one_of(sessions, self.write_db))
        stored = rows.values_list("session_id", *UsageRow._fields)
        for session, *values in stored:
            usage[session].append(UsageRow._make(values))
        return {session: tuple(sorted(usage[session], key=lambda row: row.model)) for session in sessions}

    def replace(self, usage: Mapping[int, tuple[UsageRow, ...]]) -> None:
        """Replace the stored usage of these sessions.

        Writes only rows that differ: each written row costs an update of the daily roll-up.
        """
        manager = self.using(self.write_db)
        new: list[ModelUsage] = []
        changed: list[ModelUsage] = []
        with_ended: list[int] = []
        for session, stored in self.for_sessions(usage).items():
            known = {row.model for row in stored}
            if known - {row.model for row in usage[session]}:
                with_ended.append(session)
                stored, known = (), set()
            for row in usage[session]:
                if row not in stored:
                    built = self.model(session_id=session, **row._asdict())
                    (changed if row.model in known else new).append(built)
        if with_ended:
            manager.filter(session__in=with_ended).delete()
        manager.bulk_create(new)
        manager.bulk_create(
            changed, update_conflicts=True, unique_fields=["session", "model"], update_fields=[*COUNTS, "cost_usd"]
        )


class ModelUsage(models.Model):
    """The tokens and the cost of one model in one session. The four classes of tokens are disjoint.

    A count that is null is unknown, never zero.
    """

    session = models.ForeignKey(
        "org_analytics.CodingSession", models.CASCADE, related_name="model_usage", verbose_name=_("session")
    )
    model = models.CharField(_("model"), max_length=MAX_MODEL)
    requests = models.BigIntegerField(_("requests"), null=True, blank=True)
    input_tokens = models.BigIntegerField(_("input tokens"), null=True, blank=True, help_text=_("Without cached ones."))
    output_tokens = models.BigIntegerField(_("output tokens"), null=True, blank=True)
    cache_write_tokens = models.BigIntegerField(_("cache write tokens"), null=True, blank=True)
    cache_read_tokens = models.BigIntegerField(_("cache read tokens"), null=True, blank=True)
    cost_usd = MoneyField(_("cost (USD)"), null=True, blank=True, help_text=_("Empty: unpriced."))

    objects = ModelUsageManager()

    class Meta:
        verbose_name = _("model usage")
        verbose_name_plural = _("model usage")
        constraints = [
            models.UniqueConstraint(name="org_usage_unique", fields=["session", "model"]),
            models.CheckConstraint(name="org_usage_model", condition=~Q(model="")),
            models.CheckConstraint(
                name="org_usage_cost_usd", condition=Q(cost_usd=None) | Q(cost_usd__gte=0, cost_usd__lte=MAX_COST_USD)
            ),
            *(
                models.CheckConstraint(
                    name=f"org_usage_{name}", condition=Q((name, None)) | Q((f"{name}__range", (0, MAX_COUNT)))
                )
                for name in COUNTS
            ),
        ]

    def __str__(self) -> str:
        return self.model
