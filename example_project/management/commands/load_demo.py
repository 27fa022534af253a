"""Loads the demo organization, or the days that are missing since it was last loaded."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from example_project.demo_data import PEOPLE, Person, sessions
from org_analytics.models import CodingSession


class Command(BaseCommand):
    help = "Load a demo organization: 12 people and a leaver, 90 days up to now. Again: adds what is missing since."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--until", metavar="TIME", help="the end of the 90 days, as 2026-01-31T18:00Z; default now")

    @transaction.atomic
    def handle(self, *, until: str | None, **options: Any) -> None:
        users = {person.handle: account(person) for person in PEOPLE}
        rows = [{"user": users[person.handle], **row} for person, row in sessions(moment(until))]
        outcomes = CodingSession.objects.record_many(rows)
        self.stdout.write(f"{outcomes.count('created')} sessions loaded, {outcomes.count('unchanged')} were there.")


def moment(text: str | None) -> datetime:
    """The given instant, which has to name its zone, or now."""
    if text is None:
        return timezone.now()
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None or timezone.is_naive(parsed):
        raise CommandError(f"--until: {text!r} is no time with a zone, such as 2026-01-31T18:00Z.")
    return parsed


def account(person: Person) -> User:
    """The person's account; only two of them can log in. One that is there is left as it is."""
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
            # Hashing is slow on purpose: only for an account that is made.
            "password": lambda: make_password(person.login),
        },
    )
    return user
