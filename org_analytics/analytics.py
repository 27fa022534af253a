"""The questions and their answers: frozen dataclasses, exact numbers. Money is summed as integers and Decimals only."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db.models import Exists, OuterRef

from .aggregates import Usage, by_day, by_user
from .conf import app_settings
from .filters import Selection
from .models import CodingSession, Repo
from .periods import Interval, buckets


@dataclass(frozen=True, slots=True)
class Person:
    """A user who is a row; `id` as JSON shows it, `name` None where there is none."""

    id: int | str
    email: str
    name: str | None

    @property
    def order(self) -> tuple[Any, ...]:
        """Named users first by name, then email; then the nameless by email; then id: the same on every database."""
        return self.name is None, _collated(self.name or ""), _collated(self.email), self.id

    def matches(self, text: str) -> bool:
        """Whether the text is a part of the name or the e-mail, whatever the case and the accents."""
        wanted = _bare(" ".join(text.split()))
        return wanted in _bare(self.name or "") or wanted in _bare(self.email)


@dataclass(frozen=True, slots=True)
class PersonUsage:
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
    """Usage of every active member in the selection, also of those without a session. Two queries, one for roots."""
    everyone = {person.id: person for person in members()}
    people = {pk: person for pk, person in everyone.items() if person.matches(selection.person)}
    usage: defaultdict[int | str, Usage] = defaultdict(Usage)
    present: set[str] = set()
    pending = inactive = 0
    latest: datetime | None = None
    for group in by_user(selection):
        user_id = _json_id(group.user_id)
        is_member, is_selected = user_id in everyone, selection.has_provider(group.provider)
        if is_member and group.usage.session_count:
            present.add(group.provider)
        if not is_selected:
            continue
        if not is_member and not selection.person:  # a search is for people who are rows
            inactive += group.usage.session_count
        if user_id not in people:
            continue
        usage[user_id] += group.usage
        pending += group.pending_count
        latest = max(filter(None, (latest, group.latest)), default=None)
    rows = tuple(
        PersonUsage(person, usage[person.id]) for person in sorted(people.values(), key=lambda person: person.order)
    )
    totals = sum((row.usage for row in rows), Usage())
    return Report(
        people=rows,
        totals=totals,
        coverage=Coverage(pending, totals.unpriced_count, inactive, latest),
        providers_present=tuple(sorted(present)),
    )


def series(selection: Selection, interval: Interval = Interval.DAY, people: Collection[Any] | None = None) -> Series:
    """The selection's usage by day or week of the reporting zone; `people`: ids of its rows, where they are known."""
    if people is None:
        people = [person.id for person in members() if person.matches(selection.person)]
    groups = by_day(selection, people)
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


def repos(selection: Selection) -> list[str]:
    """Root paths of all sessions in range, analyzed or not, of users who are rows; sorted."""
    sessions = CodingSession.objects.started_between(selection.start, selection.end).filter(
        repo=OuterRef("pk"), user__in=app_settings.members.values("pk")
    )
    roots = Repo.objects.filter(Exists(sessions)).root_ids()
    return sorted(Repo.objects.filter(pk__in=roots).values_list("path", flat=True))


def members() -> Iterator[Person]:
    """The users who are rows, in no order. Names are read as columns unless the model makes them otherwise."""
    model = get_user_model()
    email = model.get_email_field_name()
    names = {field.name for field in model._meta.get_fields()}
    users = app_settings.members.order_by()
    if hasattr(model, "get_full_name") and not _has_plain_full_name(model, names):
        for user in users:
            yield _person(user.pk, getattr(user, email, ""), user.get_full_name())
        return
    columns = ["first_name", "last_name"] if hasattr(model, "get_full_name") else ["name"] if "name" in names else []
    emails = [email] if email in names else []
    for pk, *values in users.values_list("pk", *emails, *columns):
        yield _person(pk, values.pop(0) if emails else "", " ".join(str(value or "") for value in values))


def _has_plain_full_name(model: Any, names: set[str]) -> bool:
    is_plain: bool = getattr(model, "get_full_name", None) is AbstractUser.get_full_name
    return is_plain and {"first_name", "last_name"} <= names


def _person(pk: Any, email: str | None, name: str | None) -> Person:
    return Person(_json_id(pk), email or "", (name or "").strip() or None)


def _json_id(pk: Any) -> int | str:
    return pk if isinstance(pk, int) else str(pk)


def _collated(text: str) -> tuple[str, str, str]:
    return _bare(text), text.casefold(), text


def _bare(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
