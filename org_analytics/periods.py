"""Ranges of time: instants, local days, presets, the previous period, RFC 3339. Pure: no Django, no clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

DEFAULT_API_DAYS = 7
DEFAULT_PRESET = "7d"


class Interval(StrEnum):
    """The length of a series' buckets; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"

    def first_day(self, day: date) -> date:
        """The first day of the day's bucket."""
        return day if self is Interval.DAY else day - timedelta(day.weekday())


@dataclass(frozen=True, slots=True)
class Days:
    """Whole local days, `first` to `last` inclusive."""

    first: date
    last: date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(number) for number in range(self.count))

    def before(self) -> "Days":
        """The same number of days, directly before these."""
        return Days(self.first - timedelta(self.count), self.first - timedelta(1))

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The range [start, end) in UTC."""
        return day_start(self.first, zone), day_start(self.last + timedelta(1), zone)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local day, also if the clock skips or repeats midnight."""
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    if (start - timedelta(seconds=1)).astimezone(zone).date() < day:
        return start
    # The clock was put forward shortly before midnight: the day begins at that change.
    low, high = start - timedelta(days=1), start
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).date() < day else (low, middle)
    return high


def previous_period(days: Days, zone: ZoneInfo, now: datetime) -> tuple[Days, datetime, datetime]:
    """The previous period and its [start, end). While `days` are not over, it ends at the same local time of day."""
    before = days.before()
    start, end = before.instants(zone)
    local = now.astimezone(zone)
    same_time = datetime.combine(local.date() - timedelta(days.count), local.time(), zone).astimezone(UTC)
    return before, start, max(start, min(end, same_time))


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The last local day that has begun by then. It stays begun if the clock goes back over midnight."""
    day = instant.astimezone(zone).date()
    following = day + timedelta(1)
    return following if day_start(following, zone) <= instant else day


def buckets(
    start: datetime, end: datetime, zone: ZoneInfo, interval: Interval
) -> dict[date, tuple[datetime, datetime]]:
    """Split [start, end) into the zone's days or weeks: the first day of each → its part of the range."""
    day, last = day_of(start, zone), day_of(end - timedelta(microseconds=1), zone)
    parts: dict[date, tuple[datetime, datetime]] = {}
    while day <= last:
        key = interval.first_day(day)
        step = 1 if interval is Interval.DAY else 7 - day.weekday()
        day += timedelta(min(step, (last - day).days + 1))  # never beyond the last date that Python has
        part_end = min(end, day_start(day, zone))
        if start < part_end:  # false for a day that the zone skipped entirely
            parts[key] = (start, part_end)
        start = part_end
    return parts


def _this_week(today: date) -> Days:
    return Days(today - timedelta(today.weekday()), today)


def _last_week(today: date) -> Days:
    monday = today - timedelta(today.weekday())
    return Days(monday - timedelta(7), monday - timedelta(1))


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - timedelta(1)
    return Days(last.replace(day=1), last)


def _last_days(count: int) -> Callable[[date], Days]:
    return lambda today: Days(today - timedelta(count - 1), today)


PRESETS: dict[str, Callable[[date], Days]] = {
    "this-week": _this_week,
    "last-week": _last_week,
    "7d": _last_days(7),
    "this-month": lambda today: Days(today.replace(day=1), today),
    "last-month": _last_month,
    "30d": _last_days(30),
    "90d": _last_days(90),
}


def api_defaults(now: datetime) -> tuple[datetime, datetime]:
    """The API's default range: UTC midnight seven days ago to UTC midnight tomorrow."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(DEFAULT_API_DAYS), midnight + timedelta(1)


def shown_dates(start: datetime, end: datetime, tz_offset: int) -> Days:
    """The API's `date_range`: UTC dates of both ends moved by `tz_offset` minutes, the end a day back."""
    shift = timedelta(minutes=tz_offset)
    return Days((start - shift).date(), (end - shift - timedelta(1)).date())


def local_rfc3339(instant: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 text with the zone's offset, in whole minutes as the format requires."""
    offset = instant.astimezone(zone).utcoffset() or timedelta(0)
    return instant.astimezone(timezone(timedelta(minutes=offset // timedelta(minutes=1)))).isoformat()


def rfc3339(instant: datetime) -> str:
    """RFC 3339 text in UTC, ending in Z."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
