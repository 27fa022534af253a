"""Errors of the write API. They are validation errors: each names fields of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .validation import SessionRow


class InvalidRowError(ValidationError):
    """The row at `index` of a batch is invalid; `error_dict` names its fields."""

    def __init__(self, index: int, error: ValidationError) -> None:
        super().__init__(error.error_dict)
        self.index = index

    def __str__(self) -> str:
        return f"Row {self.index}: {super().__str__()}"


class RefusedRowsError(ValidationError):
    """Rows that cannot be written for a reason that only the database knows."""

    def refuses(self, row: SessionRow) -> bool:
        """Whether the error is about this row."""
        raise NotImplementedError


class UnknownUserError(RefusedRowsError):
    """Rows whose `user_id` is no user's."""

    def __init__(self, user_ids: set[Any]) -> None:
        super().__init__({"user_id": [_("No user has this primary key.")]})
        self.user_ids = user_ids

    def refuses(self, row: SessionRow) -> bool:
        return row.user_id in self.user_ids


class UserDeletedError(RefusedRowsError):
    """Somebody deleted these users while their sessions were written."""

    def __init__(self, user_ids: set[Any]) -> None:
        super().__init__({"user": [_("The user was deleted.")]})
        self.user_ids = user_ids

    def refuses(self, row: SessionRow) -> bool:
        return row.user_id in self.user_ids


class NewRepoLimitError(RefusedRowsError):
    """The rows with these keys name more new repositories than their person may add today."""

    def __init__(self, row_keys: set[tuple[str, str, str]], limit: int) -> None:
        message = _("The repository is new, and the day's limit of %(limit)d new ones is reached. Try again tomorrow.")
        super().__init__({"git_info": [ValidationError(message, params={"limit": limit})]})
        self.row_keys = row_keys

    def refuses(self, row: SessionRow) -> bool:
        return row.key in self.row_keys
