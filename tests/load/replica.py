"""`make replica`: a primary and a hot standby that streams from it over loopback, and a site that reads the standby.

Shows that reads go to the standby, that the page says how far it is behind, what happens while it is stopped (with
fallback and without), and that the site works after the standby is promoted. Exit code 1 if a step is not as it should
be.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.load.clusters import Cluster, directory, primary, standby
from tests.load.reading import PATHS, ask_for_everything
from tests.load.rows import batch
from tests.load.sites import Client, manage, served, sign_up
from tests.load.stored import versions

ANALYTICS = PATHS[0]
BEHIND = "The replica that is read is"
PAGE = "/organization?start=2026-09-01&end=2026-11-29"


@contextmanager
def replicated(**environment: str) -> Iterator[tuple[Cluster, Cluster, Client]]:
    """A primary, its standby, and the client of a person on a site that reads the standby."""
    with directory() as base, primary(base) as first, tempfile.TemporaryDirectory() as logs:
        manage(first.url, "migrate", "--verbosity=0")
        [person] = sign_up(first.url, 1)
        with (
            standby(first) as second,
            served(first.url, Path(logs) / "log", REPLICA_URL=second.url, **environment) as site,
            Client(site.port, person) as client,
        ):
            yield first, second, client


def reads_and_lag() -> None:
    """Reads go to the standby; the page says when its data are old; with fallback, reads go on without it."""
    with replicated() as (_first, second, client):
        written(client, 1)
        eventually(lambda: sessions_in(client) == 3, "the standby receives what was written")
        with psycopg.connect(second.url, autocommit=True) as connection:
            connection.execute("SELECT pg_wal_replay_pause()")
        written(client, 2)
        expect(sessions_in(client) == 3, "reads go to the standby: it has not replayed the second post yet")
        expect(BEHIND not in client.page(PAGE)[1], "a lag under a minute is not shown")
        print("    waiting for a lag of more than a minute …", flush=True)
        time.sleep(62)
        expect(BEHIND in client.page(PAGE)[1], "a lag over a minute is in the coverage line")
        with psycopg.connect(second.url, autocommit=True) as connection:
            connection.execute("SELECT pg_wal_replay_resume()")
        eventually(lambda: sessions_in(client) == 6, "the standby catches up")
        expect(BEHIND not in client.page(PAGE)[1], "the lag is gone from the coverage line")
        second.stop("immediate")
        expect(client.get(ANALYTICS)[0] in (200, 503), "a read at the moment of the stop is an answer or a 503")
        written(client, 3)
        expect(sessions_in(client) == 9, "with the standby stopped, reads fall back to the primary")
        second.start()
        eventually(lambda: sessions_in(client) == 9, "the standby is back")


def without_fallback() -> None:
    """Reads answer 503 while the standby is stopped; writes go on."""
    with replicated(READ_FALLBACK="false") as (_first, second, client):
        second.stop("immediate")
        client.get(ANALYTICS)
        expect(client.get(ANALYTICS)[0] == 503, "without fallback, a read without the standby is a 503")
        written(client, 1)
        second.start()
        eventually(lambda: sessions_in(client) == 3, "reads work again once the standby is back")


def promotion() -> None:
    """The primary is lost and the standby takes over: every acknowledged row that had reached it is there."""
    with replicated() as (first, second, client):
        written(client, 1)
        eventually(lambda: sessions_in(client) == 3, "the standby receives what was written")
        first.stop("immediate")
        second.promote()
        expect(len(versions(second.url)) == 3, "the promoted standby has the rows")
        expect(not manage(second.url, "rebuild_daily_usage", "--check").returncode, "its roll-up is exact")
        with (
            tempfile.TemporaryDirectory() as logs,
            served(second.url, Path(logs) / "log") as promoted,
            Client(promoted.port, client.person) as other,
        ):
            written(other, 2)
            expect(sessions_in(other) == 6, "a site on the promoted standby reads and writes")
            expect(ask_for_everything(promoted.port, client.person) == {200}, "and answers everything")
        expect(not manage(second.url, "rebuild_daily_usage", "--check").returncode, "and after writing")


def written(client: Client, turn: int) -> None:
    status, body = client.post(batch(f"turn{turn}", 0))
    if status != 200:
        raise RuntimeError(f"{status}: {body!r}")


def sessions_in(client: Client) -> int:
    """The sessions that analytics counts."""
    count: int = client.json(ANALYTICS)["totals"]["session_count"]
    return count


def expect(is_so: bool, claim: str) -> None:
    print(f"    {'ok' if is_so else 'NOT SO'}: {claim}", flush=True)
    if not is_so:
        raise AssertionError(claim)


def eventually(condition: Callable[[], bool], claim: str) -> None:
    until = time.monotonic() + 30
    while not (is_so := condition()) and time.monotonic() < until:
        time.sleep(0.2)
    expect(is_so, claim)


STEPS: dict[str, Callable[[], None]] = {
    "reads": reads_and_lag,
    "no-fallback": without_fallback,
    "promotion": promotion,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.replica", description=__doc__, allow_abbrev=False)
    parser.add_argument("steps", nargs="*", metavar="step", help=f"{', '.join(STEPS)} (default: all)")
    options = parser.parse_args()
    if unknown := set(options.steps) - STEPS.keys():
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(STEPS)}")
    failed = 0
    for name in options.steps or STEPS:
        print(name, flush=True)
        try:
            STEPS[name]()
        except AssertionError:
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
