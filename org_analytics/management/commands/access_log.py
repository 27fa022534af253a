"""`manage.py access_log EMAIL`: who was shown a person's numbers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ...logs.access_log import accesses_to
from ..users import require_user


class Command(BaseCommand):
    """For people who ask who looked at their numbers."""

    help = "Print who was shown a person's numbers: their page, their sessions, or a view filtered to a few people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="E-mail address of the person.")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        accesses = accesses_to(require_user(email).pk)
        for at, reader, view in accesses:
            self.stdout.write(f"{at:%Y-%m-%d %H:%M:%S} UTC  {view.value:<20} {reader.email or reader.id}")
        if not accesses:
            self.stdout.write("Nobody was shown a view of this person, or of a few people with them.")
