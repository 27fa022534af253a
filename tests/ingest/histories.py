"""Random histories of several files: forks, subagents with and without files, repeats, resets, changes of model."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from tests.ingest.writing import START, Claude, Codex, usage

CLAUDE_MODELS = (
    "claude-sonnet-4-20250514",
    "claude-opus-4-5-20251101",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-8",
)
FAST_MODELS = ("claude-opus-4-8", "claude-opus-4-6")
CODEX_MODELS = ("gpt-5", "gpt-5-codex", "gpt-5.2-codex")


@dataclass
class History:
    claude: list[Claude] = field(default_factory=list)
    codex: list[Codex] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)  # what belongs to another session, or is a fork of it
    newest: bool = False

    @property
    def sessions(self) -> list[Claude | Codex]:
        return [*self.claude, *self.codex]


def random_history(rng: random.Random, *, newest: bool = False) -> History:
    """`newest`: with what only newer versions write: pages, exact records and cache writes of Codex, advisors."""
    history = History(newest=newest)
    for _ in range(rng.randrange(1, 4)):
        _claude_family(rng, history)
    for _ in range(rng.randrange(1, 4)):
        _codex_family(rng, history)
    return history


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _claude_family(rng: random.Random, history: History) -> None:
    session = Claude(_id(rng), project=f"-nowhere-{rng.randrange(3)}").wait(rng.randrange(10_000_000))
    family = [session]
    _claude_turns(rng, session)
    while rng.random() < 0.4:
        family.append(rng.choice(family).fork(_id(rng), says_so=rng.random() < 0.5).wait(60))
        _claude_turns(rng, family[-1])
        _claude_turns(rng, family[0].wait(rng.randrange(100, 100_000)))
    if history.newest:
        _add_advisors(rng, family[0])
    history.claude += family
    for member in family:
        history.groups |= dict.fromkeys((member.session, *(f"agent-{id}" for id in member.old_agents)), session.session)


def _add_advisors(rng: random.Random, session: Claude) -> None:
    for line in session.lines:
        if line["type"] == "assistant" and rng.random() < 0.3:
            entry = {"type": "advisor_message", "model": rng.choice(CLAUDE_MODELS), **_claude_usage(rng)}
            line["message"]["usage"]["iterations"] = [{"type": "message"}, entry]
            line["message"]["usage"]["inference_geo"] = rng.choice(("us", "global", None))


def _claude_turns(rng: random.Random, session: Claude) -> None:
    for _ in range(rng.randrange(1, 5)):
        session.wait(rng.randrange(2, 900)).prompt()
        model = rng.choice(CLAUDE_MODELS)
        for _ in range(rng.randrange(4)):
            _claude_response(rng, session.wait(rng.randrange(1, 60)), model)
        if rng.random() < 0.3:
            agent = f"{rng.getrandbits(32):08x}"
            model, old = rng.choice(CLAUDE_MODELS), rng.random() < 0.5
            for _ in range(rng.randrange(1, 3)):
                session.wait(2).agent(agent, _claude_usage(rng), model=model, old=old)
            session.tool_result(toolUseResult={"agentId": agent, "usage": _claude_usage(rng)})
        if rng.random() < 0.1:
            session.wait(1).reply(usage(), model="<synthetic>")


def _claude_response(rng: random.Random, session: Claude, model: str) -> None:
    """A response in one to three lines, the first ones with the numbers of the start of the stream."""
    id, used = f"msg_{rng.getrandbits(96):024x}", _claude_usage(rng)
    if rng.random() < 0.1:
        model, used = rng.choice(FAST_MODELS), used | {"speed": "fast"}
    for _ in range(rng.randrange(3)):
        session.reply(used | {"output_tokens": 1}, id=id, model=model).wait(1)
    session.reply(used, id=id, model=model)
    if rng.random() < 0.5:
        session.wait(1).tool_result()


def _claude_usage(rng: random.Random) -> dict[str, object]:
    """Fewer than 200,000 input tokens: above, prices may have tiers that are not everybody's."""
    short, long = rng.randrange(0, 20_000), rng.choice((0, 0, rng.randrange(20_000)))
    used = usage(rng.randrange(20), rng.randrange(1, 3000), short + long, rng.randrange(100_000))
    if long or rng.random() < 0.5:
        used["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    return used


def _codex_family(rng: random.Random, history: History) -> None:
    session = Codex(_id(rng), START + timedelta(seconds=rng.randrange(10_000_000)))
    _codex_turns(rng, session)
    _codex_turns(rng, session)
    history.codex.append(session)
    with_records = False  # once a version writes them, later ones do too
    while history.newest and rng.random() < 0.4:
        page = session.wait(rng.randrange(1, 1000)).page(f"{rng.getrandbits(32):08x}")
        _codex_turns(rng, page)
        with_records = with_records or rng.random() < 0.5
        _use_newest(rng, page, with_records=with_records)
        session.now, session.total = page.now, page.total
        history.codex.append(page)
    while rng.random() < 0.4:
        is_child = rng.random() < 0.5
        fork = session.fork(_id(rng), child=is_child)
        _codex_turns(rng, fork.wait(rng.randrange(3, 100)))
        history.codex.append(fork)
        if is_child:
            history.groups[fork.session] = session.session
    if rng.random() < 0.5 and not history.newest:
        _codex_turns(rng, session.wait(1000))


def _use_newest(rng: random.Random, session: Codex, *, with_records: bool) -> None:
    """Adds cache writes, and if asked a record of every request."""
    lines = list(session.lines)
    session.lines.clear()
    for line in lines:
        info = line["payload"].get("info") or {}
        used = info.get("last_token_usage")
        if used is not None:
            used["cache_write_input_tokens"] = rng.randrange(used["input_tokens"] + 1)
            if with_records:
                record = {"thread_id": session.session, "response_id": f"resp_{rng.getrandbits(64)}", "usage": used}
                session.lines.append({**line, "type": "token_usage_record", "payload": record})
        session.lines.append(line)


def _codex_turns(rng: random.Random, session: Codex) -> None:
    for _ in range(rng.randrange(1, 4)):
        session.wait(rng.randrange(3, 900)).turn_context(rng.choice(CODEX_MODELS)).start().prompt()
        for _ in range(rng.randrange(1, 4)):
            whole = rng.randrange(1000, 100_000)
            session.wait(rng.randrange(2, 60))
            session.tokens(whole, rng.randrange(whole), rng.randrange(1, 2000), reset=rng.random() < 0.1)
            for _ in range(rng.choice((0, 0, 0, 1, 2))):
                session.wait(rng.randrange(5)).repeat()
        session.wait(1).reply().wait(1).complete()
