"""Filters of the API: from a query string to a `Selection`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.request import Request

from ..choices import Provider
from ..conf import app_settings
from ..filters.parameters import RawFilter, RawListFilter, SelectionFilters, parse_people, parse_teams, read_as_utf8
from ..limits import FIRST_TIMESTAMP, LAST_TIMESTAMP, MAX_DAYS, MAX_REPO_BYTES, MAX_SECONDS, MAX_TZ_OFFSET, MAX_VALUES
from ..periods import Interval, api_defaults, shown_dates
from ..reporting.groups import Grouping
from ..reporting.selection import Selection
from .base import InvalidQueryError

_INTEGER = re.compile(r"[+-]?[0-9]{1,32}")
_FLAGS = {"": True, "true": True, "1": True, "false": False, "0": False}


class ContractForm(forms.Form):
    """The checks of the contract (section 3), in its order. Only the first failure is reported."""

    def clean(self) -> dict[str, Any]:
        get = self.cleaned_data.get
        default_start, default_end = api_defaults(timezone.now())
        start = _instant(get("start_ts"), "start_ts", default_start)
        end = _instant(get("end_ts"), "end_ts", default_end)
        tz_offset = _integer(get("tz_offset"), "tz_offset", -MAX_TZ_OFFSET, MAX_TZ_OFFSET) or 0
        if end <= start:
            raise ValidationError("end_ts must be after start_ts")
        if end - start > timedelta(seconds=MAX_SECONDS):
            raise ValidationError(f"Date range cannot exceed {MAX_DAYS} days")
        providers = _providers(get("provider") or "")
        repos = _repos(get("repos") or "")
        include_no_repo = _flag(get("include_no_repo") or "")
        self.cleaned_data["selection"] = Selection(
            start=start,
            end=end,
            days=shown_dates(start, end, tz_offset),
            providers=providers,
            repos=repos,
            include_no_repo=include_no_repo,
            teams=_teams(get("team") or []),
            people=_people(get("person") or []),
        )
        self.cleaned_data["interval"] = _interval(get("interval") or "")
        self.cleaned_data["group_by"] = _grouping(get("group_by") or "")
        return self.cleaned_data


class ReposFilters(SelectionFilters):
    """The parameters of `GET /api/v1/org/repos`."""

    start_ts = RawFilter()
    end_ts = RawFilter()
    tz_offset = RawFilter()

    class Meta(SelectionFilters.Meta):
        form = ContractForm

    @property
    def error(self) -> str:
        """The message of an invalid query."""
        return str(self.form.errors.as_data()["__all__"][0].message)


class AnalyticsFilters(ReposFilters):
    """The parameters of `GET /api/v1/org/analytics`."""

    provider = RawFilter()
    repos = RawFilter()
    include_no_repo = RawFilter()
    team = RawListFilter()
    person = RawListFilter()


class SeriesFilters(AnalyticsFilters):
    """The parameters of `GET /api/v1/org/series`."""

    interval = RawFilter()

    @property
    def chosen_interval(self) -> Interval:
        """The length of a bucket; only after `is_valid()`."""
        interval: Interval = self.form.cleaned_data["interval"]
        return interval


class BreakdownFilters(AnalyticsFilters):
    """The parameters of `GET /api/v1/org/breakdown`."""

    group_by = RawFilter()

    @property
    def grouping(self) -> Grouping:
        """What the rows are; only after `is_valid()`."""
        grouping: Grouping = self.form.cleaned_data["group_by"]
        return grouping


class SessionsFilters(AnalyticsFilters):
    """The parameters of `GET /api/v1/org/people/{id}/sessions`."""

    cursor = RawFilter()

    @property
    def cursor_text(self) -> str:
        """The cursor as it was sent, empty if there is none; only after `is_valid()`."""
        text: str = self.form.cleaned_data["cursor"] or ""
        return text


_Filters = TypeVar("_Filters", bound=ReposFilters)


def validated(filters: type[_Filters], request: Request) -> _Filters:
    """The request's parameters. Raises InvalidQueryError."""
    # DRF documents no other way to the Django request than `_request`; tried with DRF 3.16 to 3.18.
    read_as_utf8(request._request)
    filterset = filters(request.query_params, queryset=None)
    if not filterset.is_valid():
        raise InvalidQueryError(filterset.error)
    return filterset


def _integer(text: str | None, name: str, lowest: int, highest: int) -> int | None:
    if not text:
        return None
    if not _INTEGER.fullmatch(text) or not lowest <= int(text) <= highest:
        raise ValidationError(f"Invalid {name}")
    return int(text)


def _instant(text: str | None, name: str, default: datetime) -> datetime:
    seconds = _integer(text, name, FIRST_TIMESTAMP, LAST_TIMESTAMP)
    return default if seconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _items(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]


def _providers(text: str) -> tuple[str, ...]:
    providers = [item.lower() for item in _items(text)]
    for provider in providers:
        if provider not in Provider.values:
            raise ValidationError(f"unknown provider {quoted(provider)}: must be one of {', '.join(Provider.values)}")
    if len(providers) > MAX_VALUES:
        raise ValidationError(f"provider filter exceeds maximum of {MAX_VALUES} values")
    return tuple(dict.fromkeys(providers))


def _repos(text: str) -> tuple[str, ...]:
    repos = _items(text)
    if len(repos) > MAX_VALUES:
        raise ValidationError(f"repo filter exceeds maximum of {MAX_VALUES} values")
    if any(len(repo.encode(errors="surrogatepass")) > MAX_REPO_BYTES for repo in repos):
        raise ValidationError(f"repo filter value exceeds maximum length of {MAX_REPO_BYTES}")
    if any("\0" in repo for repo in repos):
        raise ValidationError("Invalid repos")
    return tuple(dict.fromkeys(repos))


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValidationError("Invalid include_no_repo")
    return _FLAGS[text]


def _teams(texts: list[str]) -> tuple[str, ...]:
    if not app_settings.has_teams:
        return ()
    try:
        return parse_teams(texts)
    except ValueError:
        raise ValidationError("Invalid team") from None


def _people(texts: list[str]) -> tuple[int | str, ...]:
    try:
        return parse_people(texts)
    except ValueError:
        raise ValidationError("Invalid person") from None


def _interval(text: str) -> Interval:
    try:
        return Interval(text or Interval.DAY)
    except ValueError:
        raise ValidationError("Invalid interval") from None


def _grouping(text: str) -> Grouping:
    """Without teams there is no grouping by team."""
    if text not in set(Grouping) - ({Grouping.TEAM} if not app_settings.has_teams else set()) | {""}:
        raise ValidationError("Invalid group_by")
    return Grouping(text or Grouping.PERSON)


def quoted(text: str) -> str:
    """The text in double quotes. Quotes, backslashes and unprintable characters are escaped as by Go's `%q`."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHORT_ESCAPES = dict(zip("\a\b\f\n\r\t\v", ("\\a", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v"), strict=True))
