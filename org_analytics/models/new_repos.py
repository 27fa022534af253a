"""How many new repositories each person's sessions created today (UTC), to limit them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..repo_paths import fold_case
from .errors import NewRepoLimitError
from .validation import SessionRow


class NewRepoCount(models.Model):
    """The number of a person's new repositories on the last day on which there was one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("user")
    )
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("new repositories"))

    class Meta:
        verbose_name = _("new repositories of a day")
        verbose_name_plural = _("new repositories by day")

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


def count_new_repos(rows: Iterable[SessionRow], limit: int, using: str, new_keys: Collection[str]) -> None:
    """Add the repositories with these folded paths to the counts of the people whose rows, in order, create them.

    Raises NewRepoLimitError with the rows that are beyond the limit. To be called while the people are locked, so that
    concurrent writers of one person cannot pass the limit together.
    """
    rows = list({row.key: row for row in rows}.values())
    today = timezone.now().astimezone(UTC).date()
    stored = NewRepoCount.objects.using(using).filter(user__in={row.user_id for row in rows}, day=today)
    counts = Counter(dict(stored.values_list("user_id", "count")))
    waiting, creators, beyond = set(new_keys), set(), set()
    for row in rows:
        created = waiting & {fold_case(path) for path in (row.git_info.repo, row.git_info.upstream) if path}
        if counts[row.user_id] + len(created) <= limit:
            counts[row.user_id] += len(created)
            creators |= {row.user_id} if created else set()
            waiting -= created
        elif created:
            beyond.add(row.key)
    if beyond:
        raise NewRepoLimitError(beyond, limit)
    NewRepoCount.objects.using(using).bulk_create(
        [NewRepoCount(user_id=user, day=today, count=counts[user]) for user in creators],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["day", "count"],
    )
