"""The results of the last pushes to one server: for `org-analytics status` and for a hook that keeps failing."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .files import PRIVATE_FILE, write_atomically

FAILING_TOO_LONG = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PushStatus:
    """Times of the last successful and the last failed push, in UTC; `failing_since` is None after a success."""

    last_success: datetime | None = None
    last_failure: datetime | None = None
    failure: str = ""
    failing_since: datetime | None = None
    is_reported: bool = False
    with_titles: bool = False  # options of the last push that succeeded
    since: datetime | None = None

    def succeeded(self, now: datetime, with_titles: bool, since: datetime | None) -> "PushStatus":
        return replace(
            self, last_success=now, failing_since=None, is_reported=False, with_titles=with_titles, since=since
        )

    def failed(self, now: datetime, reason: str) -> "PushStatus":
        return replace(self, last_failure=now, failure=reason, failing_since=self.failing_since or now)

    def reported(self) -> "PushStatus":
        return replace(self, is_reported=True)

    def is_to_report(self, now: datetime) -> bool:
        """Whether pushes have failed for a week and the user has not been told."""
        return not self.is_reported and self.failing_since is not None and now - self.failing_since >= FAILING_TOO_LONG


def load(path: Path) -> PushStatus:
    """Read the status; a missing or damaged file means that nothing is known."""
    try:
        values = json.loads(path.read_bytes())
        return PushStatus(
            last_success=_moment(values["last_success"]),
            last_failure=_moment(values["last_failure"]),
            failure=str(values["failure"]),
            failing_since=_moment(values["failing_since"]),
            is_reported=values["is_reported"] is True,
            with_titles=values["with_titles"] is True,
            since=_moment(values["since"]),
        )
    except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):
        return PushStatus()


def update(path: Path, change: Callable[[PushStatus], PushStatus]) -> None:
    """Save the changed status."""
    write_atomically(path, json.dumps(as_json(change(load(path)))).encode(), new_mode=PRIVATE_FILE)


def as_json(status: PushStatus) -> dict[str, Any]:
    """Return the status with times as RFC 3339 text."""
    return {
        name: format_time(value) if isinstance(value, datetime) else value for name, value in asdict(status).items()
    }


def format_time(moment: datetime) -> str:
    """Return the time as RFC 3339 text in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
