"""Everything that a reader can ask for, pages too."""

from tests.load.sites import Client, Person

SPAN = "start_ts=1788220800&end_ts=1795996800"  # 2026-09-01 to 2026-11-30
DAYS = "start=2026-09-01&end=2026-11-29"
PATHS = (
    f"/api/v1/org/analytics?{SPAN}",
    f"/organization?{DAYS}",
    f"/api/v1/org/analytics?{SPAN}&provider=codex&repos=acme/repo1",
    f"/api/v1/org/series?{SPAN}",
    f"/organization?{DAYS}&repo=acme/repo1&q=person1",
    f"/api/v1/org/repos?{SPAN}",
    f"/organization.csv?{DAYS}",
    "/api/v1/org/prices",
)


def read(client: Client, path: str) -> int:
    """The status of the answer."""
    return client.page(path)[0] if path.startswith("/organization") else client.get(path)[0]


def ask_for_everything(port: int, person: Person) -> set[int]:
    """The statuses of all answers."""
    with Client(port, person) as client:
        return {read(client, path) for path in PATHS}
