"""Builds the record of a session from its transcript: the product's definitions, the same for every provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..limits import MAX_COST_USD, MAX_COUNT, MAX_MS, MAX_TITLE
from . import git
from .active_times import active_times
from .coerce import moment, one_line
from .pricing import Prices
from .records import ModelRecord, SessionRecord
from .state import GitInfo
from .transcript import ANSWER, PROMPT, Request, TimedLine, Transcript

if TYPE_CHECKING:
    from .deriver import SessionReading

_NANO = Decimal("1e-9")
_ON_CLOCK = PROMPT | ANSWER


class NoRecordError(Exception):
    """The reason why a transcript gives no session. The text is for people and contains no transcript text."""


class _PricedModel(NamedTuple):
    """The row of a model, and whether all of its requests have a price."""

    row: ModelRecord
    is_complete: bool


def build_record(reading: SessionReading, foreign: Set[int], prices: Prices, *, with_title: bool) -> SessionRecord:
    """The record of a session, without the lines and responses whose keys are `foreign`. Raises NoRecordError."""
    transcript = reading.transcript
    own = list(transcript.own_lines(foreign))
    times = [line.at for line in own] or list(transcript.times)
    if not times:
        raise NoRecordError("no line with a time")
    models = _models(transcript, foreign, prices)
    costs = [model.row.cost_usd for model in models if model.row.cost_usd is not None]
    assistant, user = _active_times(transcript, own)
    record = SessionRecord(
        provider=reading.provider.name,
        external_id=reading.files.external_id,
        started_at=moment(min(times)),
        ended_at=moment(max(times)),
        title=one_line(transcript.title, MAX_TITLE) if with_title else "",
        git_info=reading.git_info,
        cost_usd=sum(costs, Decimal(0)) if costs or not models else None,
        cost_complete=all(model.is_complete for model in models),
        duration_ms=_duration(transcript, own),
        assistant_ms=assistant,
        user_ms=user,
        models=tuple(model.row for model in models),
        unpriced_models=tuple(model.row.model for model in models if not model.is_complete),
    )
    return _plausible(record)


def git_info_of(transcript: Transcript) -> GitInfo | None:
    """The repository that the transcript names, else the one of the first of its directories that is a clone."""
    named = None if transcript.repo_url is None else git.repository_of(transcript.repo_url)
    if named is not None:
        return git.as_git_info(named)
    found = (git.look_up(cwd, branch) for cwd, branch in transcript.cwds.items())
    return next((git.as_git_info(paths) for paths in found if paths is not None), None)


def _active_times(transcript: Transcript, own: Iterable[TimedLine]) -> tuple[int | None, int | None]:
    if not transcript.clock_known:
        return None, None
    marks = ((line.at, bool(line.flags & PROMPT)) for line in own if line.flags & _ON_CLOCK)
    assistant, user = active_times(marks)
    return _milliseconds(assistant), _milliseconds(user)


def _duration(transcript: Transcript, own: list[TimedLine]) -> int | None:
    """From the first turn's start to the last turn's end; from the first to the last line where turns are not known."""
    if not own or not transcript.duration_known:
        return None
    if transcript.turn_start is not None and transcript.turn_end is not None:
        return _milliseconds(transcript.turn_end - transcript.turn_start)
    times = [line.at for line in own]
    return _milliseconds(max(times) - min(times)) if len(times) > 1 else None


def _milliseconds(microseconds: int | None) -> int | None:
    """Whole milliseconds; None for a length that no session can have."""
    milliseconds = None if microseconds is None else microseconds // 1000
    return milliseconds if milliseconds is not None and 0 <= milliseconds <= MAX_MS else None


def _models(transcript: Transcript, foreign: Set[int], prices: Prices) -> list[_PricedModel]:
    """One row for each model, by name, over all vendors."""
    by_model: dict[str, list[Request]] = {model: [] for model in transcript.models_without_usage}
    for request in transcript.own_requests(foreign):
        by_model.setdefault(request.model, []).append(request)
    return [
        _priced_model(model, by_model[model], prices, is_known=model not in transcript.models_without_usage)
        for model in sorted(by_model)
    ]


def _priced_model(model: str, requests: list[Request], prices: Prices, *, is_known: bool) -> _PricedModel:
    """The row of a model. Its cost is rounded once, to the nano-dollars that are stored."""
    if not requests:
        return _PricedModel(ModelRecord(model, None, None, None, None, None, None), is_complete=False)
    costs = list(_costs(model, requests, prices))
    priced = [cost for cost in costs if cost is not None]
    row = ModelRecord(
        model=model,
        requests=len(requests),
        input_tokens=sum(request.input for request in requests),
        output_tokens=sum(request.output for request in requests),
        cache_write_tokens=sum(request.write_5m + request.write_1h for request in requests),
        cache_read_tokens=sum(request.read for request in requests),
        cost_usd=sum(priced, Decimal(0)).quantize(_NANO, ROUND_HALF_EVEN) if priced else None,
    )
    return _PricedModel(row, is_complete=is_known and len(priced) == len(costs))


def _costs(model: str, requests: list[Request], prices: Prices) -> Iterator[Decimal | None]:
    """The cost of each vendor's requests, or of each request where not all of them have a price.

    A request without a price costs what the agent itself says, None = unknown.
    """
    by_vendor: dict[str, list[Request]] = {}
    for request in requests:
        by_vendor.setdefault(request.vendor, []).append(request)
    for vendor in sorted(by_vendor):
        cost = prices.cost(vendor, model, by_vendor[vendor])
        if cost is None:
            for request in by_vendor[vendor]:
                single = prices.cost(vendor, model, [request])
                yield request.reported_cost if single is None else single
        else:
            yield cost


def _plausible(record: SessionRecord) -> SessionRecord:
    """Raises NoRecordError for numbers that no session can have and that no database accepts."""
    tokens = (
        (row.input_tokens or 0)
        + (row.output_tokens or 0)
        + (row.cache_write_tokens or 0)
        + (row.cache_read_tokens or 0)
        for row in record.models
    )
    if (record.cost_usd or 0) > MAX_COST_USD or any(total > MAX_COUNT for total in tokens):
        raise NoRecordError("token counts or cost out of range")
    return record
