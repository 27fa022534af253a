"""Make recaps with the site's own code: for sessions without one, and for those that people went on with since."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from ..conf import app_settings
from ..models import CodingSession, RecapCount, SessionRecap
from ..models.recap_validation import RecapRow, clean_recap, session_digest
from ..models.retries import retried

MADE, DECLINED, FAILED, GONE, OVER_LIMIT = "made", "declined", "failed", "deleted", "over the monthly limit"
OUTCOMES = (MADE, DECLINED, FAILED, GONE, OVER_LIMIT)


class Candidate(NamedTuple):
    """A session: whose it is, what changes when people go on with it, and how it was when its recap was made."""

    id: int
    user_id: Any
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    assistant_ms: int | None
    user_ms: int | None
    recap_digest: str | None

    @property
    def needs_recap(self) -> bool:
        """Whether it has no recap or is different now."""
        return self.recap_digest != session_digest(self)


def sessions_without_recap(since: datetime | None) -> list[Candidate]:
    """The analyzed sessions of members that need a recap, newest first."""
    using = CodingSession.objects.write_db
    members = app_settings.members.using(using).order_by().values("pk")
    sessions = CodingSession.objects.using(using).analyzed().filter(user__in=members)
    if since is not None:
        sessions = sessions.filter(started_at__gte=since)
    *columns, _recap_digest = Candidate._fields
    rows = sessions.order_by("-started_at", "-pk").values_list(*columns, "recap__session_digest")
    return [candidate for row in rows.iterator() if (candidate := Candidate(*row)).needs_recap]


@dataclass(slots=True)
class RecapGeneration:
    """One run of a callable that makes recaps. Its report is true at any moment.

    `failures`: the session's id, and the kind of the error or the names of the bad fields. The text of an error may
    contain a part of the session.
    """

    generate: Any
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def run(self, candidates: list[Candidate], limit: int | None = None) -> Iterator[int]:
        """Call the callable for these sessions, for at most `limit` of them; yield how many are done."""
        quota = MonthlyQuota()
        for done, candidate in enumerate(candidates, start=1):
            if limit is not None and self.outcomes.total() - self.outcomes[OVER_LIMIT] >= limit:
                return
            self.outcomes[self._make(candidate, quota)] += 1
            yield done

    def _make(self, candidate: Candidate, quota: "MonthlyQuota") -> str:
        if not quota.take(candidate.user_id):
            return OVER_LIMIT
        outcome = FAILED
        try:
            outcome = self._outcome(candidate.id)
        finally:
            if outcome != MADE:
                quota.give_back(candidate.user_id)
        return outcome

    def _outcome(self, session_id: int) -> str:
        """Make one recap. The callable runs outside of a transaction, as it may take long."""
        using = CodingSession.objects.write_db
        sessions = CodingSession.objects.using(using).filter(pk=session_id).select_related("user", "repo__root")
        session = sessions.first()
        if session is None:
            return GONE
        try:
            recap = self.generate(session)
            if recap is None:
                return DECLINED
            row = clean_recap({"computed_at": timezone.now(), **recap} if isinstance(recap, Mapping) else recap)
        except Exception as error:
            self.failures.append((session_id, _kind_of(error)))
            return FAILED
        # As the callable saw the session: what has changed meanwhile needs another recap.
        return _store(session, row._replace(session_digest=session_digest(session)), using)


class MonthlyQuota:
    """How many recaps each person may still get this month. Several runs at once share it."""

    def __init__(self) -> None:
        self._limit = app_settings.recaps_per_month
        self._month = _first_of_month(timezone.now())

    def take(self, user_id: Any) -> bool:
        """Count one recap of this person, unless that would be too many."""
        counts = self._counts(user_id)
        RecapCount.objects.get_or_create(user_id=user_id, month=self._month)
        if self._limit is not None:
            counts = counts.filter(count__lt=self._limit)
        return bool(counts.update(count=F("count") + 1))

    def give_back(self, user_id: Any) -> None:
        """Do not count a recap that was not made."""
        self._counts(user_id).update(count=F("count") - 1)

    def _counts(self, user_id: Any) -> Any:
        return RecapCount.objects.filter(user_id=user_id, month=self._month)


def _store(session: CodingSession, row: RecapRow, using: str) -> str:
    def write() -> str:
        # Locked, because somebody may delete it.
        if not CodingSession.objects.using(using).select_for_update(no_key=True).filter(pk=session.pk).exists():
            return GONE
        SessionRecap.objects.db_manager(using).replace({session.pk: row})
        return MADE

    return retried(write, using)


def _kind_of(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return type(error).__name__
    fields = sorted({message.partition(":")[0] for message in error.messages})
    return f"not a recap ({', '.join(fields)})"


def _first_of_month(now: datetime) -> date:
    return now.astimezone(app_settings.time_zone).date().replace(day=1)
