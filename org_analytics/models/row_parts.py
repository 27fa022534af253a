"""Parts of a row that other tables store: usage by model and recap. Each is replaced only if a row gives it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from .recaps import SessionRecap
from .usage import ModelUsage
from .validation import SessionRow

Key = TypeVar("Key")


class RowPart(NamedTuple):
    """A field of a row that other tables store. `nothing`: the value of a session that has none."""

    name: str
    manager: Any
    nothing: Any

    def given(self, rows: Mapping[Key, SessionRow], keys: Collection[Key]) -> dict[Key, Any]:
        """The values of those of these rows that have the field."""
        values = ((key, getattr(rows[key], self.name)) for key in keys)
        return {key: value for key, value in values if value is not None}

    def changed(self, values: Mapping[int, Any], using: str) -> dict[int, Any]:
        """Those of these values, by session, that are not the stored ones."""
        stored = self.manager.db_manager(using).for_sessions(values)
        return {session: value for session, value in values.items() if value != stored.get(session, self.nothing)}

    def replace(self, values: Mapping[int, Any], using: str) -> None:
        """Store these values, by session."""
        if values:
            self.manager.db_manager(using).replace(values)


PARTS = (RowPart("models", ModelUsage.objects, ()), RowPart("recap", SessionRecap.objects, None))
