"""How fast a Confabulous database is imported: `python -m benchmarks.confabulous [SESSIONS]`; prints JSON.

Both databases are on one PostgreSQL server, which is started for it. Rows are synthetic; every tenth session is
pending, every fiftieth has an unreadable cost, and a session has up to three models.
"""

import io
import json
import os
import random
import re
import resource
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.confabulous.source import Source, new_source
from tests.postgres import postgres_url

USERS = 200
DAYS = 120
MODELS = ("opus-4-5", "sonnet-4-5", "haiku-4-5", "gpt-5")
TYPES = ("claude-code", "Claude Code", "codex", "opencode", "cursor")


def main(sessions: int) -> dict[str, Any]:
    """Import, import again, and import after a hundredth of the rows changed."""
    with postgres_url() as server:
        os.environ |= {"DATABASE_URL": server, "DJANGO_SETTINGS_MODULE": "example_project.settings"}
        with new_source(server) as source:
            os.environ["CONFABULOUS_DATABASE_URL"] = source.url
            fill(source, sessions)
            prepare()
            results = {"rows": sessions, "first run": run(), "second run": run()}
            source.execute("UPDATE session_card_session SET duration_ms = duration_ms + 1 WHERE duration_ms % 100 = 7")
            results["after a hundredth changed"] = run()
    results["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return results


def prepare() -> None:
    """Make our tables and users."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    users = get_user_model()
    users.objects.bulk_create(users(username=f"p{at}", email=f"p{at}@example.com") for at in range(USERS))


def run() -> dict[str, Any]:
    """Run the command once: seconds, sessions a second, counts and the result of the comparison."""
    from django.core.management import call_command

    output = io.StringIO()
    started = time.perf_counter()
    call_command("import_confabulous", stdout=output)
    seconds = time.perf_counter() - started
    text = output.getvalue()
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (created|updated|unchanged|kept|refused)", text)}
    [compared] = re.findall(r"Last 30 days.*", text)
    return {
        "seconds": round(seconds, 1),
        "sessions/s": round(sum(counts.values()) / seconds),
        **counts,
        "proof": compared,
    }


def fill(source: Source, sessions: int) -> None:
    """Fill the tables there."""
    source.reset()
    for at in range(USERS):
        source.add_user(f"P{at}@example.com", f"Person {at}")
    tables: dict[str, list[tuple[Any, ...]]] = {
        "sessions (id, user_id, session_type, external_id, first_seen, last_message_at, git_info)": [],
        "session_card_tokens_v2": [],
        "session_card_conversation": [],
        "session_card_session": [],
    }
    for rows in _rows(sessions):
        for table, row in zip(tables.values(), rows, strict=True):
            if row:
                table.append(row)
    for name, table in tables.items():
        with source.connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
            for row in table:
                copy.write_row(row)
    source.execute("ANALYZE")


def _rows(sessions: int) -> Iterator[tuple[Any, ...]]:
    dice = random.Random(1)
    end = datetime.now(UTC)
    for number in range(sessions):
        pk, kind = uuid.UUID(int=dice.getrandbits(128)), dice.choice(TYPES)
        start = end - timedelta(seconds=dice.randrange(DAYS * 86_400))
        duration = dice.randrange(10**7)
        git = json.dumps({"repo_url": f"git@github.com:owner{number % 40}/repo{number % 300}.git"})
        last = start + timedelta(milliseconds=duration)
        yield (
            (
                pk,
                1 + number % USERS,
                kind,
                f"{number:032x}",
                start.replace(tzinfo=None),
                last.replace(tzinfo=None),
                git,
            ),
            (pk, 1, last, _card(dice, kind, number)),
            (pk, 1, last, duration // 2, duration // 3) if number % 10 else None,
            (pk, 1, last, duration, "[]"),
        )


def _card(dice: random.Random, kind: str, number: int) -> str:
    if kind == "cursor":
        return json.dumps({"total_cost_usd": "0", "by_provider": {}})
    models = {
        name: {
            "input": dice.randrange(10**5),
            "output": dice.randrange(10**5),
            "cache_write": dice.randrange(10**5),
            "cache_read": dice.randrange(10**7),
            "cost_usd": f"{dice.randrange(1, 10**9) / 10**8:.8f}",
        }
        for name in dice.sample(MODELS, dice.randrange(1, 4))
    }
    cents = sum(round(float(model["cost_usd"]) * 10**8) for model in models.values())
    total = "NaN" if number % 50 == 7 else f"{cents // 10**8}.{cents % 10**8:08d}"
    return json.dumps({"total_cost_usd": total, "by_provider": {"vendor": {"models": models}}})


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=1))
