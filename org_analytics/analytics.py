"""The questions and their answers: immutable, exact numbers. Money is summed as integers and Decimals only."""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import filterfalse
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from .aggregates import Usage, UserGroup, by_day, by_user, latest_start, of_all
from .conf import app_settings
from .filters import Selection
from .models import CodingSession, Repo
from .periods import Interval, buckets
from .reading import read_database, snapshot
from .triggers import MEASURES


class Person(NamedTuple):
    """A user who is a row; `id` as JSON shows it, `name` None where there is none."""

    id: int | str
    email: str
    name: str | None

    @property
    def order(self) -> tuple[Any, ...]:
        """Named users first by name, then email; then the nameless by email; then id: the same on every database."""
        return self.name is None, *self.collated_name, *_collated(self.email), self.id

    @property
    def collated_name(self) -> tuple[str, ...]:
        """What names are compared by."""
        return _collated(self.name or "")

    def matches(self, text: str) -> bool:
        """Whether the text is a part of the name or the e-mail, whatever the case and the accents."""
        wanted = _bare(" ".join(text.split())) if text else ""
        return not wanted or wanted in _bare(self.name or "") or wanted in _bare(self.email)


class PersonUsage(NamedTuple):
    """One row."""

    person: Person
    usage: Usage


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the numbers leave out, over the same filters."""

    pending_sessions: int = 0
    unpriced_sessions: int = 0
    inactive_user_sessions: int = 0
    latest_session_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Usage per person, of everyone, and what it covers."""

    people: tuple[PersonUsage, ...]
    totals: Usage
    coverage: Coverage
    providers_present: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day or week of the reporting zone, cut at the range: [start, end), with usage by selected provider present."""

    day: date
    start: datetime
    end: datetime
    usage: dict[str, Usage]

    @property
    def total(self) -> Usage:
        return sum(self.usage.values(), Usage())


@dataclass(frozen=True, slots=True)
class Series:
    """Usage over time, without gaps. Sums equal the report's totals of the same selection."""

    buckets: tuple[Bucket, ...]
    providers_present: tuple[str, ...]
    providers: tuple[str, ...]

    @property
    def total(self) -> Usage:
        return sum((bucket.total for bucket in self.buckets), Usage())


def report(selection: Selection) -> Report:
    """Usage of every active member in the selection, also of those without a session."""
    with snapshot():
        everyone = {person.id: person for person in members()}
        groups = {_json_id(group.user_id): group for group in by_user(selection)}
        people = {pk: person for pk, person in everyone.items() if person.matches(selection.person)}
        counted = {pk: group for pk, group in groups.items() if pk in people}
        latest = _latest(selection, counted.values())
    nothing = Usage()
    rows = tuple(
        PersonUsage(person, counted[person.id].usage if person.id in counted else nothing)
        for person in sorted(people.values(), key=lambda person: person.order)
    )
    totals = Usage.total(group.usage for group in counted.values())
    # A search is for people who are rows.
    strangers = [] if selection.person else [group for pk, group in groups.items() if pk not in everyone]
    return Report(
        people=rows,
        totals=totals,
        coverage=Coverage(
            pending_sessions=sum(group.pending_count for group in counted.values()),
            unpriced_sessions=totals.unpriced_count,
            inactive_user_sessions=sum(group.usage.session_count for group in strangers),
            latest_session_at=latest,
        ),
        providers_present=tuple(
            sorted(frozenset().union(*(group.providers for pk, group in groups.items() if pk in everyone)))
        ),
    )


def _latest(selection: Selection, groups: Collection[UserGroup]) -> datetime | None:
    since = max((group.latest_from for group in groups if group.latest_from), default=None)
    return latest_start(selection, since, _ids(selection)) if since else None


def series(
    selection: Selection, interval: Interval = Interval.DAY, measures: Collection[str] = tuple(MEASURES)
) -> Series:
    """The selection's usage by day or week of the reporting zone; of `measures` alone, and the number of sessions."""
    with snapshot():
        groups = by_day(selection, _ids(selection), measures)
    present = sorted({group.provider for group in groups if group.usage.session_count})
    providers = tuple(filter(selection.has_provider, present))
    parts = buckets(selection.start, selection.end, app_settings.time_zone, interval)
    usage = {day: dict.fromkeys(providers, Usage()) for day in parts}
    for group in groups:
        if group.provider in providers:
            usage[interval.first_day(group.day)][group.provider] += group.usage
    return Series(
        buckets=tuple(Bucket(day, start, end, usage[day]) for day, (start, end) in parts.items()),
        providers_present=tuple(present),
        providers=providers,
    )


def total(selection: Selection) -> Usage:
    """The selection's usage: what the report's totals are, and quicker."""
    with snapshot():
        return of_all(selection, _ids(selection))


def repos(selection: Selection) -> list[str]:
    """Root paths of all sessions in range, analyzed or not, of users who are rows; sorted. One probe a repository."""
    with snapshot() as using:
        sessions = CodingSession.objects.started_between(selection.start, selection.end).filter(
            repo=OuterRef("pk"), user__in=app_settings.members.order_by().values("pk")
        )
        # A subquery in the result, as PostgreSQL makes a join over all sessions of an EXISTS.
        first = Subquery(sessions.order_by("repo", "started_at").values("user")[:1])
        seen = Repo.objects.using(using).annotate(first=first).filter(first__isnull=False)
        return sorted(set(seen.values_list(Coalesce("root__path", "path"), flat=True)))


def has_sessions() -> bool:
    """Whether anybody has ever sent one."""
    with snapshot() as using:
        return CodingSession.objects.using(using).exists()


def members() -> Iterator[Person]:
    """The users who are rows, in no order. Names are read as columns unless the model makes them otherwise."""
    model = get_user_model()
    email = model.get_email_field_name()
    names = {field.name for field in model._meta.get_fields()}
    users = app_settings.members.using(read_database()).order_by()
    if hasattr(model, "get_full_name") and not _has_plain_full_name(model, names):
        for user in users:
            yield _person(user.pk, getattr(user, email, ""), user.get_full_name())
        return
    columns = ["first_name", "last_name"] if hasattr(model, "get_full_name") else ["name"] if "name" in names else []
    emails = [email] if email in names else []
    for pk, *values in users.values_list("pk", *emails, *columns):
        yield _person(pk, values.pop(0) if emails else "", " ".join(map(str, filter(None, values))))


def _ids(selection: Selection) -> Any:
    """The ids of the people who are asked about: in the database, unless they have to be searched for here."""
    if not selection.person:
        return app_settings.members.using(read_database()).order_by().values("pk")
    return [person.id for person in members() if person.matches(selection.person)]


def _has_plain_full_name(model: Any, names: set[str]) -> bool:
    is_plain: bool = getattr(model, "get_full_name", None) is AbstractUser.get_full_name
    return is_plain and {"first_name", "last_name"} <= names


def _person(pk: Any, email: str | None, name: str | None) -> Person:
    return Person(_json_id(pk), email or "", (name or "").strip() or None)


def _json_id(pk: Any) -> int | str:
    return pk if isinstance(pk, int) else str(pk)


@lru_cache(maxsize=2**17)  # the same people are sorted for every answer
def _collated(text: str) -> tuple[str, str, str]:
    folded = text.casefold()
    return folded if text.isascii() else _bare(text), folded, text


def _bare(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.casefold()
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text))).casefold()
