"""Visibility of single sessions: their owner sees them, and every reader if the site shares them.

A superuser is a reader like others. Nobody sees the sessions of a user who is not a member.
"""

import re
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet

from ..conf import app_settings
from ..models import CodingSession
from .members import Person, json_id, member_ids, members, parse_user_id
from .selection import Selection

ME = "me"
_ID = re.compile("[1-9][0-9]{0,18}")  # Django finds nothing for numbers that a key cannot be


def sees_sessions_of(owner_id: int | str, reader: Any) -> bool:
    """Whether this reader may see the single sessions of the member with this id."""
    return owner_id == parse_user_id(reader.pk) or app_settings.shares_sessions


def find_person(text: str, reader: Any) -> Person | None:
    """The member with this id, `me` being the reader; None for every other text."""
    person_id = _person_id(text, reader)
    return None if person_id is None else next(iter(members([person_id])), None)


def visible_owner(text: str, reader: Any) -> Person | None:
    """The member with this id, `me` being the reader; None unless the reader may see their single sessions."""
    owner_id = _person_id(text, reader)
    if owner_id is None or not sees_sessions_of(owner_id, reader):
        return None
    return find_person(text, reader)


def _person_id(text: str, reader: Any) -> int | str | None:
    return parse_user_id(reader.pk if text == ME else text)


def visible_session(text: str, reader: Any, using: str) -> QuerySet[CodingSession]:
    """The session with this id if this reader may see it; else no session."""
    sessions: QuerySet[CodingSession] = CodingSession.objects.using(using)
    if not _ID.fullmatch(text):
        return sessions.none()
    sessions = sessions.filter(pk=int(text), user__in=member_ids())
    return sessions if app_settings.shares_sessions else sessions.filter(user=reader.pk)


def visible_sessions(reader: Any) -> QuerySet[CodingSession]:
    """The sessions that this reader may see: their own, and those of all members where the site shares them."""
    sessions: QuerySet[CodingSession] = CodingSession.objects.all()
    return sessions.filter(user__in=member_ids()) if app_settings.shares_sessions else sessions.filter(user=reader.pk)


def visible_selection(selection: Selection, reader: Any) -> Selection:
    """The selection limited to these sessions, for the reports."""
    return selection if app_settings.shares_sessions else replace(selection, people=(json_id(reader.pk),))
