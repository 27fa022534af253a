"""From a transcript to the record of its session: the product's definitions, the same for every provider."""

from collections.abc import Set
from decimal import ROUND_HALF_EVEN, Decimal

from . import clock, git
from .pricing import Prices
from .records import ModelUsage, SessionRecord
from .sources import Provider
from .state import GitInfo
from .transcripts import ANSWER, PROMPT, Line, Request, Transcript
from .values import MAX_COUNT, moment, one_line

MAX_TITLE = 255
MAX_DURATION = 366 * 24 * 3600 * 1000  # ms; these three are what the database takes
MAX_COST = 100_000
MAX_TOKENS = MAX_COUNT - 1

_NANO = Decimal("1e-9")
_ON_CLOCK = PROMPT | ANSWER


class NoRecord(Exception):
    """Why there is no session in a transcript; the text is for people and holds nothing of the transcript."""


def derive_record(
    provider: Provider,
    external_id: str,
    transcript: Transcript,
    git_info: GitInfo | None,
    foreign: Set[int],
    prices: Prices,
    *,
    with_title: bool,
) -> SessionRecord:
    """The record of a session, without the lines and responses whose keys are `foreign`. Raises NoRecord."""
    own = list(transcript.own_lines(foreign))
    times = [line.at for line in own] or list(transcript.times)
    if not times:
        raise NoRecord("no line with a time")
    models = _models(provider.vendor, transcript.own_requests(foreign), prices)
    costs = [row.cost_usd for row in models if row.cost_usd is not None]
    assistant, user = clock.measure((line.at, bool(line.flags & PROMPT)) for line in own if line.flags & _ON_CLOCK)
    record = SessionRecord(
        provider=provider.name,
        external_id=external_id,
        started_at=moment(min(times)),
        ended_at=moment(max(times)),
        title=one_line(transcript.title, MAX_TITLE) if with_title else "",
        git_info=git_info,
        cost_usd=sum(costs, Decimal(0)) if costs or not models else None,
        cost_complete=len(costs) == len(models),
        duration_ms=_duration(transcript, own),
        assistant_ms=_milliseconds(assistant),
        user_ms=_milliseconds(user),
        models=models,
        unpriced_models=tuple(row.model for row in models if row.cost_usd is None),
    )
    return _plausible(record)


def _duration(transcript: Transcript, own: list[Line]) -> int | None:
    """From the first turn's start to the last one's end; where turns are not known, from first to last line."""
    if not own:
        return None
    if transcript.turn_start is not None and transcript.turn_end is not None:
        return _milliseconds(transcript.turn_end - transcript.turn_start)
    times = [line.at for line in own]
    return _milliseconds(max(times) - min(times)) if len(times) > 1 else None


def _milliseconds(microseconds: int | None) -> int | None:
    """Whole milliseconds; None for what no session can have lasted."""
    milliseconds = None if microseconds is None else microseconds // 1000
    return milliseconds if milliseconds is not None and 0 <= milliseconds <= MAX_DURATION else None


def _models(vendor: str, requests: list[Request], prices: Prices) -> tuple[ModelUsage, ...]:
    """One row for each model, by name. Each row's cost is rounded once, to the nano-dollars that are stored."""
    by_model: dict[str, list[Request]] = {}
    for request in requests:
        by_model.setdefault(request.model, []).append(request)
    return tuple(_usage(vendor, model, by_model[model], prices) for model in sorted(by_model))


def _usage(vendor: str, model: str, requests: list[Request], prices: Prices) -> ModelUsage:
    cost = prices.cost(vendor, model, requests)
    return ModelUsage(
        model=model,
        requests=len(requests),
        input_tokens=sum(request.input for request in requests),
        output_tokens=sum(request.output for request in requests),
        cache_write_tokens=sum(request.write_5m + request.write_1h for request in requests),
        cache_read_tokens=sum(request.read for request in requests),
        cost_usd=None if cost is None else cost.quantize(_NANO, ROUND_HALF_EVEN),
    )


def git_info(transcript: Transcript) -> GitInfo | None:
    """What the transcript itself says, else what git says in the directories it was in, the first that is a clone."""
    found = (git.look_up(cwd, branch) for cwd, branch in transcript.cwds.items())
    said = None if transcript.repo_url is None else git.reduced(transcript.repo_url)
    return said or next((info for info in found if info is not None), None)


def _plausible(record: SessionRecord) -> SessionRecord:
    """Raises NoRecord for numbers that no session can have and no database takes."""
    tokens = (
        row.input_tokens + row.output_tokens + row.cache_write_tokens + row.cache_read_tokens for row in record.models
    )
    if (record.cost_usd or 0) > MAX_COST or any(total > MAX_TOKENS for total in tokens):
        raise NoRecord("numbers too large to be true")
    return record
