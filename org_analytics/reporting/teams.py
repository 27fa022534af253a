"""The teams: who is in which, as the callable of `ORG_ANALYTICS_TEAMS` says."""

import logging
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.functional import Promise

from ..conf import app_settings
from ..limits import MAX_TEAM
from .members import user_id_parser
from .selection import NONE
from .snapshots import is_timeout, once_per_snapshot, read_database, snapshot

logger = logging.getLogger("org_analytics")
# Id of a user, in the form that JSON shows → the names of their teams.
Memberships = Mapping[int | str, frozenset[str]]


class TeamsError(Exception):
    """The callable of `ORG_ANALYTICS_TEAMS` fails or returns something else than pairs; the text says what."""


def memberships() -> Memberships:
    """The teams of each user who is in one, read once per snapshot.

    Where the setting cannot be used, nobody is in a team and the reason is logged: numbers of other people must not
    appear under a team's name.
    """
    return once_per_snapshot("teams", _memberships_or_none)


def team_names() -> frozenset[str]:
    """The names of all teams."""
    with snapshot():
        return frozenset().union(*memberships().values())


@lru_cache
def is_team_name(name: str) -> bool:
    """Whether a team can have this name."""
    is_printable = not any(unicodedata.category(char) in ("Cc", "Cs") for char in name)
    return 0 < len(name) <= MAX_TEAM and name == name.strip() and is_printable and name != NONE


def read_memberships() -> Memberships:
    """Call the callable and read its pairs. Raises TeamsError; a database's time limit is the caller's."""
    try:
        teams_callable = app_settings.teams_callable
        if teams_callable is None:
            return {}
        # A statement that fails must not end the transaction of the snapshot.
        with transaction.atomic(using=read_database()):
            pairs = list(teams_callable())
    except ImproperlyConfigured as error:
        raise TeamsError(str(error)) from error
    except Exception as error:
        if is_timeout(error):
            raise
        raise TeamsError(f"ORG_ANALYTICS_TEAMS: the callable failed with {type(error).__name__}.") from error
    return _by_user(pairs)


def _memberships_or_none() -> Memberships:
    try:
        return read_memberships()
    except TeamsError:
        logger.exception("Nobody is in a team, because ORG_ANALYTICS_TEAMS cannot be used.")
        return {}


def _by_user(pairs: Iterable[Any]) -> Memberships:
    parse, teams = user_id_parser(), defaultdict[int | str, set[str]](set)
    for place, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TeamsError(f"ORG_ANALYTICS_TEAMS: item {place} of the result is not a pair (user id, team name).")
        user_id = parse(pair[0])
        name = str(pair[1]).strip() if isinstance(pair[1], str | Promise) else ""
        if user_id is None:
            raise TeamsError(f"ORG_ANALYTICS_TEAMS: item {place} of the result does not begin with the id of a user.")
        if not is_team_name(name):
            raise TeamsError(
                f"ORG_ANALYTICS_TEAMS: item {place} of the result does not end with the name of a team: "
                f"1 to {MAX_TEAM} printable characters, not {NONE!r} alone."
            )
        teams[user_id].add(name)
    return {user_id: frozenset(names) for user_id, names in teams.items()}
