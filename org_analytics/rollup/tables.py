"""Tables of the daily roll-ups and their calendar. Triggers in the database keep them up to date.

The models belong to no installed app. `managed = False` would also keep `flush` from emptying the calendar, but only
this keeps `dumpdata` from writing the roll-ups: a fixture that contains them would be counted twice when loaded, as the
triggers sum the loaded sessions again. `operations` creates the tables.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..limits import MAX_MODEL

APP_LABEL = "org_analytics_daily"


class DailyUsage(models.Model):
    """What one user did with one provider in one repository (0: none) on one day of the reporting zone.

    Sums are of analyzed sessions. A cost is summed in two parts, whole dollars and the nano-dollars beyond them, so
    that no number of sessions overflows. There is a row where, and only where, there is a session.
    """

    pk = models.CompositePrimaryKey("day", "user", "provider", "repo_id")
    day = models.DateField(_("day"))
    # The foreign keys of its sessions already ensure that user and repository exist; a second check would cost time.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    provider = models.CharField(_("provider"), max_length=16)
    repo_id = models.BigIntegerField(_("repository"))
    session_count = models.IntegerField(_("sessions"))
    pending_count = models.IntegerField(_("pending sessions"))
    unpriced_count = models.IntegerField(_("unpriced sessions"))
    cost_dollars = models.BigIntegerField(_("cost, whole dollars"))
    cost_nanos = models.BigIntegerField(_("cost, nano-dollars beyond them"))
    cost_count = models.IntegerField(_("sessions of known cost"))
    duration_ms = models.BigIntegerField(_("duration (ms)"))
    duration_count = models.IntegerField(_("sessions of known duration"))
    assistant_ms = models.BigIntegerField(_("assistant time (ms)"))
    assistant_count = models.IntegerField(_("sessions of known assistant time"))
    user_ms = models.BigIntegerField(_("user time (ms)"))
    user_count = models.IntegerField(_("sessions of known user time"))

    objects: ClassVar[models.Manager[DailyUsage]] = models.Manager()

    class Meta:
        app_label = APP_LABEL
        db_table = "org_analytics_dailyusage"
        verbose_name = verbose_name_plural = _("daily usage")

    def __str__(self) -> str:
        return f"{self.day} {self.provider}"


class TenDayUsage(models.Model):
    """What one user did with one provider on ten days, the sums of DailyUsage over repositories and days."""

    pk = models.CompositePrimaryKey("ten_days", "user", "provider")
    ten_days = models.IntegerField(_("number of the ten days"))
    # As in DailyUsage.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    provider = models.CharField(_("provider"), max_length=16)
    session_count = models.IntegerField(_("sessions"))
    pending_count = models.IntegerField(_("pending sessions"))
    unpriced_count = models.IntegerField(_("unpriced sessions"))
    cost_dollars = models.BigIntegerField(_("cost, whole dollars"))
    cost_nanos = models.BigIntegerField(_("cost, nano-dollars beyond them"))
    cost_count = models.IntegerField(_("sessions of known cost"))
    duration_ms = models.BigIntegerField(_("duration (ms)"))
    duration_count = models.IntegerField(_("sessions of known duration"))
    assistant_ms = models.BigIntegerField(_("assistant time (ms)"))
    assistant_count = models.IntegerField(_("sessions of known assistant time"))
    user_ms = models.BigIntegerField(_("user time (ms)"))
    user_count = models.IntegerField(_("sessions of known user time"))

    objects: ClassVar[models.Manager[TenDayUsage]] = models.Manager()

    class Meta:
        app_label = APP_LABEL
        db_table = "org_analytics_tendayusage"
        verbose_name = verbose_name_plural = _("usage of ten days")

    def __str__(self) -> str:
        return f"{self.ten_days} {self.provider}"


class DailyModelUsage(models.Model):
    """What one user did with one model, provider and repository (0: none) on one day of the reporting zone.

    Sums are of analyzed sessions, each of which counts in each of its models. Costs and counts are the model's own. A
    count is summed in two parts, whole billions and the rest, so that no number of sessions overflows. There is a row
    where, and only where, there is a session with the model.
    """

    pk = models.CompositePrimaryKey("day", "user", "provider", "repo_id", "model")
    day = models.DateField(_("day"))
    # As in DailyUsage.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    provider = models.CharField(_("provider"), max_length=16)
    repo_id = models.BigIntegerField(_("repository"))
    model = models.CharField(_("model"), max_length=MAX_MODEL)
    session_count = models.IntegerField(_("sessions"))
    unpriced_count = models.IntegerField(_("unpriced sessions"))
    cost_dollars = models.BigIntegerField(_("cost, whole dollars"))
    cost_nanos = models.BigIntegerField(_("cost, nano-dollars beyond them"))
    cost_count = models.IntegerField(_("sessions of known cost"))
    duration_ms = models.BigIntegerField(_("duration (ms)"))
    duration_count = models.IntegerField(_("sessions of known duration"))
    assistant_ms = models.BigIntegerField(_("assistant time (ms)"))
    assistant_count = models.IntegerField(_("sessions of known assistant time"))
    user_ms = models.BigIntegerField(_("user time (ms)"))
    user_count = models.IntegerField(_("sessions of known user time"))
    requests_billions = models.BigIntegerField(_("requests, whole billions"))
    requests_rest = models.BigIntegerField(_("requests beyond them"))
    requests_count = models.IntegerField(_("sessions of known requests"))
    input_tokens_billions = models.BigIntegerField(_("input tokens, whole billions"))
    input_tokens_rest = models.BigIntegerField(_("input tokens beyond them"))
    input_tokens_count = models.IntegerField(_("sessions of known input tokens"))
    output_tokens_billions = models.BigIntegerField(_("output tokens, whole billions"))
    output_tokens_rest = models.BigIntegerField(_("output tokens beyond them"))
    output_tokens_count = models.IntegerField(_("sessions of known output tokens"))
    cache_write_tokens_billions = models.BigIntegerField(_("cache write tokens, whole billions"))
    cache_write_tokens_rest = models.BigIntegerField(_("cache write tokens beyond them"))
    cache_write_tokens_count = models.IntegerField(_("sessions of known cache write tokens"))
    cache_read_tokens_billions = models.BigIntegerField(_("cache read tokens, whole billions"))
    cache_read_tokens_rest = models.BigIntegerField(_("cache read tokens beyond them"))
    cache_read_tokens_count = models.IntegerField(_("sessions of known cache read tokens"))

    objects: ClassVar[models.Manager[DailyModelUsage]] = models.Manager()

    class Meta:
        app_label = APP_LABEL
        db_table = "org_analytics_dailymodelusage"
        verbose_name = verbose_name_plural = _("daily model usage")

    def __str__(self) -> str:
        return f"{self.day} {self.provider} {self.model}"


class ReportingDay(models.Model):
    """A day of the reporting zone with the first instant (UTC) of it: the calendar that the triggers look up."""

    starts_at = models.DateTimeField(_("first instant"), primary_key=True)
    day = models.DateField(_("day"))
    zone = models.CharField(_("time zone"), max_length=64)

    objects: ClassVar[models.Manager[ReportingDay]] = models.Manager()

    class Meta:
        app_label = APP_LABEL
        db_table = "org_analytics_reportingday"
        verbose_name = _("reporting day")
        verbose_name_plural = _("reporting days")

    def __str__(self) -> str:
        return str(self.day)
