"""Who a user there is here: found by e-mail address in any case, or made."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from .reading import SourceSession
from .report import NO_USER, NO_USER_THERE, READ_ONLY, BridgeReport, Settings

ACTIVE = "active"
FindUser = Callable[[str], Any]
MakeUser = Callable[..., Any]


class Users:
    """Our users by the ids of theirs. Existing users are never changed."""

    def __init__(self, find_user: FindUser, make_user: MakeUser, settings: Settings, report: BridgeReport) -> None:
        self._find = find_user
        self._make = make_user
        self._settings = settings
        self._report = report
        self._found: dict[int, Any] = {}
        self._reasons: dict[int, str] = {}
        self._made: set[int] = set()

    def of(self, row: SourceSession) -> tuple[Any, str]:
        """Our user, or None and the reason why the user's sessions are left out."""
        if row.email is None:
            return None, NO_USER_THERE
        if row.is_read_only and not self._settings.include_read_only:
            return None, READ_ONLY
        user, reason = self.known(row.user_id, row.email)
        if user is None and reason == NO_USER and self._settings.create_users:
            return self._new(row)
        return user, reason

    def known(self, source_user: int, email: str) -> tuple[Any, str]:
        """The user with this address and an empty reason, or None and the reason."""
        if source_user not in self._found and source_user not in self._reasons:
            try:
                user = self._find(email)
            except ValidationError as error:
                self._reasons[source_user] = f"e-mail address: {' '.join(error.messages)}"
            else:
                if user is None:
                    self._reasons[source_user] = NO_USER
                else:
                    self._found[source_user] = user
        return self._found.get(source_user), self._reasons.get(source_user, "")

    def end_batch(self, *, is_kept: bool) -> None:
        """Forget the users made in a batch, if its transaction was rolled back."""
        if not is_kept:
            for source_user in self._made:
                del self._found[source_user]
        self._made.clear()

    def _new(self, row: SourceSession) -> tuple[Any, str]:
        # Another spelling of the address may have been made after this one was looked for.
        del self._reasons[row.user_id]
        user, reason = self.known(row.user_id, row.email or "")
        if user is not None or reason != NO_USER:
            return user, reason
        try:
            user = self._make(row.email, name=row.name or "", is_active=row.status == ACTIVE)
        except ValidationError as error:
            self._reasons[row.user_id] = f"e-mail address: {' '.join(error.messages)}"
            return None, self._reasons[row.user_id]
        del self._reasons[row.user_id]
        self._found[row.user_id] = user
        self._made.add(row.user_id)
        self._report.users_made.add((row.email or "").casefold())
        return user, ""
