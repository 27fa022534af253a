"""`manage.py load_demo`: load the demo organization, or only what is new since it was last loaded."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from example_project.demo_data import PEOPLE, TEAMS, Person, sessions
from org_analytics.models import CodingSession


class Command(BaseCommand):
    help = (
        "Load a demo organization: 12 people and one who has left, 90 days up to now. Run again, it adds new sessions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until", metavar="TIME", help="End of the 90 days, such as 2026-01-31T18:00Z. Default: now."
        )

    @transaction.atomic
    def handle(self, *, until: str | None, **options: Any) -> None:
        users = {person.handle: account(person) for person in PEOPLE}
        for name, handles in TEAMS.items():
            group, _created = Group.objects.get_or_create(name=name)
            group.user_set.set([users[handle] for handle in handles])
        rows = [{"user": users[person.handle], **row} for person, row in sessions(moment(until))]
        outcomes = CodingSession.objects.record_many(rows)
        self.stdout.write(f"{outcomes.count('created')} sessions loaded, {outcomes.count('unchanged')} already there.")


def moment(text: str | None) -> datetime:
    """Parse the time, which must have a time zone. Default: now."""
    if text is None:
        return timezone.now()
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None or timezone.is_naive(parsed):
        raise CommandError(f"--until: {text!r} is not a time with a time zone, such as 2026-01-31T18:00Z.")
    return parsed


def account(person: Person) -> User:
    """Get or create the person's account. An existing account is not changed. Only two people can log in."""
    first_name, last_name = person.name
    user, _ = User.objects.get_or_create(
        username=person.login or person.handle,
        defaults={
            "email": person.email,
            "first_name": first_name,
            "last_name": last_name,
            "is_active": person.left_days_ago is None,
            "is_staff": person.is_staff,
            "is_superuser": person.is_staff,
            # Hashing is slow on purpose, so it is done only for a new account.
            "password": lambda: make_password(person.login),
        },
    )
    return user
