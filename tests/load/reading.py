"""Everything that a reader can ask for."""

from collections.abc import Iterator

from tests.load.sites import Client

SPAN = "start_ts=1788220800&end_ts=1795996800"  # 2026-09-01 to 2026-11-30
PATHS = (
    f"/api/v1/org/analytics?{SPAN}",
    f"/api/v1/org/analytics?{SPAN}&provider=codex&repos=acme/repo1",
    f"/api/v1/org/series?{SPAN}",
    f"/api/v1/org/repos?{SPAN}",
    "/api/v1/org/prices",
)


def statuses(port: int, token: str) -> Iterator[int]:
    client = Client(port, token)
    for path in PATHS:
        yield client.get(path)[0]
    client.close()


def ask_for_everything(port: int, token: str) -> set[int]:
    """The statuses of all answers."""
    return set(statuses(port, token))
